//go:build !noasm

package gemm8

// routines are those of a family.
type routines int

const (
	evexVNNI routines = iota
	vexVNNI
	pairs
	wordPairs
)

// tiles runs a routine. The calls are written out because the argument of a
// function value would be allocated on the heap.
func (f *family) tiles(routine int, arg *tile) {
	switch f.routines {
	case evexVNNI:
		tilesAVX512VNNI(routine, arg)
	case vexVNNI:
		tilesAVXVNNI(routine, arg)
	case pairs:
		tilesAVX2Pairs(routine, arg)
	case wordPairs:
		tilesAVX2Words(routine, arg)
	}
}
