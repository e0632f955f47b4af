package depthwise8

import (
	"math"
	"unsafe"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/quant"
)

//go:generate go run -C ../_asm . depthwise8 ../depthwise8

// archTable lists the kernels of amd64, best first.
var archTable = []Kernel{
	rowOf("avx512vnni", cpu.AVX512|cpu.AVX512VNNI|cpu.FMA, family{
		taps: 4, byteWeights: true,
		rows: []routine{{64, zmmVNNI}, {32, ymmVNNI}, {16, xmmVNNI}},
	}),
	rowOf("avx512", cpu.AVX512|cpu.AVX2|cpu.FMA, family{
		taps: 2, rows: []routine{{64, zmmPairs}, {32, ymmPairs}, {16, xmmPairs}},
	}),
	rowOf("avx2", cpu.AVX2|cpu.FMA, family{
		taps: 2, rows: []routine{{32, ymmPairs}, {16, xmmPairs}},
	}),
}

// block is the argument of an assembly routine: for rows output pixels and as
// many channels as its name says, it computes the sums
//
//	s[m][c] = init[c] + sum over t of x[offset[t][m]+c] * weights[t][c]
//
// reading pad where the offset is negative, and stores them at out, stride bytes
// apart, or, where rule is not storeSums, the codes that the rule makes of them.
type block struct {
	x       unsafe.Pointer
	pad     unsafe.Pointer
	offset  *int32
	nextTap int // bytes from the offsets of one tap to the next
	taps    int
	rows    int
	weights unsafe.Pointer
	init    unsafe.Pointer // as weights, bias and mult in the order of the routine
	out     unsafe.Pointer
	stride  int
	bias    unsafe.Pointer
	mult    unsafe.Pointer
	rule    int
	biasMul float32
	zero    int16
	lo, hi  uint8
}

// The values of block.rule.
const (
	storeSums = iota
	addBias
	intBias
	fusedBias
)

// rules are their values by quant's.
var rules = [...]int{quant.AddBias: addBias, quant.FusedBias: fusedBias, quant.IntBias: intBias}

//go:noescape
func rows16AVX2(arg *block)

//go:noescape
func rows32AVX2(arg *block)

//go:noescape
func rows64AVX512(arg *block)

//go:noescape
func rows16AVX512VNNI(arg *block)

//go:noescape
func rows32AVX512VNNI(arg *block)

//go:noescape
func rows64AVX512VNNI(arg *block)

// family is what the rows of the table differ in.
type family struct {
	taps        int       // multiplied at once
	byteWeights bool      // of 8 bits, not 16
	rows        []routine // widest first
}

type routine struct {
	width int // channels
	code  int
}

// The routines. They are called by a switch, because the argument of a function
// value would be allocated.
const (
	xmmPairs = iota
	ymmPairs
	zmmPairs
	xmmVNNI
	ymmVNNI
	zmmVNNI
)

func (r routine) run(a *block) {
	switch r.code {
	case xmmPairs:
		rows16AVX2(a)
	case ymmPairs:
		rows32AVX2(a)
	case zmmPairs:
		rows64AVX512(a)
	case xmmVNNI:
		rows16AVX512VNNI(a)
	case ymmVNNI:
		rows32AVX512VNNI(a)
	case zmmVNNI:
		rows64AVX512VNNI(a)
	}
}

// rowOf makes a row of the table. Fewer channels than the narrowest block are
// left to the portable kernel.
func rowOf(isa string, requires cpu.Features, f family) Kernel {
	least := f.rows[len(f.rows)-1].width
	return Kernel{
		Name: "depthwise_u8s8_" + isa, ISA: isa, Requires: requires,
		Pack: func(w []int8, channels, taps int, zero uint8) *Weights {
			if channels < least {
				return packTaps(w, channels, taps, zero)
			}
			return f.pack(w, channels, taps, zero)
		},
		Run: func(c *Call) {
			if c.W.Channels < least {
				run(c)
				return
			}
			f.run(c, nil)
		},
		PackRule: func(w *Weights, r *quant.Requant) *Rule {
			if w.Channels < least || r.Rule == quant.RealBias {
				return nil
			}
			return packRule(w.Data.(*blocked), r)
		},
		RunCodes: func(c *Call) { f.run(c, c.Rule) },
	}
}

// part is a block of channels. The last one may overlap the one before it, so
// that it is whole: its results are then computed and stored twice.
type part struct {
	routine
	first int // channel
	at    int // of its first channel in packed arrays
}

