//go:build !noasm

package elementwise32

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

//go:generate go run -C ../_asm . elementwise32 ../elementwise32

// archTable lists the kernels of arm64.
var archTable = []Kernel{
	{Row: kernel.Row{Name: "elementwise_clamp_f32_neon", ISA: "neon", Requires: cpu.NEON}, Function: Clamp, Run: func(c *Call) { c.run(Clamp, wide) }},
	{Row: kernel.Row{Name: "elementwise_add_f32_neon", ISA: "neon", Requires: cpu.NEON}, Function: Add, Run: func(c *Call) { c.run(Add, wide) }},
	{Row: kernel.Row{Name: "elementwise_mul_f32_neon", ISA: "neon", Requires: cpu.NEON}, Function: Mul, Run: func(c *Call) { c.run(Mul, wide) }},
	{Row: kernel.Row{Name: "elementwise_affine_f32_neon", ISA: "neon", Requires: cpu.NEON}, Function: Affine, Run: func(c *Call) { c.run(Affine, wide) }},
	{Row: kernel.Row{Name: "elementwise_hardswish_f32_neon", ISA: "neon", Requires: cpu.NEON}, Function: Hardswish, Run: func(c *Call) { c.run(Hardswish, wide) }},
	{Row: kernel.Row{Name: "elementwise_hardsigmoid_f32_neon", ISA: "neon", Requires: cpu.NEON}, Function: Hardsigmoid, Run: func(c *Call) { c.run(Hardsigmoid, wide) }},
	{Row: kernel.Row{Name: "elementwise_sub_f32_neon", ISA: "neon", Requires: cpu.NEON}, Function: Sub, Run: func(c *Call) { c.run(Sub, wide) }},
	{Row: kernel.Row{Name: "elementwise_div_f32_neon", ISA: "neon", Requires: cpu.NEON}, Function: Div, Run: func(c *Call) { c.run(Div, wide) }},
	{Row: kernel.Row{Name: "elementwise_sigmoid_f32_neon", ISA: "neon", Requires: cpu.NEON}, Function: Sigmoid, Run: func(c *Call) { c.run(Sigmoid, wide) }},
	{Row: kernel.Row{Name: "elementwise_silu_f32_neon", ISA: "neon", Requires: cpu.NEON}, Function: SiLU, Run: func(c *Call) { c.run(SiLU, wide) }},
	{Row: kernel.Row{Name: "elementwise_tanh_f32_neon", ISA: "neon", Requires: cpu.NEON}, Function: Tanh, Run: func(c *Call) { c.run(Tanh, wide) }},
	{Row: kernel.Row{Name: "elementwise_gelu_f32_neon", ISA: "neon", Requires: cpu.NEON}, Function: GELU, Run: func(c *Call) { c.run(GELU, wide) }},
	{Row: kernel.Row{Name: "elementwise_gelu_tanh_f32_neon", ISA: "neon", Requires: cpu.NEON}, Function: GELUTanh, Run: func(c *Call) { c.run(GELUTanh, wide) }},
	{Row: kernel.Row{Name: "elementwise_leaky_relu_f32_neon", ISA: "neon", Requires: cpu.NEON}, Function: LeakyReLU, Run: func(c *Call) { c.run(LeakyReLU, wide) }},
	{Row: kernel.Row{Name: "elementwise_blend_f32_neon", ISA: "neon", Requires: cpu.NEON}, Function: Blend, Run: func(c *Call) { c.run(Blend, wide) }},
}

// compute calls the routine by name, since the argument of a function value would be
// allocated on the heap.
func (a *numbers) compute(f Function, _ int) {
	switch f {
	case Clamp:
		clampNEON(a)
	case Add:
		addNEON(a)
	case Mul:
		mulNEON(a)
	case Affine:
		affineNEON(a)
	case Hardswish:
		hardswishNEON(a)
	case Hardsigmoid:
		hardsigmoidNEON(a)
	case Sub:
		subNEON(a)
	case Div:
		divNEON(a)
	case Sigmoid:
		sigmoidNEON(a)
	case SiLU:
		siluNEON(a)
	case Tanh:
		tanhNEON(a)
	case GELU:
		geluNEON(a)
	case GELUTanh:
		geluTanhNEON(a)
	case LeakyReLU:
		leakyReLUNEON(a)
	case Blend:
		blendNEON(a)
	}
}

//go:noescape
func clampNEON(arg *numbers)

//go:noescape
func addNEON(arg *numbers)

//go:noescape
func mulNEON(arg *numbers)

//go:noescape
func affineNEON(arg *numbers)

//go:noescape
func hardswishNEON(arg *numbers)

//go:noescape
func hardsigmoidNEON(arg *numbers)

//go:noescape
func subNEON(arg *numbers)

//go:noescape
func divNEON(arg *numbers)

//go:noescape
func sigmoidNEON(arg *numbers)

//go:noescape
func siluNEON(arg *numbers)

//go:noescape
func tanhNEON(arg *numbers)

//go:noescape
func geluNEON(arg *numbers)

//go:noescape
func geluTanhNEON(arg *numbers)

//go:noescape
func leakyReLUNEON(arg *numbers)

//go:noescape
func blendNEON(arg *numbers)
