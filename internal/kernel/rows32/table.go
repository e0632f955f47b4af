package rows32

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

// Function is what a kernel computes.
type Function uint8

// The functions.
const (
	Softmax Function = iota
	LayerNorm
)

// String returns the function's name in kernel names.
func (f Function) String() string { return [...]string{"softmax", "layer_norm"}[f] }

// Kernel is one implementation: a row of Table.
type Kernel struct {
	kernel.Row // named rows_<function>_f32_<isa>

	Function Function    // which of the functions it computes
	Run      func(*Call) // computes all rows of a call
}

// Call is a block of rows. Out may be X.
type Call struct {
	X, Out []float32 // whole rows, one behind the other
	N      int       // numbers of a row, at least 1

	// Of layer_norm.
	Weight, Bias []float32 // [N]
	Eps          float32   // added to the variance

	tail [wide]float32 // what no whole vector holds
}

// Table lists the kernels, best first.
var Table = append(archTable,
	Kernel{Row: kernel.Row{Name: "rows_softmax_f32_go", ISA: "go"}, Function: Softmax, Run: func(c *Call) { softmax(c, 0) }},
	Kernel{Row: kernel.Row{Name: "rows_layer_norm_f32_go", ISA: "go"}, Function: LayerNorm, Run: func(c *Call) { layerNorm(c, 0) }},
)

// Select returns the first row of table with that function that runs on a machine
// with features f.
func Select(table []Kernel, function Function, f cpu.Features) *Kernel {
	return kernel.MustSelect(table, f, func(k *Kernel) bool { return k.Function == function })
}
