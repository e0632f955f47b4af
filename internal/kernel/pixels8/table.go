package pixels8

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

// Function is what a kernel computes.
type Function uint8

// The functions.
const (
	Transform Function = iota // Out has blocks side by side, Stride from one line to the next
	Double                    // Out[2i], Out[2i+1] of A[i] and its neighbours
	Both                      // the same of 3*A[i] + B[i]
	Color                     // Out[3i:3i+3] of A[i], B[i] and C[i]: luma, blue and red chroma
	Row                       // pixel i of Out is the sum of Taps pixels of A from Starts[i]
	Column                    // Out is the sum of Taps rows of A, Stride from one to the next
)

// String returns the function's name in kernel names.
func (f Function) String() string {
	return [...]string{"transform", "double", "both", "color", "row", "column"}[f]
}

// Kernel is one implementation: a row of Table.
type Kernel struct {
	kernel.Row // named pixels_<function>_u8_<isa>

	Function Function    // which of the functions it computes
	Run      func(*Call) // computes a whole call
}

// WeightBits is how many bits of a weight are behind the point.
const WeightBits = 22

// Call has the operands of the functions; each reads those that its comment names. The number of
// blocks or samples is that of Coeff, of A (Double, Both), of Out (Column) or of Starts.
type Call struct {
	Out     []uint8    // results
	A, B, C []uint8    // operands
	Stride  int        // bytes between lines of Out (Transform) or A (Column)
	Coeff   []int16    // Transform: 64 of each block, line by line
	Quant   *[64]int16 // Transform: what coefficients are multiples of, modulo 2^16
	Taps    int        // pixels or rows of a sum
	Starts  []int32    // Row: the first pixel of each sum, never falling
	Weights []int32    // in units of 2^-WeightBits; Row: Taps of each sum
}

// Table lists the kernels, best first.
var Table = append(archTable,
	Kernel{Row: kernel.Row{Name: "pixels_transform_u8_go", ISA: "go"}, Function: Transform, Run: transform},
	Kernel{Row: kernel.Row{Name: "pixels_double_u8_go", ISA: "go"}, Function: Double, Run: func(c *Call) { double(c, 0, len(c.A)) }},
	Kernel{Row: kernel.Row{Name: "pixels_both_u8_go", ISA: "go"}, Function: Both, Run: func(c *Call) { both(c, 0, len(c.A)) }},
	Kernel{Row: kernel.Row{Name: "pixels_color_u8_go", ISA: "go"}, Function: Color, Run: func(c *Call) { color(c, 0) }},
	Kernel{Row: kernel.Row{Name: "pixels_row_u8_go", ISA: "go"}, Function: Row, Run: func(c *Call) { row(c, 0) }},
	Kernel{Row: kernel.Row{Name: "pixels_column_u8_go", ISA: "go"}, Function: Column, Run: func(c *Call) { column(c, 0) }},
)

// Select returns the first row of table with that function that runs on a machine with features
// f.
func Select(table []Kernel, function Function, f cpu.Features) *Kernel {
	return kernel.MustSelect(table, f, func(k *Kernel) bool { return k.Function == function })
}
