//go:build (amd64 || arm64) && !noasm

package layout

import "github.com/octet-ml/octet/internal/operand"

// strips transposes any matrix strip by strip, in blocks of rows x cols elements of size
// bytes.
type strips struct{ size, rows, cols int }

// near is the number of columns that all strips transpose before they go on to the next
// columns: the cache line that one strip has begun is still in the first-level cache when
// the next strip continues it.
const near = 128

func (s strips) run(c *Call) {
	if c.Rows < s.rows || c.Cols < s.cols {
		s.few(c)
		return
	}
	_ = c.Src[((c.Rows-1)*c.Stride+c.Cols)*s.size-1]
	_ = c.Dst[c.Rows*c.Cols*s.size-1]
	for col := 0; col < c.Cols; col += near {
		cols := min(near, c.Cols-col)
		for row := 0; row < c.Rows; row += s.rows {
			s.strip(c, min(row, c.Rows-s.rows), col, cols)
		}
	}
}

// strip transposes some columns of a strip that begins at a row. A last block that is
// not whole overlaps the one before it.
func (s strips) strip(c *Call, row, col, cols int) {
	block := func(col, blocks int) {
		arg := operand.Across(&c.Src[(row*c.Stride+col)*s.size], &c.Dst[(col*c.Rows+row)*s.size], c.Stride*s.size, c.Rows*s.size, blocks)
		if s.size == 1 {
			transposeBytes(&arg)
		} else {
			transposeNumbers(&arg)
		}
	}
	if whole := cols / s.cols; whole > 0 {
		block(col, whole)
	}
	if cols%s.cols != 0 {
		block(col+cols-s.cols, 1)
	}
}

// few is for matrices smaller than a block.
func (s strips) few(c *Call) {
	if s.size == 1 {
		transpose(c.Dst, c.Src, c.Rows, c.Cols, c.Stride)
		return
	}
	transpose(elements[uint32](c.Dst), elements[uint32](c.Src), c.Rows, c.Cols, c.Stride)
}
