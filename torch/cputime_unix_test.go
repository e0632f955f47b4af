//go:build unix

package torch

import (
	"syscall"
	"time"
)

// cpuTime is the time that this process has computed so far: what other processes do
// meanwhile does not count.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		panic("no resource usage")
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
