package argmax32

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

// Kernel is one implementation: a row of Table.
type Kernel struct {
	kernel.Row // named argmax_f32_<isa>

	lanes int // the number of channels must be a multiple of it; else Reference computes
	run   func(*Call)
}

// Call computes the output pixels M0 to M1 of one image, whose input is X.
type Call struct {
	X   []float32 // the image, channels-last
	Pad []float32 // C times -Inf

	// Tap t of pixel m starts at Offset[m*Taps+t], or is Pad when that is negative.
	Offset  []int32
	Taps, C int // at most 256 taps
	M0, M1  int
	Out     []float32 // [pixels][C]
	Which   []uint8   // [pixels][C]: the tap of the maximum
}

// Table lists the kernels, best first.
var Table = append(archTable, portable)

// Select returns the first row of table that runs on a machine with features f.
func Select(table []Kernel, f cpu.Features) *Kernel {
	return kernel.MustSelect(table, f, nil)
}

// Run computes c.
func (k *Kernel) Run(c *Call) {
	switch {
	case c.M0 >= c.M1:
	case c.C%k.lanes == 0:
		k.run(c)
	default:
		Reference(c)
	}
}
