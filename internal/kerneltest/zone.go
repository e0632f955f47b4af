package kerneltest

import (
	"bytes"
	"slices"
	"testing"
	"unsafe"
)

// Zone is memory for an operand or a result amid marks that are not a kernel's to
// change. A mark that shows in a result, such as NaN, was not a kernel's to read.
type Zone[T any] struct {
	Inner []T // what a kernel is given; full of marks at first

	all  []T
	at   int // where Inner begins
	mark T
}

// guard is the number of marks on each side: more than a kernel writes at a time
// (three vectors of 64 codes), and no multiple of a vector, so that Inner is not
// aligned to one unless it is shifted.
const guard = 260

// NewZone makes a zone for n values, moved by shift from where they would lie
// otherwise, which gives them another alignment.
func NewZone[T any](n, shift int, mark T) *Zone[T] {
	z := &Zone[T]{all: slices.Repeat([]T{mark}, n+shift+2*guard), at: guard + shift, mark: mark}
	z.Inner = z.all[z.at : z.at+n : z.at+n]
	return z
}

// Check fails the test when a mark around Inner has another value.
func (z *Zone[T]) Check(t testing.TB) {
	t.Helper()
	end := len(z.all) - guard
	for i := range z.all {
		if (i < z.at || i >= end) && !bytes.Equal(memory(&z.all[i]), memory(&z.mark)) {
			t.Fatalf("wrote outside: at %d of %d values", i-z.at, end-z.at)
		}
	}
}

// memory is the bytes of a value: a NaN equals itself, but no other one.
func memory[T any](v *T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(v)), unsafe.Sizeof(*v))
}
