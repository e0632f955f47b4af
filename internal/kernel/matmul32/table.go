package matmul32

import (
	"unsafe"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

// Kernel is one implementation: a row of Table.
type Kernel struct {
	kernel.Row // named matmul_f32_<MR>x<NR>_<isa>

	MR, NR int // rows and columns of the tile

	lanes int // columns of Panels are padded to a multiple of it
	rows  func(*RowsCall)
	outer func(*OuterCall)
}

// Operand is x: a matrix read in rows, of all images one after the other.
type Operand struct {
	X []float32 // the rows, at the places below
	// Pad holds zeros, OverRead more than Depth.
	Pad []float32

	Taps, Depth int // K = Taps * Depth; Taps is 1 for plain rows

	// Row m is row m%Rows of image m/Rows. Its run for tap t starts at
	//	m/Rows*Image + Offset[m%Rows*Taps+t] + Base, or is Pad when the offset is negative
	// and, with Offset nil, at m*Stride + Base.
	Offset      []int32
	Rows, Image int // rows of an image, elements of an image of X
	Stride      int // elements from row to row, for plain rows
	Base        int // elements in front of the first row
}

// OverRead is how many numbers Outer may read, and ignore, past the end of a run: X must
// have as many after its last run.
const OverRead = 5

// RowsCall is a block of output rows and columns of Rows.
type RowsCall struct {
	Operand
	W *Panels // packed for the kernel

	M0, M1 int // rows of x
	N0, N1 int // output columns; N0 is a multiple of NR, N1 too or W.N
	// Out starts at row 0, column 0. Row m starts at m*LD or, where To is given, at
	// m/Rows*OutImage + To[m%Rows].
	Out      []float32
	LD       int
	To       []int32
	OutImage int
	Add      bool  // to what Out holds
	Work     *Work // scratch memory of one goroutine
}

// OuterCall is a block of results of Outer, taps T0 to T1, depths D0 to D1 and columns N0 to
// N1, summed over rows M0 to M1.
type OuterCall struct {
	Operand
	Y   []float32 // row m starts at m*LDY
	LDY int       // elements from row to row of Y

	M0, M1 int // rows of x and y
	T0, T1 int // taps
	D0, D1 int // of each tap; D0 is a multiple of MR, D1 too or Depth
	N0, N1 int // columns; N0 is a multiple of NR, N1 too or all that y has
	// Out is [tap][depth rounded up to MR][LD], from tap 0, depth 0, column 0 on.
	// The padding rows are overwritten.
	Out  []float32
	LD   int   // elements from depth to depth of Out
	Add  bool  // to what Out holds
	Work *Work // scratch memory of one goroutine
}

// Work is the scratch memory of one worker; it grows as needed.
type Work struct {
	row    []row
	packed []float32
}

// row locates a row of x and of the result.
type row struct {
	x      unsafe.Pointer // what offsets are relative to
	offset unsafe.Pointer // *int32, of tap 0
	out    unsafe.Pointer
}

// Table lists the kernels, best first.
var Table = append(archTable, portable)

// Select returns the first row of table that runs on a machine with features f.
func Select(table []Kernel, f cpu.Features) *Kernel {
	return kernel.MustSelect(table, f, nil)
}

// Rows computes a block of x * w.
func (k *Kernel) Rows(c *RowsCall) {
	if c.M0 < c.M1 && c.N0 < c.N1 {
		k.rows(c)
	}
}

// Outer computes a block of the transpose of x, times y. A range without rows
// leaves zeros, or with Add what there is.
func (k *Kernel) Outer(c *OuterCall) {
	if c.T0 >= c.T1 || c.D0 >= c.D1 || c.N0 >= c.N1 {
		return
	}
	if c.M0 < c.M1 {
		k.outer(c)
		return
	}
	for t := c.T0; !c.Add && t < c.T1; t++ {
		for d := c.D0; d < c.D1; d++ {
			clear(c.outRow(k, t, d))
		}
	}
}

func (c *OuterCall) outRow(k *Kernel, tap, d int) []float32 {
	at := (tap*roundUp(c.Depth, k.MR) + d) * c.LD
	return c.Out[at+c.N0 : at+c.N1]
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }

// run returns the operands of tap t in row m.
func (o *Operand) run(m, t int) []float32 {
	at := m*o.Stride + o.Base
	if o.Offset != nil {
		off := int(o.Offset[m%o.Rows*o.Taps+t])
		if off < 0 {
			return o.Pad[:o.Depth]
		}
		at = m/o.Rows*o.Image + off + o.Base
	}
	return o.X[at : at+o.Depth : at+o.Depth]
}

// out returns row m of the result, columns N0 to N1.
func (c *RowsCall) out(m int) []float32 {
	at := m * c.LD
	if c.To != nil {
		at = m/c.Rows*c.OutImage + int(c.To[m%c.Rows])
	}
	return c.Out[at+c.N0 : at+c.N1]
}
