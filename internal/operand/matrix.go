package operand

// Matrix is a block of memory seen as rows of Taps runs of Depth elements. Row m
// is row m%Rows of image m/Rows. Its run for tap t starts, in X, at
//
//	m/Rows*Image + Offset[t*Rows + m%Rows] + Base
//
// or is Pad where the offset is negative; with Offset nil the rows are plain: one
// run each, at m*Stride + Base. A run lies whole in X.
type Matrix[T any] struct {
	X   []T
	Pad []T // at least Depth elements of padding

	Taps, Depth int // Taps is 1 for plain rows

	Offset      []int32 // [Taps][Rows], or nil
	Rows, Image int
	Stride      int
	Base        int
}

// Run returns the elements of row m under tap t.
func (x *Matrix[T]) Run(m, t int) []T {
	at := m*x.Stride + x.Base
	if x.Offset != nil {
		off := int(x.Offset[t*x.Rows+m%x.Rows])
		if off < 0 {
			return x.Pad[:x.Depth]
		}
		at = m/x.Rows*x.Image + off + x.Base
	}
	return x.X[at : at+x.Depth : at+x.Depth]
}

// Together returns the end of the rows from m on, end at most, that a Cursor can
// walk over at once: with offsets, those of one image.
func (x *Matrix[T]) Together(m, end int) int {
	if x.Offset == nil {
		return end
	}
	return min(end, (m/x.Rows+1)*x.Rows)
}
