//go:build !noasm

package filters32

import (
	"unsafe"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

//go:generate go run -C ../_asm . filters32 ../filters32

// archTable lists the kernels of amd64, best first.
var archTable = []Kernel{
	{Row: kernel.Row{Name: "filters_f32_avx512", ISA: "avx512", Requires: cpu.AVX512}, filter: avx512.filter, weights: avx512.weights},
	{Row: kernel.Row{Name: "filters_f32_avx2", ISA: "avx2", Requires: cpu.AVX2 | cpu.FMA}, filter: avx2.filter, weights: avx2.weights},
}

// pixels is the argument of an assembly routine: pixels of one image.
type pixels struct {
	x, pad *float32
	offset *int32   // of the first pixel; for weights, of the tap
	w      *float32 // for weights, y
	out    *float32
	taps   int
	count  int
	size   int // bytes of a pixel
	tail   unsafe.Pointer
	add    int
}

//go:noescape
func filterAVX512(arg *pixels)

//go:noescape
func filterAVX2(arg *pixels)

//go:noescape
func weightsAVX512(arg *pixels)

//go:noescape
func weightsAVX2(arg *pixels)

// isa is an instruction set.
type isa struct{ wide bool }

var avx512, avx2 = isa{true}, isa{false}

// Masks of the last vector of a pixel: the low n bits at n, and n numbers set
// from 8-n on.
var (
	tails512 = [16]uint64{0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 1023, 2047, 4095, 8191, 16383, 32767}
	tails256 = [16]int32{-1, -1, -1, -1, -1, -1, -1, -1}
)

// begin sets the fields that all calls need.
func (s isa) begin(o *Operand) pixels {
	p := pixels{pad: &o.Pad[:o.C][0], taps: o.Taps, size: 4 * o.C, tail: unsafe.Pointer(&tails256[8-o.C%8])}
	if s.wide {
		p.tail = unsafe.Pointer(&tails512[o.C%16])
	}
	return p
}

// image sets p to the pixels from m on that belong to one image, at most n.
func (p *pixels) image(o *Operand, m, n int) {
	p.x, p.offset = &o.X[m/o.Rows*o.Image], &o.Offset[m%o.Rows*o.Taps]
	p.count = min(n, o.Rows-m%o.Rows)
}

func (s isa) filter(f *Filter) {
	p := s.begin(&f.Operand)
	p.w = &f.W[:f.Taps*f.C][0]
	if f.Add {
		p.add = 1
	}
	for m := f.M0; m < f.M1; {
		p.image(&f.Operand, m, f.M1-m)
		n := p.count // the routine counts down
		p.out = &f.Out[m*f.C : (m+n)*f.C][0]
		if s.wide {
			filterAVX512(&p)
		} else {
			filterAVX2(&p)
		}
		m += n
	}
}

// blockPixels is how many pixels are added up for one tap before the next, so that they
// stay in the first-level cache.
const blockPixels = 32

func (s isa) weights(w *Weights) {
	p := s.begin(&w.Operand)
	for m := w.M0; m < w.M1; m += p.count {
		p.image(&w.Operand, m, min(blockPixels, w.M1-m))
		p.w = &w.Y[m*w.C : (m+p.count)*w.C][0]
		for t := range w.Taps {
			p.offset, p.out = &w.Offset[m%w.Rows*w.Taps+t], &w.Out[t*w.C : (t+1)*w.C][0]
			if s.wide {
				weightsAVX512(&p)
			} else {
				weightsAVX2(&p)
			}
		}
	}
}
