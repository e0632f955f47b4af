// Package inputs owns the flags that several commands share and what they open: models
// (--arch, --backend, zoo:NAME), data with or without labels (--limit, --truth,
// --class-map), preprocessing (--preset, --resize), recipes (--qconfig).
//
// It must not know what a command does with them.
package inputs
