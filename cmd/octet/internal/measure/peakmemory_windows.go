package measure

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

// processMemoryCounters is PROCESS_MEMORY_COUNTERS of the Windows API.
type processMemoryCounters struct {
	size, pageFaults                  uint32
	peakWorkingSet, workingSet        uintptr
	peakPagedPool, pagedPool          uintptr
	peakNonPagedPool, nonPagedPool    uintptr
	pagefileUsage, peakPagefileUsages uintptr
}

var getProcessMemoryInfo = windows.NewLazySystemDLL("kernel32.dll").NewProc("K32GetProcessMemoryInfo")

// PeakMemory is the largest number of bytes of memory that this process has held.
func PeakMemory() (int64, error) {
	c := processMemoryCounters{}
	c.size = uint32(unsafe.Sizeof(c))
	ok, _, err := getProcessMemoryInfo.Call(uintptr(windows.CurrentProcess()), uintptr(unsafe.Pointer(&c)), uintptr(c.size))
	if ok == 0 {
		return 0, fmt.Errorf("K32GetProcessMemoryInfo: %w", err)
	}
	return int64(c.peakWorkingSet), nil
}
