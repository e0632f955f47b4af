// Package spelling finds what a mistyped word may have meant. It must not
// know what words there are: callers give the list.
package spelling
