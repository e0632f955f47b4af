//go:build !noasm

package depthwise32

import (
	"unsafe"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

//go:generate go run -C ../_asm . depthwise32 ../depthwise32

// archTable lists the kernels of amd64, best first. They add each product with
// one rounding (FMA).
var archTable = []Kernel{
	{Row: kernel.Row{Name: "depthwise_f32_avx512", ISA: "avx512", Requires: cpu.AVX512 | cpu.FMA}, Rate: 25, Pack: packTaps, Run: runAVX512},
	{Row: kernel.Row{Name: "depthwise_f32_avx2", ISA: "avx2", Requires: cpu.AVX2 | cpu.FMA}, Rate: 20, Pack: packTaps, Run: runAVX2},
}

// pixels is the argument of an assembly routine: count output pixels of the
// image at x.
type pixels struct {
	x, pad       *float32
	offset       *int32
	nextTap      int // bytes from the offsets of one tap to the next
	w, bias, out *float32
	count, taps  int
	size         int            // bytes of a pixel
	mask         unsafe.Pointer // of the channels after the last whole vector
	lo, hi       float32
}

//go:noescape
func pixelsAVX512(arg *pixels)

//go:noescape
func pixelsAVX2(arg *pixels)

// masks512 and masks256 choose the first i of a vector's numbers.
var (
	masks512 [16]uint64
	masks256 [8][8]int32
)

func init() {
	for i := range masks512 {
		masks512[i] = 1<<i - 1
	}
	for i := range masks256 {
		for j := range i {
			masks256[i][j] = -1
		}
	}
}

func runAVX512(c *Call) {
	mask := unsafe.Pointer(&masks512[c.W.Channels%16])
	for m := c.M0; m < c.M1; {
		p := c.pixels(m, mask)
		m += p.count
		pixelsAVX512(&p)
	}
}

func runAVX2(c *Call) {
	mask := unsafe.Pointer(&masks256[c.W.Channels%8])
	for m := c.M0; m < c.M1; {
		p := c.pixels(m, mask)
		m += p.count
		pixelsAVX2(&p)
	}
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
