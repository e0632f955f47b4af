//go:build !noasm

package elementwise32

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

//go:generate go run -C ../_asm . elementwise32 ../elementwise32

// narrow is the number of numbers in a vector of AVX2.
const narrow = 8

// archTable lists the kernels of amd64, best first.
var archTable = []Kernel{
	{Row: kernel.Row{Name: "elementwise_clamp_f32_avx512", ISA: "avx512", Requires: cpu.AVX512}, Function: Clamp, Run: func(c *Call) { c.run(Clamp, wide) }},
	{Row: kernel.Row{Name: "elementwise_clamp_f32_avx2", ISA: "avx2", Requires: cpu.AVX2}, Function: Clamp, Run: func(c *Call) { c.run(Clamp, narrow) }},
	{Row: kernel.Row{Name: "elementwise_add_f32_avx512", ISA: "avx512", Requires: cpu.AVX512}, Function: Add, Run: func(c *Call) { c.run(Add, wide) }},
	{Row: kernel.Row{Name: "elementwise_add_f32_avx2", ISA: "avx2", Requires: cpu.AVX2}, Function: Add, Run: func(c *Call) { c.run(Add, narrow) }},
	{Row: kernel.Row{Name: "elementwise_mul_f32_avx512", ISA: "avx512", Requires: cpu.AVX512}, Function: Mul, Run: func(c *Call) { c.run(Mul, wide) }},
	{Row: kernel.Row{Name: "elementwise_mul_f32_avx2", ISA: "avx2", Requires: cpu.AVX2}, Function: Mul, Run: func(c *Call) { c.run(Mul, narrow) }},
	{Row: kernel.Row{Name: "elementwise_affine_f32_avx512", ISA: "avx512", Requires: cpu.AVX512}, Function: Affine, Run: func(c *Call) { c.run(Affine, wide) }},
	{Row: kernel.Row{Name: "elementwise_affine_f32_avx2", ISA: "avx2", Requires: cpu.AVX2}, Function: Affine, Run: func(c *Call) { c.run(Affine, narrow) }},
	{Row: kernel.Row{Name: "elementwise_hardswish_f32_avx512", ISA: "avx512", Requires: cpu.AVX512}, Function: Hardswish, Run: func(c *Call) { c.run(Hardswish, wide) }},
	{Row: kernel.Row{Name: "elementwise_hardswish_f32_avx2", ISA: "avx2", Requires: cpu.AVX2}, Function: Hardswish, Run: func(c *Call) { c.run(Hardswish, narrow) }},
	{Row: kernel.Row{Name: "elementwise_hardsigmoid_f32_avx512", ISA: "avx512", Requires: cpu.AVX512}, Function: Hardsigmoid, Run: func(c *Call) { c.run(Hardsigmoid, wide) }},
	{Row: kernel.Row{Name: "elementwise_hardsigmoid_f32_avx2", ISA: "avx2", Requires: cpu.AVX2}, Function: Hardsigmoid, Run: func(c *Call) { c.run(Hardsigmoid, narrow) }},
	{Row: kernel.Row{Name: "elementwise_sub_f32_avx512", ISA: "avx512", Requires: cpu.AVX512}, Function: Sub, Run: func(c *Call) { c.run(Sub, wide) }},
	{Row: kernel.Row{Name: "elementwise_sub_f32_avx2", ISA: "avx2", Requires: cpu.AVX2}, Function: Sub, Run: func(c *Call) { c.run(Sub, narrow) }},
	{Row: kernel.Row{Name: "elementwise_div_f32_avx512", ISA: "avx512", Requires: cpu.AVX512}, Function: Div, Run: func(c *Call) { c.run(Div, wide) }},
	{Row: kernel.Row{Name: "elementwise_div_f32_avx2", ISA: "avx2", Requires: cpu.AVX2}, Function: Div, Run: func(c *Call) { c.run(Div, narrow) }},
	{Row: kernel.Row{Name: "elementwise_sigmoid_f32_avx512", ISA: "avx512", Requires: cpu.AVX512}, Function: Sigmoid, Run: func(c *Call) { c.run(Sigmoid, wide) }},
	{Row: kernel.Row{Name: "elementwise_sigmoid_f32_avx2", ISA: "avx2", Requires: cpu.AVX2}, Function: Sigmoid, Run: func(c *Call) { c.run(Sigmoid, narrow) }},
	{Row: kernel.Row{Name: "elementwise_silu_f32_avx512", ISA: "avx512", Requires: cpu.AVX512}, Function: SiLU, Run: func(c *Call) { c.run(SiLU, wide) }},
	{Row: kernel.Row{Name: "elementwise_silu_f32_avx2", ISA: "avx2", Requires: cpu.AVX2}, Function: SiLU, Run: func(c *Call) { c.run(SiLU, narrow) }},
	{Row: kernel.Row{Name: "elementwise_tanh_f32_avx512", ISA: "avx512", Requires: cpu.AVX512}, Function: Tanh, Run: func(c *Call) { c.run(Tanh, wide) }},
	{Row: kernel.Row{Name: "elementwise_tanh_f32_avx2", ISA: "avx2", Requires: cpu.AVX2}, Function: Tanh, Run: func(c *Call) { c.run(Tanh, narrow) }},
	{Row: kernel.Row{Name: "elementwise_gelu_f32_avx512", ISA: "avx512", Requires: cpu.AVX512}, Function: GELU, Run: func(c *Call) { c.run(GELU, wide) }},
	{Row: kernel.Row{Name: "elementwise_gelu_f32_avx2", ISA: "avx2", Requires: cpu.AVX2}, Function: GELU, Run: func(c *Call) { c.run(GELU, narrow) }},
	{Row: kernel.Row{Name: "elementwise_gelu_tanh_f32_avx512", ISA: "avx512", Requires: cpu.AVX512}, Function: GELUTanh, Run: func(c *Call) { c.run(GELUTanh, wide) }},
	{Row: kernel.Row{Name: "elementwise_gelu_tanh_f32_avx2", ISA: "avx2", Requires: cpu.AVX2}, Function: GELUTanh, Run: func(c *Call) { c.run(GELUTanh, narrow) }},
	{Row: kernel.Row{Name: "elementwise_leaky_relu_f32_avx512", ISA: "avx512", Requires: cpu.AVX512}, Function: LeakyReLU, Run: func(c *Call) { c.run(LeakyReLU, wide) }},
	{Row: kernel.Row{Name: "elementwise_leaky_relu_f32_avx2", ISA: "avx2", Requires: cpu.AVX2}, Function: LeakyReLU, Run: func(c *Call) { c.run(LeakyReLU, narrow) }},
	{Row: kernel.Row{Name: "elementwise_blend_f32_avx512", ISA: "avx512", Requires: cpu.AVX512}, Function: Blend, Run: func(c *Call) { c.run(Blend, wide) }},
	{Row: kernel.Row{Name: "elementwise_blend_f32_avx2", ISA: "avx2", Requires: cpu.AVX2}, Function: Blend, Run: func(c *Call) { c.run(Blend, narrow) }},
}

