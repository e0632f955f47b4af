package sgemm

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/internal/operand"
	"github.com/octet-ml/octet/internal/slab"
)

// Kernel is one implementation: a row of Table.
type Kernel struct {
	kernel.Row // named gemm_f32_<MR>x<NR>_<isa>

	MR, NR int // rows and columns of the tile
	Block  int // minimum rows per call, if there are as many
	Rate   int // approximate multiplications per nanosecond; only used to split work

	// Pack lays out w, [n][k] row-major, for this kernel, in memory of m. bias is [n] or nil.
	Pack func(m *slab.Slab, w []float32, n, k int, bias []float32) *Weights
	// PackCodes is Pack for weights that stay in 8 bits; calls with them need Panel.
	PackCodes func(m *slab.Slab, w Codes, n, k int, bias []float32) *Weights
	// Size, Place and Fill pack a right operand that is computed in every run. Place lays
	// out a packed matrix of at most n columns and depth k, without bias, in memory, which
	// has Size(n, k) numbers.
	Size  func(n, k int) int
	Place func(memory []float32, n, k int) *Weights
	// Fill packs w, an operand of n columns and a depth of k.
	Fill func(p *Weights, w Right, n, k int)
	// Work is the number of float32 of scratch memory that a call for m rows needs.
	Work func(m, k int) int
	Run  func(*Call) // computes the block of a call
}

// Panel is the number of float32 of scratch memory that a call needs beside Work where weights of
// a depth of k have 8 bits.
func (kern *Kernel) Panel(k int) int { return kern.NR * roundUp(k, unroll) }

// Weights is a matrix packed for one kernel.
type Weights struct {
	N, K int       // columns, length of the reduction
	Bias []float32 // [N]
	Data any       // the kernel's own layout
}

// Right is the right operand of a product. The number for depth k and column n is
// X[k*Stride + n], or X[n*Stride + k] if Transposed.
type Right struct {
	X          []float32 // numbers
	Stride     int       // elements from row to row, or column to column if Transposed
	Transposed bool      // a column is contiguous, not a row
}

// Call is a block of output rows and columns.
type Call struct {
	operand.Matrix[float32]          // Pad is zeros, K = Taps * Depth
	W                       *Weights // packed by this kernel

	M0, M1 int       // output rows, of all images
	N0, N1 int       // output columns; N0 is a multiple of NR, N1 too or W.N
	Lo, Hi float32   // clamp; NaN passes
	Out    []float32 // [rows][LD]
	LD     int       // elements from row to row of Out, which starts at row 0, column 0
	Work   []float32 // scratch memory, Kernel.Work numbers
	Panel  []float32 // scratch memory for weights of 8 bits, Kernel.Panel numbers
}

// Table lists the kernels, best first.
var Table = append(archTable, portable)

// Select returns the first row of table that runs on a machine with features f.
func Select(table []Kernel, f cpu.Features) *Kernel {
	return kernel.MustSelect(table, f, nil)
}
