//go:build !noasm

package channels32

import (
	"unsafe"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

//go:generate go run -C ../_asm . channels32 ../channels32

// archTable lists the kernels of amd64, best first.
var archTable = []Kernel{
	{
		Row:   kernel.Row{Name: "channels_f32_avx512", ISA: "avx512", Requires: cpu.AVX512},
		stats: avx512.stats, finish: avx512.finish, reduce: avx512.reduce, apply: avx512.apply, learn: avx512.learn, decode: avx512.decode,
	},
	{
		Row:   kernel.Row{Name: "channels_f32_avx2", ISA: "avx2", Requires: cpu.AVX2 | cpu.FMA},
		stats: avx2.stats, finish: avx2.finish, reduce: avx2.reduce, apply: avx2.apply, learn: avx2.learn, decode: avx2.decode,
	},
}

// pass is the argument of an assembly routine.
type pass struct {
	x, up, out *float32
	mask       *byte
	rows       int
	size       int // bytes of a row
	stride     int // bytes of a row of the mask
	tail       unsafe.Pointer
	param      [6]*float32
	lo, hi     float32
	qmin, qmax float32
}

//go:noescape
func statsAVX512(arg *pass)

//go:noescape
func finishAVX512(arg *pass)

//go:noescape
func quantizeAVX512(arg *pass)

//go:noescape
func reduceAVX512(arg *pass)

//go:noescape
func applyAVX512(arg *pass)

//go:noescape
func applyAddAVX512(arg *pass)

//go:noescape
func statsAVX2(arg *pass)

//go:noescape
func finishAVX2(arg *pass)

//go:noescape
func quantizeAVX2(arg *pass)

//go:noescape
func reduceAVX2(arg *pass)

//go:noescape
func applyAVX2(arg *pass)

//go:noescape
func applyAddAVX2(arg *pass)

//go:noescape
func learnAVX512(arg *pass)

//go:noescape
func learnAVX2(arg *pass)

// codes is the argument of the routine that decodes.
type codes struct {
	codes       *uint8
	out         *float32
	mask        *byte
	blocks      int // of 16
	zero, scale float32
	lo, hi      int32
}

//go:noescape
func decodeAVX512(arg *codes)

//go:noescape
func decodeAVX2(arg *codes)

// isa is an instruction set.
type isa struct{ wide bool }

var avx512, avx2 = isa{true}, isa{false}

// Masks of the last vector of a row: the low n bits at n, and n numbers set from
// 8-n on.
var (
	tails512 = [16]uint64{0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 1023, 2047, 4095, 8191, 16383, 32767}
	tails256 = [16]int32{-1, -1, -1, -1, -1, -1, -1, -1}
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
	p.size, p.stride = 4*channels, MaskStride(channels)
	if s.wide {
		p.tail = unsafe.Pointer(&tails512[channels%16])
	} else {
		p.tail = unsafe.Pointer(&tails256[8-channels%8])
	}
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
		if s.wide {
			statsAVX512(&p)
		} else {
			statsAVX2(&p)
		}
	}
}

func (s isa) finish(f *Finish) {
	p := pass{param: [6]*float32{&f.Alpha[0], &f.Beta[0]}, lo: f.Lo, hi: f.Hi, qmin: f.QMin, qmax: f.QMax}
	if f.Quant {
		p.param[2], p.param[3], p.param[4] = &f.Inv[0], &f.Scale[0], &f.Zero[0]
	}
	s.begin(&p, f.C, f.Mask)
	for m := 0; m < f.Rows; m += blockRows {
		p.block(m, f.Rows, f.C, f.X, nil, f.Out, f.Mask)
		switch {
		case f.Quant && s.wide:
			quantizeAVX512(&p)
		case f.Quant:
			quantizeAVX2(&p)
		case s.wide:
			finishAVX512(&p)
		default:
			finishAVX2(&p)
		}
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
		if s.wide {
			reduceAVX512(&p)
		} else {
			reduceAVX2(&p)
		}
	}
}

func (s isa) apply(a *Apply) {
	x := a.X
	if x == nil {
		x = a.Up // multiplied by zero
	}
	p := pass{param: [6]*float32{&a.A[0], &a.B[0], &a.K[0]}}
	s.begin(&p, a.C, a.Mask)
	for m := 0; m < a.Rows; m += blockRows {
		p.block(m, a.Rows, a.C, x, a.Up, a.Out, a.Mask)
		switch {
		case a.Add && s.wide:
			applyAddAVX512(&p)
		case a.Add:
			applyAddAVX2(&p)
		case s.wide:
			applyAVX512(&p)
		default:
			applyAVX2(&p)
		}
	}
}

func (s isa) learn(l *Learn) {
	p := pass{param: [6]*float32{&l.Alpha[0], &l.Beta[0], &l.Inv[0], &l.Zero[0], &l.Steps[0], &l.Cut[0]},
		lo: l.Lo, hi: l.Hi, qmin: l.QMin, qmax: l.QMax}
	s.begin(&p, l.C, nil)
	for m := 0; m < l.Rows; m += blockRows {
		p.block(m, l.Rows, l.C, l.X, l.Up, nil, nil)
		if s.wide {
			learnAVX512(&p)
		} else {
			learnAVX2(&p)
		}
	}
}

func (s isa) decode(d *Decode) {
	n := d.Rows * d.C
	if n == 0 {
		return
	}
	c := codes{&d.Codes[:n][0], &d.Out[:n][0], &d.Mask[:n/8][0], n / 16, d.Zero, d.Scale, d.Lo, d.Hi}
	if s.wide {
		decodeAVX512(&c)
	} else {
		decodeAVX2(&c)
	}
}
