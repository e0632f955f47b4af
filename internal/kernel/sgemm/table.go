package sgemm

import "github.com/octet-ml/octet/internal/cpu"

// Kernel is one implementation: a row of Table.
type Kernel struct {
	Name     string // gemm_f32_<MR>x<NR>_<isa>
	ISA      string
	MR, NR   int
	Block    int // rows that one call should be given, where there are enough
	Requires cpu.Features

	// Pack lays out w, [n][k] row-major, for this kernel. bias is [n] or nil.
	Pack func(w []float32, n, k int, bias []float32) *Weights
	// Work is the number of float32 of scratch memory that a call for m rows needs.
	Work func(m, k int) int
	Run  func(*Call)
}

// Weights is a matrix packed for one kernel.
type Weights struct {
	N, K int
	Bias []float32 // [N]
	Data any
}

// Call is a block of output rows and columns.
type Call struct {
	X   []float32
	Pad []float32 // at least Depth zeros
	W   *Weights

	Taps, Depth int // K = Taps * Depth; Taps is 1 for plain rows

	// Output row m is row m%Rows of image m/Rows. Its run for tap t starts at
	//	m/Rows*Image + Offset[m%Rows*Taps+t] + Base, or is Pad when the offset is negative
	// and, with Offset nil, at m*Stride + Base.
	Offset      []int32
	Rows, Image int
	Stride      int
	Base        int

	M0, M1 int     // output rows, of all images
	N0, N1 int     // output columns; N0 is a multiple of NR, N1 too or W.N
	Lo, Hi float32 // clamp; NaN passes
	Out    []float32
	LD     int // distance of two rows of Out, which starts at row 0, column 0
	Work   []float32
}

// Table lists the kernels, best first.
var Table = append(archTable, portable)

// Shape is what the choice of a kernel may depend on.
type Shape struct{ M, N, K int }

// Select returns the first row of table that runs on a machine with features f.
func Select(table []Kernel, _ Shape, f cpu.Features) *Kernel {
	for i := range table {
		if f.Has(table[i].Requires) {
			return &table[i]
		}
	}
	panic("sgemm: no kernel for " + f.String())
}

// row finds one output row's operands.
type row struct {
	c      *Call
	offset []int32 // of its runs; nil when they follow each other
	base   int
}

func (c *Call) row(m int) row {
	if c.Offset == nil {
		return row{c: c, base: m*c.Stride + c.Base}
	}
	image, p := m/c.Rows, m%c.Rows
	return row{c, c.Offset[p*c.Taps : (p+1)*c.Taps], image*c.Image + c.Base}
}

// run returns the operands of tap t.
func (r *row) run(t int) []float32 {
	at := r.base
	if r.offset != nil {
		off := int(r.offset[t])
		if off < 0 {
			return r.c.Pad[:r.c.Depth]
		}
		at += off
	}
	return r.c.X[at : at+r.c.Depth : at+r.c.Depth]
}