//go:noescape
func clampAVX512(arg *numbers)

//go:noescape
func clampAVX2(arg *numbers)

//go:noescape
func addAVX512(arg *numbers)

//go:noescape
func addAVX2(arg *numbers)

//go:noescape
func mulAVX512(arg *numbers)

//go:noescape
func mulAVX2(arg *numbers)

//go:noescape
func affineAVX512(arg *numbers)

//go:noescape
func affineAVX2(arg *numbers)

//go:noescape
func hardswishAVX512(arg *numbers)

//go:noescape
func hardswishAVX2(arg *numbers)

//go:noescape
func hardsigmoidAVX512(arg *numbers)

//go:noescape
func hardsigmoidAVX2(arg *numbers)

// compute calls the routine by name, since the argument of a function value would be
// allocated on the heap.
func (a *numbers) compute(f Function, lanes int) {
	if lanes == wide {
		switch f {
		case Clamp:
			clampAVX512(a)
		case Add:
			addAVX512(a)
		case Mul:
			mulAVX512(a)
		case Affine:
			affineAVX512(a)
		case Hardswish:
			hardswishAVX512(a)
		case Sub:
			subAVX512(a)
		case Div:
			divAVX512(a)
		case Sigmoid:
			sigmoidAVX512(a)
		case SiLU:
			siluAVX512(a)
		case Tanh:
			tanhAVX512(a)
		case GELU:
			geluAVX512(a)
		case GELUTanh:
			geluTanhAVX512(a)
		case LeakyReLU:
			leakyReLUAVX512(a)
		case Blend:
			blendAVX512(a)
		case Hardsigmoid:
			hardsigmoidAVX512(a)
		}
		return
	}
	switch f {
	case Clamp:
		clampAVX2(a)
	case Add:
		addAVX2(a)
	case Mul:
		mulAVX2(a)
	case Affine:
		affineAVX2(a)
	case Hardswish:
		hardswishAVX2(a)
	case Sub:
		subAVX2(a)
	case Div:
		divAVX2(a)
	case Sigmoid:
		sigmoidAVX2(a)
	case SiLU:
		siluAVX2(a)
	case Tanh:
		tanhAVX2(a)
	case GELU:
		geluAVX2(a)
	case GELUTanh:
		geluTanhAVX2(a)
	case LeakyReLU:
		leakyReLUAVX2(a)
	case Blend:
		blendAVX2(a)
	case Hardsigmoid:
		hardsigmoidAVX2(a)
	}
}

//go:noescape
func subAVX512(arg *numbers)

//go:noescape
func subAVX2(arg *numbers)

//go:noescape
func divAVX512(arg *numbers)

//go:noescape
func divAVX2(arg *numbers)

//go:noescape
func sigmoidAVX512(arg *numbers)

//go:noescape
func sigmoidAVX2(arg *numbers)

//go:noescape
func siluAVX512(arg *numbers)

//go:noescape
func siluAVX2(arg *numbers)

//go:noescape
func tanhAVX512(arg *numbers)

//go:noescape
func tanhAVX2(arg *numbers)

//go:noescape
func geluAVX512(arg *numbers)

//go:noescape
func geluAVX2(arg *numbers)

//go:noescape
func geluTanhAVX512(arg *numbers)

//go:noescape
func geluTanhAVX2(arg *numbers)

//go:noescape
func leakyReLUAVX512(arg *numbers)

//go:noescape
func leakyReLUAVX2(arg *numbers)

//go:noescape
func blendAVX512(arg *numbers)

//go:noescape
func blendAVX2(arg *numbers)
