package measure

import (
	"errors"
	"os"
	"strconv"
	"strings"
)

// PeakMemory is the largest number of bytes of memory that this process has
// held. Unlike getrusage, VmHWM does not count what the parent held before it
// started this process.
func PeakMemory() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmHWM:" && f[2] == "kB" {
			n, err := strconv.ParseInt(f[1], 10, 64)
			return n * 1024, err
		}
	}
	return 0, errors.New("/proc/self/status has no VmHWM")
}
