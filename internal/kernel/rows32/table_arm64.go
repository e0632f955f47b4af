//go:build !noasm

package rows32

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

//go:generate go run -C ../_asm . rows32 ../rows32

// archTable lists the kernels of arm64, whose routines take four registers at a time.
var archTable = []Kernel{
	{Row: kernel.Row{Name: "rows_softmax_f32_neon", ISA: "neon", Requires: cpu.NEON}, Function: Softmax, Run: func(c *Call) { softmax(c, wide) }},
	{Row: kernel.Row{Name: "rows_layer_norm_f32_neon", ISA: "neon", Requires: cpu.NEON}, Function: LayerNorm, Run: func(c *Call) { layerNorm(c, wide) }},
}

// run calls the routine by name, since the argument of a function value would be allocated
// on the heap.
func (p *pass) run(r routine, _ int) {
	switch r {
	case largest:
		largestNEON(p)
	case exponentials:
		exponentialsNEON(p)
	case scale:
		scaleNEON(p)
	case sums:
		sumsNEON(p)
	case squares:
		squaresNEON(p)
	case normalize:
		normalizeNEON(p)
	}
}

//go:noescape
func largestNEON(arg *pass)

//go:noescape
func exponentialsNEON(arg *pass)

//go:noescape
func scaleNEON(arg *pass)

//go:noescape
func sumsNEON(arg *pass)

//go:noescape
func squaresNEON(arg *pass)

//go:noescape
func normalizeNEON(arg *pass)
