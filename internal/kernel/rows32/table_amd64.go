//go:build !noasm

package rows32

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

//go:generate go run -C ../_asm . rows32 ../rows32

// narrow is the number of numbers in a vector of AVX2.
const narrow = 8

// archTable lists the kernels of amd64, best first.
var archTable = []Kernel{
	{Row: kernel.Row{Name: "rows_softmax_f32_avx512", ISA: "avx512", Requires: cpu.AVX512}, Function: Softmax, Run: func(c *Call) { softmax(c, wide) }},
	{Row: kernel.Row{Name: "rows_softmax_f32_avx2", ISA: "avx2", Requires: cpu.AVX2}, Function: Softmax, Run: func(c *Call) { softmax(c, narrow) }},
	{Row: kernel.Row{Name: "rows_layer_norm_f32_avx512", ISA: "avx512", Requires: cpu.AVX512}, Function: LayerNorm, Run: func(c *Call) { layerNorm(c, wide) }},
	{Row: kernel.Row{Name: "rows_layer_norm_f32_avx2", ISA: "avx2", Requires: cpu.AVX2}, Function: LayerNorm, Run: func(c *Call) { layerNorm(c, narrow) }},
}

// run calls the routine by name, since the argument of a function value would be allocated
// on the heap.
func (p *pass) run(r routine, width int) {
	if width == wide {
		switch r {
		case largest:
			largestAVX512(p)
		case exponentials:
			exponentialsAVX512(p)
		case scale:
			scaleAVX512(p)
		case sums:
			sumsAVX512(p)
		case squares:
			squaresAVX512(p)
		case normalize:
			normalizeAVX512(p)
		}
		return
	}
	switch r {
	case largest:
		largestAVX2(p)
	case exponentials:
		exponentialsAVX2(p)
	case scale:
		scaleAVX2(p)
	case sums:
		sumsAVX2(p)
	case squares:
		squaresAVX2(p)
	case normalize:
		normalizeAVX2(p)
	}
}

//go:noescape
func largestAVX512(arg *pass)

//go:noescape
func largestAVX2(arg *pass)

//go:noescape
func exponentialsAVX512(arg *pass)

//go:noescape
func exponentialsAVX2(arg *pass)

//go:noescape
func scaleAVX512(arg *pass)

//go:noescape
func scaleAVX2(arg *pass)

//go:noescape
func sumsAVX512(arg *pass)

//go:noescape
func sumsAVX2(arg *pass)

//go:noescape
func squaresAVX512(arg *pass)

//go:noescape
func squaresAVX2(arg *pass)

//go:noescape
func normalizeAVX512(arg *pass)

//go:noescape
func normalizeAVX2(arg *pass)
