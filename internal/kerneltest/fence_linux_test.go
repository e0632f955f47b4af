package kerneltest

import (
	"runtime/debug"
	"syscall"
	"testing"
	"unsafe"
)

// stops reports whether reading the byte at distance from the first of x does.
func stops(x []uint8, distance int) (stopped bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { stopped = recover() != nil }()
	sink = *(*uint8)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(x)), distance))
	return false
}

var sink uint8

func TestFencesStopReads(t *testing.T) {
	page := syscall.Getpagesize()
	for _, n := range []int{1, 100, page - 1, page, page + 1} {
		end, start := Fenced(t, n, true), Fenced(t, n, false)
		if !stops(end, n) || !stops(start, -1) {
			t.Errorf("what lies beyond %d bytes can be read", n)
		}
		for _, x := range [][]uint8{end, start} {
			if len(x) != n || cap(x) != n || stops(x, 0) || stops(x, n-1) {
				t.Errorf("%d bytes cannot all be read", n)
			}
			x[0], x[n-1] = 1, 2
		}
	}
}
