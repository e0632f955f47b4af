package elementwise32

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/internal/real32"
	"github.com/octet-ml/octet/quant"
)

// Function is what a kernel computes.
type Function uint8

// The functions.
const (
	Clamp Function = iota
	Add
	Mul
	Affine
	Hardswish
	Hardsigmoid
	Sigmoid
	Sub
	Div
	SiLU
	Tanh
	GELU
	GELUTanh
	LeakyReLU // A, times Lo up to zero
	Blend     // A*Lo + B*Hi
	functions // their number
)

// known lists the names and the number of operands of the functions.
var known = [functions]struct {
	name     string
	operands int
}{
	Clamp: {"clamp", 1}, Add: {"add", 2}, Mul: {"mul", 2}, Affine: {"affine", 3},
	Hardswish: {"hardswish", 1}, Hardsigmoid: {"hardsigmoid", 1}, Sigmoid: {"sigmoid", 1},
	Sub: {"sub", 2}, Div: {"div", 2}, SiLU: {"silu", 1}, Tanh: {"tanh", 1}, GELU: {"gelu", 1}, GELUTanh: {"gelu_tanh", 1},
	LeakyReLU: {"leaky_relu", 1}, Blend: {"blend", 2},
}

// operands is the number of operands.
func (f Function) operands() int { return known[f].operands }

// String returns the function's name in kernel names.
func (f Function) String() string { return known[f].name }

// FunctionOf returns the function of that name, and false where there is none.
func FunctionOf(name string) (Function, bool) {
	for f := range functions {
		if f.String() == name {
			return f, true
		}
	}
	return 0, false
}

// Kernel is one implementation: a row of Table.
type Kernel struct {
	kernel.Row // named elementwise_<function>_f32_<isa>

	Function Function    // which of the functions it computes
	Run      func(*Call) // computes a whole call
}

// Call is an array of numbers. A, B and C are the operands that Function has, all as long
// as Out, which may be one of them.
type Call struct {
	A, B, C []float32
	Out     []float32
	Lo, Hi  float32 // the clamp of the result, save where the function says otherwise
}

// Table lists the kernels, best first. All give the same bits.
var Table = append(archTable,
	Kernel{Row: kernel.Row{Name: "elementwise_clamp_f32_go", ISA: "go"}, Function: Clamp, Run: runClamp},
	Kernel{Row: kernel.Row{Name: "elementwise_add_f32_go", ISA: "go"}, Function: Add, Run: runAdd},
	Kernel{Row: kernel.Row{Name: "elementwise_mul_f32_go", ISA: "go"}, Function: Mul, Run: runMul},
	Kernel{Row: kernel.Row{Name: "elementwise_affine_f32_go", ISA: "go"}, Function: Affine, Run: runAffine},
	Kernel{Row: kernel.Row{Name: "elementwise_hardswish_f32_go", ISA: "go"}, Function: Hardswish, Run: func(c *Call) { c.each(quant.Hardswish) }},
	Kernel{Row: kernel.Row{Name: "elementwise_hardsigmoid_f32_go", ISA: "go"}, Function: Hardsigmoid, Run: func(c *Call) { c.each(quant.Hardsigmoid) }},
	Kernel{Row: kernel.Row{Name: "elementwise_sigmoid_f32_go", ISA: "go"}, Function: Sigmoid, Run: func(c *Call) { c.each(real32.Sigmoid) }},
	Kernel{Row: kernel.Row{Name: "elementwise_sub_f32_go", ISA: "go"}, Function: Sub, Run: runSub},
	Kernel{Row: kernel.Row{Name: "elementwise_div_f32_go", ISA: "go"}, Function: Div, Run: runDiv},
	Kernel{Row: kernel.Row{Name: "elementwise_silu_f32_go", ISA: "go"}, Function: SiLU, Run: func(c *Call) { c.each(real32.SiLU) }},
	Kernel{Row: kernel.Row{Name: "elementwise_tanh_f32_go", ISA: "go"}, Function: Tanh, Run: func(c *Call) { c.each(real32.Tanh) }},
	Kernel{Row: kernel.Row{Name: "elementwise_gelu_f32_go", ISA: "go"}, Function: GELU, Run: func(c *Call) { c.each(real32.GELU) }},
	Kernel{Row: kernel.Row{Name: "elementwise_gelu_tanh_f32_go", ISA: "go"}, Function: GELUTanh, Run: func(c *Call) { c.each(real32.GELUTanh) }},
	Kernel{Row: kernel.Row{Name: "elementwise_leaky_relu_f32_go", ISA: "go"}, Function: LeakyReLU, Run: runLeakyReLU},
	Kernel{Row: kernel.Row{Name: "elementwise_blend_f32_go", ISA: "go"}, Function: Blend, Run: runBlend},
)

// Select returns the first row of table with that function that runs on a
// machine with features f.
func Select(table []Kernel, function Function, f cpu.Features) *Kernel {
	return kernel.MustSelect(table, f, func(k *Kernel) bool { return k.Function == function })
}
