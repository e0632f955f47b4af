package filters32

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

// Kernel is one implementation: a row of Table.
type Kernel struct {
	kernel.Row // named filters_f32_<isa>

	filter  func(*Filter)
	weights func(*Weights)
}

// Operand is x: for each pixel m, the channels of Taps pixels of an image.
type Operand struct {
	X   []float32 // images, channels-last
	Pad []float32 // C zeros

	// Tap t of pixel m starts at m/Rows*Image + Offset[m%Rows*Taps+t], or is Pad when
	// the offset is negative.
	Offset      []int32
	Rows, Image int // pixels that an image gives rows for, elements of an image of X
	Taps, C     int // taps of the filter, channels
}

// Filter computes pixels M0 to M1.
type Filter struct {
	Operand
	W      []float32 // [Taps][C]
	M0, M1 int       // pixels, of all images
	Out    []float32 // [pixels][C], from pixel 0 on
	Add    bool      // to what Out holds
}

// Weights adds up pixels M0 to M1.
type Weights struct {
	Operand
	Y      []float32 // [pixels][C], from pixel 0 on
	M0, M1 int       // pixels, of all images
	Out    []float32 // [Taps][C]
}

// Table lists the kernels, best first.
var Table = append(archTable, portable)

// Select returns the first row of table that runs on a machine with features f.
func Select(table []Kernel, f cpu.Features) *Kernel {
	return kernel.MustSelect(table, f, nil)
}

// Filter computes f.
func (k *Kernel) Filter(f *Filter) { k.filter(f) }

// Weights computes w.
func (k *Kernel) Weights(w *Weights) { k.weights(w) }

// tap returns the channels of tap t of pixel m.
func (o *Operand) tap(m, t int) []float32 {
	off := int(o.Offset[m%o.Rows*o.Taps+t])
	if off < 0 {
		return o.Pad[:o.C]
	}
	return o.X[m/o.Rows*o.Image+off:][:o.C]
}
