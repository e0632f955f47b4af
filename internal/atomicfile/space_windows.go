package atomicfile

import (
	"errors"
	"math"

	"golang.org/x/sys/windows"
)

// freeSpace is how many bytes this user may still write in folder.
func freeSpace(folder string) (free int64, known bool) {
	name, err := windows.UTF16PtrFromString(folder)
	if err != nil {
		return 0, false
	}
	var mine uint64
	if err := windows.GetDiskFreeSpaceEx(name, &mine, nil, nil); err != nil {
		return 0, false
	}
	return int64(min(mine, math.MaxInt64)), true
}

func fullDisk(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL)
}
