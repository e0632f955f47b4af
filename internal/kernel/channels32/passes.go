//go:build (amd64 || arm64) && !noasm

package channels32

import "unsafe"

// pass is the argument of an assembly routine.
type pass struct {
	x, up, out *float32
	mask       *byte
	rows       int
	size       int            // bytes of a row
	stride     int            // bytes of a row of the mask
	tail       unsafe.Pointer // mask of the last vector; arm64 has none
	param      [6]*float32
	lo, hi     float32
	qmin, qmax float32
}

// codes is the argument of the routine that decodes.
type codes struct {
	codes       *uint8
	out         *float32
	mask        *byte
	blocks      int // of 16
	zero, scale float32
	lo, hi      int32
}

// routine names a pass that is written in assembly.
type routine uint8

const (
	stats routine = iota
	finish
	quantize // finish, with fake-quantization
	reduce
	apply
	applyAdd
	learn
)

// allPass is a row of a mask for any number of channels up to 8 times its length.
var allPass = func() []byte {
	m := make([]byte, 1<<13)
	for i := range m {
		m[i] = 255
	}
	return m
}()

// blockRows is how many rows a routine passes over at a time.
const blockRows = 16

// begin sets the fields that all passes need.
func (s isa) begin(p *pass, channels int, mask []byte) {
	p.size, p.stride, p.tail = 4*channels, MaskStride(channels), s.tail(channels)
	if mask == nil {
		p.mask, p.stride = &allPass[0], 0
		if channels > 8*len(allPass) {
			panic("channels32: too many channels to pass without a mask")
		}
	}
}

// rows sets p to rows m to m+blockRows, or to the last ones; x, up and out may be
// nil.
func (p *pass) block(m, rows, channels int, x, up, out []float32, mask []byte) {
	p.rows = min(blockRows, rows-m)
	at := m * channels
	p.x, p.up, p.out = from(x, at), from(up, at), from(out, at)
	if mask != nil {
		p.mask = &mask[m*p.stride]
	}
}

// from is where a block starts; a pass that reads nothing there is given nil.
func from(x []float32, at int) *float32 {
	if x == nil {
		return nil
	}
	return &x[at]
}

func (s isa) stats(x []float32, rows int, t *Stats) {
	p := pass{param: [6]*float32{&t.Shift[0], &t.Sum[0], &t.Square[0], &t.Smallest[0], &t.Largest[0]}}
	s.begin(&p, t.C, nil)
	for m := 0; m < rows; m += blockRows {
		p.block(m, rows, t.C, x, nil, nil, nil)
		s.run(stats, &p)
	}
}

func (s isa) finish(f *Finish) {
	p := pass{param: [6]*float32{&f.Alpha[0], &f.Beta[0]}, lo: f.Lo, hi: f.Hi, qmin: f.QMin, qmax: f.QMax}
	r := finish
	if f.Quant {
		r = quantize
		p.param[2], p.param[3], p.param[4] = &f.Inv[0], &f.Scale[0], &f.Zero[0]
	}
	s.begin(&p, f.C, f.Mask)
	for m := 0; m < f.Rows; m += blockRows {
		p.block(m, f.Rows, f.C, f.X, nil, f.Out, f.Mask)
		s.run(r, &p)
	}
}

func (s isa) reduce(r *Reduce) {
	x, mean := r.X, r.Mean
	if x == nil {
		x, mean = r.Up, r.Sum // SumX is not used
	}
	p := pass{param: [6]*float32{&mean[0], &r.Sum[0], &r.SumX[0]}}
	s.begin(&p, r.C, r.Mask)
	for m := 0; m < r.Rows; m += blockRows {
		p.block(m, r.Rows, r.C, x, r.Up, nil, r.Mask)
		s.run(reduce, &p)
	}
}

func (s isa) apply(a *Apply) {
	x := a.X
	if x == nil {
		x = a.Up // multiplied by zero
	}
	r := apply
	if a.Add {
		r = applyAdd
	}
	p := pass{param: [6]*float32{&a.A[0], &a.B[0], &a.K[0]}}
	s.begin(&p, a.C, a.Mask)
	for m := 0; m < a.Rows; m += blockRows {
		p.block(m, a.Rows, a.C, x, a.Up, a.Out, a.Mask)
		s.run(r, &p)
	}
}

func (s isa) learn(l *Learn) {
	p := pass{param: [6]*float32{&l.Alpha[0], &l.Beta[0], &l.Inv[0], &l.Zero[0], &l.Steps[0], &l.Cut[0]},
		lo: l.Lo, hi: l.Hi, qmin: l.QMin, qmax: l.QMax}
	s.begin(&p, l.C, nil)
	for m := 0; m < l.Rows; m += blockRows {
		p.block(m, l.Rows, l.C, l.X, l.Up, nil, nil)
		s.run(learn, &p)
	}
}

func (s isa) decode(d *Decode) {
	n := d.Rows * d.C
	if n == 0 {
		return
	}
	c := codes{&d.Codes[:n][0], &d.Out[:n][0], &d.Mask[:n/8][0], n / 16, d.Zero, d.Scale, d.Lo, d.Hi}
	s.blocks(&c)
}
