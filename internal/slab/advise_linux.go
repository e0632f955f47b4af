package slab

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// adviseLarge asks for large pages. Those at the ends of the memory hold a part of
// what lies beside it too. It is advice: an error means that there are none.
func adviseLarge(p unsafe.Pointer, size int) {
	first := uintptr(p) &^ (largePage - 1)
	end := (uintptr(p) + uintptr(size) + largePage - 1) &^ (largePage - 1)
	unix.Syscall(unix.SYS_MADVISE, first, end-first, unix.MADV_HUGEPAGE)
}
