//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package measure

import (
	"runtime"
	"syscall"
)

// PeakMemory is the largest number of bytes of memory that this process has held.
func PeakMemory() (int64, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, err
	}
	if runtime.GOOS == "darwin" {
		return int64(u.Maxrss), nil // bytes there, kilobytes elsewhere
	}
	return int64(u.Maxrss) * 1024, nil
}
