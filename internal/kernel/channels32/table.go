package channels32

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

// Kernel is one implementation: a row of Table.
type Kernel struct {
	kernel.Row // named channels_f32_<isa>

	stats  func(x []float32, rows int, s *Stats)
	finish func(*Finish)
	reduce func(*Reduce)
	apply  func(*Apply)
	learn  func(*Learn)
	decode func(*Decode)
}

// Pad is the multiple to which the number of channels is rounded up in vectors of
// parameters and results, and in masks.
const Pad = 16

// Padded is the length of a vector with an entry for each channel.
func Padded(channels int) int { return (channels + Pad - 1) / Pad * Pad }

// MaskStride is the number of bytes of a mask for one row; bit c%8 of byte c/8
// belongs to channel c.
func MaskStride(channels int) int { return Padded(channels) / 8 }

// Stats are statistics over rows, by channel: sums of x-Shift and of its square, minimum and
// maximum of x. The vectors have Padded(C) entries, of which C count.
type Stats struct {
	C                 int       // number of channels
	Shift             []float32 // near the mean, so that sums of squares keep their digits
	Sum, Square       []float32 // of x-Shift
	Smallest, Largest []float32 // of x
}

// Finish is a pass from X to Out, Rows rows of C channels, which may be the same memory.
type Finish struct {
	X, Out  []float32 // [Rows][C]
	Mask    []byte    // [Rows][MaskStride(C)]
	Rows, C int

	Alpha, Beta []float32 // Padded(C)
	Lo, Hi      float32   // the clamp; a gradient passes strictly between them

	// With Quant, Out is f32(clamp(rne(v*Inv)+Zero, QMin, QMax) - Zero) * Scale, where Inv
	// is 1/Scale, and a gradient passes only where the code was not clamped. NaN has the
	// code QMin.
	Quant            bool
	Inv, Scale, Zero []float32 // Padded(C)
	QMin, QMax       float32   // codes, as whole numbers
}

// Reduce adds to Sum and SumX. X may be nil; SumX is then undefined.
type Reduce struct {
	Up, X   []float32 // [Rows][C]
	Mask    []byte    // as Finish sets it; nil lets all pass
	Rows, C int       // rows, channels

	Mean      []float32 // Padded(C)
	Sum, SumX []float32 // Padded(C)
}

// Apply is a pass to Out, which may be Up. X may be nil where B is zero.
type Apply struct {
	Up, X   []float32 // [Rows][C]
	Mask    []byte    // as Finish sets it; nil lets all pass
	Rows, C int       // rows, channels

	A, B, K []float32 // Padded(C); K is the constant
	Out     []float32 // [Rows][C]
	Add     bool      // to what Out holds
}

// Learn adds up the gradients of the scale and the zero point of the fake-quantization
// that Finish makes with Quant, from the gradient Up of its result. Only here the zero
// point is added before rounding, as PyTorch does for learned parameters.
type Learn struct {
	Up, X   []float32 // [Rows][C]
	Rows, C int       // rows, channels

	Alpha, Beta []float32 // Padded(C)
	Lo, Hi      float32   // the clamp, as in Finish
	Inv, Zero   []float32 // Padded(C)
	QMin, QMax  float32   // codes, as in Finish

	// Steps is the sum of Up times (code - Zero), minus v*Inv where the code was not
	// clamped; Cut is the sum of Up where it was clamped.
	Steps, Cut []float32 // Padded(C)
}

// Decode dequantizes codes: f32(code - Zero) * Scale. A gradient passes where
// Lo < code < Hi.
type Decode struct {
	Codes       []uint8   // [Rows][C]
	Out         []float32 // [Rows][C]
	Mask        []byte    // [Rows][MaskStride(C)]
	Rows, C     int       // rows, channels
	Scale, Zero float32   // of all channels
	Lo, Hi      int32     // codes of the clamp
}

// Table lists the kernels, best first.
var Table = append(archTable, portable)

// Select returns the first row of table that runs on a machine with features f.
func Select(table []Kernel, f cpu.Features) *Kernel {
	return kernel.MustSelect(table, f, nil)
}

// Stats sets s to the statistics of rows of x, at least one, with the first as
// the shift.
func (k *Kernel) Stats(x []float32, rows int, s *Stats) {
	copy(s.Shift, x[:s.C])
	copy(s.Smallest, x[:s.C])
	copy(s.Largest, x[:s.C])
	clear(s.Sum)
	clear(s.Square)
	k.stats(x, rows, s)
}

// Finish makes the pass f.
func (k *Kernel) Finish(f *Finish) { k.finish(f) }

// Reduce makes the pass r.
func (k *Kernel) Reduce(r *Reduce) { k.reduce(r) }

// Apply makes the pass a.
func (k *Kernel) Apply(a *Apply) { k.apply(a) }

// Learn makes the pass l.
func (k *Kernel) Learn(l *Learn) { k.learn(l) }

// Decode makes the pass d.
func (k *Kernel) Decode(d *Decode) {
	if d.C%Pad == 0 { // rows follow each other in codes, numbers and mask alike
		k.decode(d)
	} else {
		DecodeReference(d)
	}
}

// passes reports whether bit c of a row of a mask is set.
func passes(mask []byte, row, channels, c int) bool {
	return mask == nil || mask[row*MaskStride(channels)+c/8]>>(c%8)&1 != 0
}
