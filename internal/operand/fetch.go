package operand

import "unsafe"

// Fetch is the part of an assembly routine's argument that has it fetch into the
// second-level cache what comes next, bit by bit: from address at on, step bytes
// further with every step of the routine, until end. Addresses are plain numbers,
// since they are never read from.
type Fetch struct{ at, end, step int }

// FetchNext has f fetch the panel of weights behind the one at element from of data,
// which has panel elements, perStep of which each step uses, and which tiles
// tiles use up one after the other.
func FetchNext[T any](f *Fetch, data []T, from, panel, perStep, tiles int) {
	var zero T
	size := int(unsafe.Sizeof(zero))
	start := int(uintptr(unsafe.Pointer(unsafe.SliceData(data))))
	f.at = start + min(from+panel, len(data)-1)*size
	f.end = start + min(from+2*panel, len(data))*size
	f.step = (perStep*size + tiles - 1) / tiles
}
