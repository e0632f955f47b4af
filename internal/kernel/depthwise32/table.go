package depthwise32

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/internal/operand"
)

// Kernel is one implementation: a row of Table.
type Kernel struct {
	kernel.Row // named depthwise_f32_<isa>

	Rate int // approximate multiplications per nanosecond; only used to split work
	// Pack lays out w, [channel][tap], for this kernel; bias is [channel] or nil.
	Pack func(w []float32, channels, taps int, bias []float32) *Weights
	Run  func(*Call) // computes the pixels M0 to M1 of a call
}

// Weights are the filters packed for one kernel.
type Weights struct {
	Channels, Taps int       // of the image; elements of the filter
	Bias           []float32 // [Channels]
	Data           any       // the kernel's own layout
}

// Call is a block of output pixels, all channels.
type Call struct {
	operand.Matrix[float32]          // Depth is Channels, Pad is zeros; Offset is always set
	W                       *Weights // packed by this kernel

	M0, M1 int       // output pixels, of all images
	Lo, Hi float32   // clamp; NaN passes
	Out    []float32 // [pixels][Channels], from pixel 0 on
}

// Table lists the kernels, best first.
var Table = append(archTable, Kernel{Row: kernel.Row{Name: "depthwise_f32_go", ISA: "go"}, Rate: 2, Pack: packTaps, Run: run})

// Select returns the first row of table that runs on a machine with features f.
func Select(table []Kernel, f cpu.Features) *Kernel {
	return kernel.MustSelect(table, f, nil)
}
