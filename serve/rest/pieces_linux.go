package rest

import "syscall"

// setLowWater sets the bytes that must have come before a socket is readable.
func setLowWater(fd uintptr, n int) {
	_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVLOWAT, n)
}
