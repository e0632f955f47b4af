package operand

import "unsafe"

// Cursor is the part of an assembly routine's argument that locates the runs of rows, one
// tile of rows at a time. Routines keep their position as an offset, not in the pointers,
// which must never leave their object.
type Cursor struct {
	x, pad  unsafe.Pointer
	offset  unsafe.Pointer // indirection offset of the first row at tap 0; nil with plain rows
	nextTap int            // bytes from there to tap 1
	stride  int            // bytes from row to row
	taps    int
	_       [3]int      // position of the routine: bytes from x or offset, taps left, bytes from offset to the next tap's
	_       [16]uintptr // pointers to the runs of a tile at one tap
}

// Lead points c at rows [m, end), which must belong to one image (see Together).
func Lead[T any](c *Cursor, x *Matrix[T], m, end int) {
	var zero T
	size := int(unsafe.Sizeof(zero))
	c.pad, c.taps = unsafe.Pointer(unsafe.SliceData(x.Pad[:x.Depth])), x.Taps
	if x.Offset == nil {
		c.stride = x.Stride * size
		c.x = unsafe.Pointer(unsafe.SliceData(x.X[m*x.Stride+x.Base : (end-1)*x.Stride+x.Base+x.Depth]))
		return
	}
	image, row := m/x.Rows, m%x.Rows
	c.nextTap = x.Rows * 4
	c.offset = unsafe.Pointer(&x.Offset[row : (x.Taps-1)*x.Rows+row+end-m][0])
	c.x = unsafe.Pointer(&x.X[image*x.Image+x.Base])
}
