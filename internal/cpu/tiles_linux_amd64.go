package cpu

import "syscall"

// tilesGranted asks Linux to save the tiles of this process; without that the
// first tile instruction is a fault.
func tilesGranted() bool {
	const requestPermission, tileData = 0x1023, 18
	_, _, err := syscall.RawSyscall(syscall.SYS_ARCH_PRCTL, requestPermission, tileData, 0)
	return err == 0
}