// cover divides channels into parts, wide ones first.
func (f *family) cover(channels int) []part {
	var parts []part
	first, at := 0, 0
	add := func(r routine, c int) {
		parts = append(parts, part{r, c, at})
		at += r.width
		first = c + r.width
	}
	for first < channels {
		left := channels - first
		for i, r := range f.rows {
			if left >= r.width {
				add(r, first)
				break
			}
			// Narrower blocks would not cover the rest at once.
			if (i+1 == len(f.rows) || left > f.rows[i+1].width) && channels >= r.width {
				add(r, channels-r.width)
				break
			}
		}
	}
	return parts
}

// blocked is the layout of Weights and of a Rule: parts one after the other, the
// channels of each in the order of the routines.
type blocked struct {
	parts   []part
	weights []byte // [part][group of taps][channel][tap]
	init    []int32
	perTaps int // bytes of one channel's weights
}

// order returns the channel, within a part, that position i of its arrays holds.
func order(i, width int) int {
	k, lane := i/(width/4), i%(width/4)/4
	return lane*16 + k*4 + i%4
}

func (f *family) pack(w []int8, channels, taps int, zero uint8) *Weights {
	size := 2
	if f.byteWeights {
		size = 1
	}
	groups := (taps + f.taps - 1) / f.taps
	b := &blocked{parts: f.cover(channels), perTaps: groups * f.taps * size}
	out := &Weights{Channels: channels, Taps: taps, Init: make([]int32, channels), Data: b}
	for c := range channels {
		for _, v := range w[c*taps : (c+1)*taps] {
			out.Init[c] -= int32(zero) * int32(v)
		}
	}
	last := b.parts[len(b.parts)-1]
	total := last.at + last.width
	b.weights, b.init = make([]byte, total*b.perTaps), make([]int32, total)
	for _, p := range b.parts {
		for i := range p.width {
			c := p.first + order(i, p.width)
			b.init[p.at+i] = out.Init[c]
			for t := range taps {
				v := w[c*taps+t]
				at := p.at*b.perTaps + ((t/f.taps*p.width+i)*f.taps+t%f.taps)*size
				b.weights[at] = byte(v)
				if size == 2 {
					b.weights[at+1] = byte(int16(v) >> 8)
				}
			}
		}
	}
	return out
}

func packRule(b *blocked, r *quant.Requant) *Rule {
	out := &Rule{rule: r, bias: make([]uint32, len(b.init)), factor: make([]uint32, len(b.init))}
	for _, p := range b.parts {
		for i := range p.width {
			c := p.first + order(i, p.width)
			out.factor[p.at+i] = math.Float32bits(r.Mult[c])
			if r.Rule == quant.IntBias {
				out.bias[p.at+i] = uint32(r.BiasInt[c])
			} else {
				out.bias[p.at+i] = math.Float32bits(r.Bias[c])
			}
		}
	}
	return out
}

// run computes sums, or codes by rule.
func (f *family) run(c *Call, rule *Rule) {
	b := c.W.Data.(*blocked)
	n, taps := c.W.Channels, c.W.Taps
	a := block{taps: taps, nextTap: 4 * c.Rows}
	if rule == nil {
		a.stride = n * 4
		_ = c.Acc[:(c.M1-c.M0)*n]
	} else {
		r := rule.rule
		a.stride = n
		a.rule = rules[r.Rule]
		a.biasMul, a.zero, a.lo, a.hi = r.BiasMul, int16(r.Zero), uint8(r.Lo), uint8(r.Hi)
		_ = c.Out[:(c.M1-c.M0)*n]
	}
	pad := c.Pad[:n]
	for m := c.M0; m < c.M1; m += a.rows {
		image, row := m/c.Rows, m%c.Rows
		a.rows = min(c.M1-m, c.Rows-row)
		a.offset = &c.Offset[row : (taps-1)*c.Rows+row+a.rows][0]
		x := c.X[image*c.Image : (image+1)*c.Image]
		for _, p := range b.parts {
			a.x, a.pad = unsafe.Pointer(&x[p.first]), unsafe.Pointer(&pad[p.first])
			a.weights, a.init = unsafe.Pointer(&b.weights[p.at*b.perTaps]), unsafe.Pointer(&b.init[p.at])
			at := (m-c.M0)*n + p.first
			if rule == nil {
				a.out = unsafe.Pointer(&c.Acc[at])
			} else {
				a.out = unsafe.Pointer(&c.Out[at])
				a.bias, a.mult = unsafe.Pointer(&rule.bias[p.at]), unsafe.Pointer(&rule.factor[p.at])
			}
			p.run(&a)
		}
	}
}
