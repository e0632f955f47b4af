// Package zipcheck judges the directory of a zip before anything of it is read: names, duplicates,
// encryption, methods, overlaps, sizes.
//
// It must not know what the records mean.
package zipcheck
