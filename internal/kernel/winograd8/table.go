package winograd8

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/internal/operand"
	"github.com/octet-ml/octet/internal/rule"
	"github.com/octet-ml/octet/internal/slab"
	"github.com/octet-ml/octet/quant"
)

// Kernel is one implementation: a row of Table. All are exact.
type Kernel struct {
	kernel.Row // named winograd_u8s8_2x2_<isa>

	Channels int // input and output channels must be multiples of it
	Rate     int // approximate multiplications per nanosecond, after the transform; only used to split work

	// Pack transforms w, [out][tap][in], to memory of m. What the zero point contributes is
	// folded into the initial accumulators.
	Pack func(m *slab.Slab, w []int8, in, out int, zero uint8) *Weights
	// PackRule packs requantization parameters.
	PackRule func(w *Weights, r *quant.Requant) *Rule
	// Work is the number of words of scratch memory that a call for so many tiles
	// needs.
	Work func(tiles, in int) int
	Run  func(*Call) // computes the tiles and channels of a call, to codes
}

// Weights are filters transformed and packed for one kernel.
type Weights struct {
	In, Out int     // channels
	Init    []int32 // [Out]: -zero * sum of the filter
	Data    any     // the kernel's own layout
}

// Rule is a quant.Requant packed for one kernel.
type Rule struct {
	constants rule.Constants
	bias      []uint32 // bits of float32 or int32, by channel
	mult      []float32
}

// MaxChannels is the largest number of input channels for which four times an accumulator
// fits int32: 36 * 255 * 128 * MaxChannels < 2^31.
const MaxChannels = 1827

// Call is a block of tiles of one or more images.
type Call struct {
	// A tile is a row of 16 taps, its input pixels row by row; Depth is In, Pad the
	// zero point. Offsets are always set.
	operand.Matrix[uint8]
	W    *Weights // packed by this kernel
	Rule *Rule    // packed by this kernel

	M0, M1 int // tiles, of all images
	N0, N1 int // output channels, multiples of Channels

	// Output pixel i of tile m, row by row, is Out[m/Rows*OutImage + To[i*Rows+m%Rows]:],
	// or outside the image where To is negative.
	Out      []uint8
	To       []int32  // [4][Rows]
	OutImage int      // elements of an output image
	Work     []uint64 // scratch memory, Kernel.Work words
}

// Table lists the kernels, best first. It has no portable row: where none of
// these runs, gemm8 computes the same.
var Table = archTable

// maxFilters is the largest in*out that is transformed: more filters take too much memory,
// and reading them from memory takes longer than few tiles gain.
const maxFilters = 1 << 17

// Select returns the first row of table that runs on a machine with features f
// and computes such a convolution, or nil where gemm8 is better.
func Select(table []Kernel, in, out int, f cpu.Features) *Kernel {
	return kernel.Select(table, f, func(k *Kernel) bool {
		return in%k.Channels == 0 && out%k.Channels == 0 && in <= MaxChannels && in*out <= maxFilters
	})
}
