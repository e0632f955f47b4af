package gemm8

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/internal/operand"
	"github.com/octet-ml/octet/internal/rule"
	"github.com/octet-ml/octet/internal/slab"
	"github.com/octet-ml/octet/quant"
)

// Kernel is one implementation: a row of Table. Packing, tile and run function
// belong together and are never mixed between rows.
type Kernel struct {
	kernel.Row // named gemm_u8s8_<MR>x<NR>_<isa>, or fip_ for Winograd's formula for inner products

	MR, NR   int  // rows and columns of the tile
	Block    int  // minimum rows per call, if there are as many
	Exact    bool // equal to Reference for all operands, 255 and -128 included
	OverRead int  // bytes that may be read past the end of X, if its capacity allows
	Lines    bool // fast on equally spaced rows only: see Call.Ends
	Depth    int  // granularity of the reduction, where padding to it is expensive; 0 elsewhere
	Rate     int  // approximate multiplications per nanosecond; only used to split work

	// Suits reports whether the kernel is chosen for a shape: for others the next row is
	// faster. nil means any shape.
	Suits func(Shape) bool

	// Pack lays out w, [n][tap][depth] row-major, for this kernel, in memory of m.
	Pack func(m *slab.Slab, w []int8, n, taps, depth int, zero uint8) *Weights
	// Size, Place and Fill pack a right operand that is computed in every run. Place lays
	// out a packed matrix of at most n columns and depth k in memory, which has Size(n, k)
	// words; Fill packs w into it and sets Init to 0, which the caller may change before
	// Run. All are nil for kernels whose packing is too slow for that.
	Size  func(n, k int) int
	Place func(memory []uint64, n, k int) *Weights
	Fill  func(p *Weights, w Right, n, k int)
	// Work is the number of words of scratch memory that a call for m rows needs.
	Work func(m, taps, depth int) int
	// Run stores the accumulators of a call.
	Run func(*Call)

	// PackRule packs requantization parameters for columns that are the output channels
	// from first on. w is packed, or has no Data where it is computed in every run. RunCodes then stores codes to Out: requantization is the epilogue of
	// the micro-kernel. Both are nil for kernels that only store accumulators.
	PackRule func(w *Weights, r *quant.Requant, first int) *Rule
	RunCodes func(*Call)
}

// Weights is a matrix packed for one kernel.
type Weights struct {
	N, K int     // output columns, and the depth of the reduction
	Init []int32 // [N]: initial accumulators, -zero * sum over k of w[n][k]
	Data any     // the kernel's own layout
}

// Rule is a quant.Requant packed for one kernel.
type Rule struct {
	constants rule.Constants
	bias      []uint32 // bits of float32 or int32, by column
	mult      []float32
}

// Call is a block of output rows and columns.
type Call struct {
	operand.Matrix[uint8]          // Pad is the zero point, K = Taps * Depth
	W                     *Weights // packed by this kernel

	// If no offset is negative (padding), Ends may hold operand.Runs(Offset, Taps, Step):
	// where runs of rows end that are Step elements apart.
	Ends []int32
	Step int // elements from row to row within a run

	M0, M1 int      // output rows, of all images
	N0, N1 int      // output columns; N0 is a multiple of NR, N1 too or W.N
	Acc    []int32  // result of Run: (M1-M0) rows of N1-N0 accumulators
	Rule   *Rule    // for RunCodes, packed by this kernel
	Out    []uint8  // result of RunCodes: (M1-M0) rows, LD apart, of N1-N0 codes
	LD     int      // elements from row to row of Out
	Work   []uint64 // scratch memory, Kernel.Work words
}

// Table lists the kernels, best first.
var Table = append(archTable, portable)

// Shape is what the choice of a kernel may depend on.
type Shape struct {
	N, K     int // columns; length of the reduction
	Gathered int // taps that each row is gathered from; 0 with plain rows
	// Weights are the matrix, [N][K], if it is known, and Wide tells that codes are expected
	// to take all of 0..255, not only those up to 127.
	Weights []int8
	Wide    bool
}

// Select returns the first row of table that runs on a machine with features f and
// whose tile a matrix of shape s fills well.
func Select(table []Kernel, s Shape, f cpu.Features) *Kernel {
	return kernel.MustSelect(table, f, func(k *Kernel) bool { return k.suits(s) && k.filled(s) })
}

// SelectComputed returns the first row of table that runs on a machine with features f and
// can pack a right operand in every run.
func SelectComputed(table []Kernel, f cpu.Features) *Kernel {
	return kernel.MustSelect(table, f, func(k *Kernel) bool { return k.Fill != nil })
}

func (k *Kernel) suits(s Shape) bool { return k.Suits == nil || k.Suits(s) }

// filled reports whether at least 5 of 11 elements of k's tiles are used. With fewer, the
// next row was measured to be faster.
func (k *Kernel) filled(s Shape) bool {
	if k.Depth == 0 {
		return true
	}
	up := func(n, to int) int { return (n + to - 1) / to * to }
	return 5*up(s.N, k.NR)*up(s.K, k.Depth) <= 11*s.N*s.K
}
