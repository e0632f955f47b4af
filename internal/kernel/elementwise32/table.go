package elementwise32

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
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
)

// operands is the number of operands.
func (f Function) operands() int { return [...]int{1, 2, 2, 3, 1, 1, 1}[f] }

// String returns the function's name in kernel names.
func (f Function) String() string {
	return [...]string{"clamp", "add", "mul", "affine", "hardswish", "hardsigmoid", "sigmoid"}[f]
}

// FunctionOf returns the function of that name, and false where there is none.
func FunctionOf(name string) (Function, bool) {
	for f := Clamp; f <= Sigmoid; f++ {
		if f.String() == name {
			return f, true
		}
	}
	return 0, false
}

// Kernel is one implementation: a row of Table.
type Kernel struct {
	kernel.Row // named elementwise_<function>_f32_<isa>

	Function Function
	Run      func(*Call)
}

// Call is a run of numbers. Out may be one of the operands.
type Call struct {
	A, B, C []float32
	Out     []float32
	Lo, Hi  float32
}

// Table lists the kernels, best first. All are exact.
var Table = append(archTable,
	Kernel{Row: kernel.Row{Name: "elementwise_clamp_f32_go", ISA: "go"}, Function: Clamp, Run: runClamp},
	Kernel{Row: kernel.Row{Name: "elementwise_add_f32_go", ISA: "go"}, Function: Add, Run: runAdd},
	Kernel{Row: kernel.Row{Name: "elementwise_mul_f32_go", ISA: "go"}, Function: Mul, Run: runMul},
	Kernel{Row: kernel.Row{Name: "elementwise_affine_f32_go", ISA: "go"}, Function: Affine, Run: runAffine},
	Kernel{Row: kernel.Row{Name: "elementwise_hardswish_f32_go", ISA: "go"}, Function: Hardswish, Run: func(c *Call) { c.each(quant.Hardswish) }},
	Kernel{Row: kernel.Row{Name: "elementwise_hardsigmoid_f32_go", ISA: "go"}, Function: Hardsigmoid, Run: func(c *Call) { c.each(quant.Hardsigmoid) }},
	Kernel{Row: kernel.Row{Name: "elementwise_sigmoid_f32_go", ISA: "go"}, Function: Sigmoid, Run: func(c *Call) { c.each(quant.Sigmoid) }},
)

// Select returns the first row of table with that function that runs on a
// machine with features f.
func Select(table []Kernel, function Function, f cpu.Features) *Kernel {
	return kernel.MustSelect(table, f, func(k *Kernel) bool { return k.Function == function })
}
