package operand

import "unsafe"

// Prefetch is the part of an assembly routine's argument that says what to prefetch into
// the second-level cache: the bytes from at to end, step bytes in every step of the
// routine. Addresses are plain numbers, since nothing is read through them.
type Prefetch struct{ at, end, step int }

// PrefetchNext makes f prefetch the panel of weights that follows the one at element from
// of data. A panel has panel elements; one step of a tile uses perStep of them, and tiles
// tiles pass over the panel.
func PrefetchNext[T any](f *Prefetch, data []T, from, panel, perStep, tiles int) {
	var zero T
	size := int(unsafe.Sizeof(zero))
	start := int(uintptr(unsafe.Pointer(unsafe.SliceData(data))))
	f.at = start + min(from+panel, len(data)-1)*size
	f.end = start + min(from+2*panel, len(data))*size
	f.step = (perStep*size + tiles - 1) / tiles
}
