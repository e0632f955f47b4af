package kerneltest

import (
	"syscall"
	"testing"
)

// Fenced returns n bytes that end, or begin, at a page that must not be touched:
// the program stops where it is read or written.
func Fenced(t testing.TB, n int, atEnd bool) []uint8 {
	t.Helper()
	page := syscall.Getpagesize()
	size := (n + page - 1) / page * page
	all, err := syscall.Mmap(-1, 0, size+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Munmap(all) })
	for _, fence := range [][]byte{all[:page], all[page+size:]} {
		if err := syscall.Mprotect(fence, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	if atEnd {
		return all[page+size-n : page+size : page+size]
	}
	return all[page : page+n : page+n]
}
