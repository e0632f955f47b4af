//go:build !linux

package cpu

import "io/fs"

// capacities is nil where it is not known how to ask.
func capacities() fs.FS { return nil }

func allowed() func(core int) bool { return func(int) bool { return true } }
