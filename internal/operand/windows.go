package operand

import "unsafe"

// Windows is a block of output pixels of a pooling, all channels of each. Output row
// m is window m%Rows of image m/Rows, whose pixels start in X at
//
//	m/Rows*Image + Cells[i] for Start[w] <= i < Start[w+1], with w = m%Rows
//
// Rows is the number of windows of an image, Image the elements of an image of X, and
// Out is [rows][Channels], from row 0 on.
type Windows[T any] struct {
	X            []T
	Channels     int
	Cells, Start []int32
	Rows, Image  int

	M0, M1 int // rows to compute
	Out    []T
}

// Window returns the pixels of output row m, and the start of the image they are in.
func (w *Windows[T]) Window(m int) (cells []int32, image int) {
	row := m % w.Rows
	return w.Cells[w.Start[row]:w.Start[row+1]], m / w.Rows * w.Image
}

// WindowCursor is the part of an assembly routine's argument that locates the windows of
// one image and their results.
//
// The routines of averages move factor on, in the end behind its slice, where another
// object may begin. It is therefore no pointer: the garbage collector would take it for
// one to that object, and aborts if that is free. So the caller keeps the factors alive
// (runtime.KeepAlive). They do not move: a Call is handed to its kernel through a function
// value, and so it and what it points to are on the heap.
type WindowCursor struct {
	x            unsafe.Pointer
	cells, start *int32
	out          unsafe.Pointer
	factor       uintptr // address of the first of one float32 for each window, or 0
	count        int     // of windows
	size, whole  int     // bytes of a pixel, and of those in whole vectors
	mask         uint64  // of the channels in the last vector
}

// Walk points c at the windows from output row m to the end of its image or of the block,
// and returns the next row. Vectors have lanes channels; factors is nil or has one for
// each of the Rows; the caller keeps them alive until the routine has returned.
func Walk[T any](c *WindowCursor, w *Windows[T], m, lanes int, factors []float32) (next int) {
	var zero T
	size, n := int(unsafe.Sizeof(zero)), w.Channels
	image, first := m/w.Rows, m%w.Rows
	next = min(m-first+w.Rows, w.M1)
	count := next - m
	*c = WindowCursor{
		x: unsafe.Pointer(unsafe.SliceData(w.X[image*w.Image:])), cells: unsafe.SliceData(w.Cells),
		start: &w.Start[first : first+count+1][0], out: unsafe.Pointer(&w.Out[m*n : next*n][0]),
		count: count, size: n * size, whole: n / lanes * lanes * size, mask: 1<<(n%lanes) - 1,
	}
	if factors != nil {
		c.factor = uintptr(unsafe.Pointer(&factors[first : first+count][0]))
	}
	return next
}
