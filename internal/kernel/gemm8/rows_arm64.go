//go:build !noasm

package gemm8

import "unsafe"

// gather is the argument of an assembly routine: it copies taps runs of depth codes of each of
// rows rows, which follow each other in one image.
type gather struct {
	x, pad  unsafe.Pointer
	offset  unsafe.Pointer // indirection offset of the first row at tap 0
	nextTap int            // bytes from there to tap 1
	taps    int
	rows    int
	depth   int
	to      unsafe.Pointer
	pitch   int // bytes from row to row of the copy
	run     int // and from run to run
}

//go:noescape
func gatherNEON(arg *gather)

// copyRows copies the rows of the call, pitch apart, the runs of a row run apart. What is
// between them is multiplied by weights of zero, and stays as it is.
func (c *Call) copyRows(to []uint8, pitch, run int) {
	if c.Offset == nil {
		for m := c.M0; m < c.M1; m++ {
			copy(to[(m-c.M0)*pitch:], c.Matrix.Run(m, 0))
		}
		return
	}
	g := gather{pad: unsafe.Pointer(unsafe.SliceData(c.Pad[:c.Depth])), nextTap: c.Rows * 4, taps: c.Taps, depth: c.Depth, pitch: pitch, run: run}
	for m := c.M0; m < c.M1; m += g.rows {
		image, row := m/c.Rows, m%c.Rows
		g.rows = c.Together(m, c.M1) - m
		g.x = unsafe.Pointer(&c.X[image*c.Image+c.Base])
		g.offset = unsafe.Pointer(&c.Offset[row : (c.Taps-1)*c.Rows+row+g.rows][0])
		g.to = unsafe.Pointer(&to[(m-c.M0)*pitch:][:(g.rows-1)*pitch+(g.taps-1)*run+g.depth][0])
		gatherNEON(&g)
	}
}
