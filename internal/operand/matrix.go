package operand

// Matrix is a left operand: rows of Taps runs of Depth elements, anywhere in a block of
// memory, as the im2col matrix of an image has them. Row m is row m%Rows of image m/Rows.
// Its run for tap t starts, in X, at
//
//	m/Rows*Image + Offset[t*Rows + m%Rows] + Base
//
// or is Pad where the offset is negative. With Offset nil the rows are plain: one run
// each, at m*Stride + Base. Every run is within X.
type Matrix[T any] struct {
	X   []T // the memory that rows lie in
	Pad []T // at least Depth elements of padding

	Taps, Depth int // Taps is 1 for plain rows

	Offset      []int32 // the indirection buffer, [Taps][Rows], or nil
	Rows, Image int     // rows of an image, elements of an image of X
	Stride      int     // elements from row to row, for plain rows
	Base        int     // elements in front of the first row, such as the channels of other groups
}

// Run returns the elements of row m at tap t.
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

// Together returns the end, at most end, of the rows from m on that one Cursor can cover:
// with offsets, those of one image.
func (x *Matrix[T]) Together(m, end int) int {
	if x.Offset == nil {
		return end
	}
	return min(end, (m/x.Rows+1)*x.Rows)
}
