//go:build (amd64 || arm64) && !noasm

package filters32

import "unsafe"

// pixels is the argument of an assembly routine: pixels of one image.
type pixels struct {
	x, pad *float32
	offset *int32   // of the first pixel; for weights, of the tap
	w      *float32 // for weights, y
	out    *float32
	taps   int
	count  int
	size   int            // bytes of a pixel
	tail   unsafe.Pointer // mask of the last vector; arm64 has none
	add    int
}

// begin sets the fields that all calls need.
func (s isa) begin(o *Operand) pixels {
	return pixels{pad: &o.Pad[:o.C][0], taps: o.Taps, size: 4 * o.C, tail: s.tail(o.C)}
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
		s.convolve(&p)
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
			s.addWeights(&p)
		}
	}
}
