//go:build (amd64 || arm64) && !noasm

package depthwise32

import "unsafe"

// pixels is the argument of an assembly routine: count output pixels of the
// image at x.
type pixels struct {
	x, pad       *float32
	offset       *int32
	nextTap      int // bytes from the offsets of one tap to the next
	w, bias, out *float32
	count, taps  int
	size         int            // bytes of a pixel
	mask         unsafe.Pointer // of the channels after the last whole vector; arm64 has none
	lo, hi       float32
}

// pixels describes the output pixels from m to the end of its image or the call.
func (c *Call) pixels(m int, mask unsafe.Pointer) pixels {
	n, taps := c.W.Channels, c.W.Taps
	image, row := m/c.Rows, m%c.Rows
	count := min(c.Rows-row, c.M1-m)
	return pixels{
		x: unsafe.SliceData(c.X[image*c.Image:]), pad: &c.Pad[:n][0], offset: &c.Offset[row : (taps-1)*c.Rows+row+count][0], nextTap: 4 * c.Rows,
		w: &c.W.Data.([]float32)[0], bias: &c.W.Bias[:n][0], out: &c.Out[m*n : (m+count)*n][0],
		count: count, taps: taps, size: n * 4, mask: mask, lo: c.Lo, hi: c.Hi,
	}
}
