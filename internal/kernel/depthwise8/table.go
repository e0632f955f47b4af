package depthwise8

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/internal/operand"
	"github.com/octet-ml/octet/internal/rule"
	"github.com/octet-ml/octet/quant"
)

// Kernel is one implementation: a row of Table.
type Kernel struct {
	kernel.Row // named depthwise_u8s8_<isa>

	Rate int // approximate multiplications per nanosecond; only used to split work
	// Pack lays out w, [channel][tap], for this kernel; zero is the input's zero point.
	Pack func(w []int8, channels, taps int, zero uint8) *Weights
	Run  func(*Call) // stores the accumulators to Acc

	// PackRule packs requantization parameters for RunCodes, which requantizes in registers
	// and stores codes to Out. It returns nil for filters that the kernel does not support.
	// Both are nil for kernels that only store accumulators.
	PackRule func(*Weights, *quant.Requant) *Rule
	RunCodes func(*Call)
}

// Weights are the filters packed for one kernel.
type Weights struct {
	Channels, Taps int     // of the image; elements of the filter
	Init           []int32 // initial accumulators, [Channels]
	Data           any     // the kernel's own layout
}

// Rule is a quant.Requant packed for one kernel.
type Rule struct {
	constants rule.Constants
	bias      []uint32 // bits of float32 or int32, in the kernel's order
	mult      []float32
}

// Call is a block of output pixels, all channels.
type Call struct {
	// Depth is Channels, Pad the zero point, as long as the longest run. Offset is always
	// set, and its runs are within Image codes.
	operand.Matrix[uint8]
	Ends []int32  // operand.Runs(Offset, Taps, Step)
	Step int      // codes from pixel to pixel of a run
	W    *Weights // packed by this kernel

	M0, M1 int     // output pixels, of all images
	Acc    []int32 // result of Run: (M1-M0) rows of Channels accumulators
	Rule   *Rule   // for RunCodes, packed by this kernel
	Out    []uint8 // result of RunCodes: (M1-M0) rows of Channels codes
}

// Table lists the kernels, best first. All are exact.
var Table = append(archTable, Kernel{Row: kernel.Row{Name: "depthwise_u8s8_go", ISA: "go"}, Rate: 3, Pack: packTaps, Run: run})

// Select returns the first row of table that runs on a machine with features f.
func Select(table []Kernel, f cpu.Features) *Kernel {
	return kernel.MustSelect(table, f, nil)
}
