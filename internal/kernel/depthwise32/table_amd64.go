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
