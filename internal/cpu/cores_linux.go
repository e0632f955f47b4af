package cpu

import (
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// capacities is where Linux says what a core can compute, on ARM and RISC-V.
func capacities() fs.FS { return os.DirFS("/sys/devices/system/cpu") }

// allowed reports whether this process may run on a core.
func allowed() func(core int) bool {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return func(int) bool { return true }
	}
	return set.IsSet
}
