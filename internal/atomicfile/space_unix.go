//go:build linux || darwin || freebsd

package atomicfile

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// freeSpace is how many bytes this user may still write in folder.
func freeSpace(folder string) (free int64, known bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil || s.Blocks == 0 { // some network and FUSE file systems say nothing
		return 0, false
	}
	blocks := uint64(s.Bavail)
	if os.Geteuid() == 0 {
		blocks = s.Bfree // also what is kept for root
	}
	return int64(min(blocks, 1<<40)) * int64(s.Bsize), true
}

func fullDisk(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
