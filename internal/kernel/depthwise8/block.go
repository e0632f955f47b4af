//go:build (amd64 || arm64) && !noasm

package depthwise8

import (
	"slices"
	"unsafe"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/internal/rule"
	"github.com/octet-ml/octet/quant"
)

// block is the argument of an assembly routine: for rows output pixels and as
// many channels as its name says, it computes the accumulators
//
//	s[m][c] = init[c] + sum over t of x[offset[t][m]+c] * weights[t][c]
//
// reading pad where the offset is negative, and stores them, or with a rule the
// requantized codes, to out, stride bytes from row to row.
type block struct {
	x       unsafe.Pointer
	pad     unsafe.Pointer
	offset  *int32
	nextTap int // bytes from the offsets of one tap to the next
	taps    int
	rows    int
	ends    *int32 // of runs, from the one that holds the first row
	at      int    // the index of the first row, in the units of ends
	step    int    // bytes from pixel to pixel of a run
	weights unsafe.Pointer
	init    unsafe.Pointer // like weights, bias and mult, in the routine's order of channels
	out     unsafe.Pointer
	stride  int
	bias    unsafe.Pointer
	mult    unsafe.Pointer
	rule.Constants
	_ [maxTaps + 3]uintptr // the pixel under each tap

	// Of routines that go over all parts.
	channels int
	part     int        // bytes of the weights of a part
	_        [2]uintptr // position of the routine: pixels of the run, and where its results go
}

// maxTaps is the largest filter that the routines support: 7x7.
const maxTaps = 49

// family is what the rows of the table differ in.
type family struct {
	taps    int       // multiplied by one instruction
	bytes   int       // of a channel's weights for them
	alone   bool      // arm64: a last tap that is alone in its group has one byte
	through bool      // arm64: routines go over all parts
	nibbles bool      // amd64: weights are split into 16*high + low
	flips   bool      // codes are multiplied as signed ones, 128 less
	rows    []routine // widest first
}

type routine struct {
	width int // channels
	code  int
}

// rowOf makes a row of the table. Filters that its routines do not support are computed by
// the portable kernel.
func rowOf(isa string, requires cpu.Features, f family) Kernel {
	return Kernel{
		Row:  kernel.Row{Name: "depthwise_u8s8_" + isa, ISA: isa, Requires: requires},
		Rate: 25,
		Pack: func(w []int8, channels, taps int, zero uint8) *Weights {
			if !f.supports(w, channels, taps) {
				return packTaps(w, channels, taps, zero)
			}
			return f.pack(w, channels, taps, zero)
		},
		Run: func(c *Call) {
			if _, ok := c.W.Data.(*blocked); !ok {
				run(c)
				return
			}
			f.run(c, nil)
		},
		PackRule: func(w *Weights, r *quant.Requant) *Rule {
			b, ok := w.Data.(*blocked)
			if !ok {
				return nil
			}
			return packRule(b, r)
		},
		RunCodes: func(c *Call) { f.run(c, c.Rule) },
	}
}

// part is a block of channels. The last one may overlap the one before it, so
// that it is whole: its results are then computed and stored twice.
type part struct {
	routine
	first int // channel
	at    int // index of its first channel in packed arrays
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
	flipped []int32 // what init has beyond Weights.Init, by channel, if the family flips codes
	perTaps int     // bytes of one channel's weights
	sums    []int64 // of the magnitudes of the weights of each channel
}

func (b *blocked) withInit() any {
	c := *b
	c.init = slices.Clone(b.init)
	return &c
}

func (b *blocked) setInit(init []int32) {
	for _, p := range b.parts {
		for i := range p.width {
			c := p.first + order(i, p.width)
			b.init[p.at+i] = init[c]
			if b.flipped != nil {
				b.init[p.at+i] += b.flipped[c]
			}
		}
	}
}

func (f *family) pack(w []int8, channels, taps int, zero uint8) *Weights {
	b := &blocked{parts: f.cover(channels), perTaps: f.perTaps(taps)}
	out := &Weights{Channels: channels, Taps: taps, Init: make([]int32, channels), Data: b}
	b.sums = make([]int64, channels)
	if f.flips {
		b.flipped = make([]int32, channels)
	}
	for c := range channels {
		for _, v := range w[c*taps : (c+1)*taps] {
			out.Init[c] -= int32(zero) * int32(v)
			b.sums[c] += int64(max(int(v), -int(v)))
			if f.flips {
				b.flipped[c] += 128 * int32(v)
			}
		}
	}
	last := b.parts[len(b.parts)-1]
	total := last.at + last.width
	b.weights, b.init = make([]byte, total*b.perTaps), make([]int32, total)
	b.setInit(out.Init)
	for _, p := range b.parts {
		for i := range p.width {
			c := p.first + order(i, p.width)
			f.put(b.weights[p.at*b.perTaps:], p, i, w[c*taps:(c+1)*taps])
		}
	}
	return out
}

// perTaps is the size of the weights of a channel.
func (f *family) perTaps(taps int) int {
	if f.alone && taps%f.taps == 1 {
		return taps/f.taps*f.bytes + 1
	}
	return (taps + f.taps - 1) / f.taps * f.bytes
}

func packRule(b *blocked, r *quant.Requant) *Rule {
	out := &Rule{constants: rule.Of(r), bias: make([]uint32, len(b.init)), mult: make([]float32, len(b.init))}
	for _, p := range b.parts {
		for i := range p.width {
			c := p.first + order(i, p.width)
			out.mult[p.at+i], out.bias[p.at+i] = r.Mult[c], rule.Bias(r, c)
		}
	}
	return out
}

// run computes accumulators, or codes.
func (f *family) run(c *Call, codes *Rule) {
	b := c.W.Data.(*blocked)
	n, taps := c.W.Channels, c.W.Taps
	parts := b.parts
	a := block{taps: taps, nextTap: 4 * c.Rows, step: c.Step, channels: n, part: parts[0].width * b.perTaps}
	if f.through {
		parts = parts[:1]
	}
	if codes == nil {
		a.stride = n * 4
		_ = c.Acc[:(c.M1-c.M0)*n]
	} else {
		a.stride = n
		a.Constants = codes.constants
		_ = c.Out[:(c.M1-c.M0)*n]
	}
	for m := c.M0; m < c.M1; m += a.rows {
		image := m / c.Rows
		a.at = m % c.Rows
		a.rows = min(c.M1-m, c.Rows-a.at)
		a.offset = &c.Offset[a.at : (taps-1)*c.Rows+a.at+a.rows][0]
		first, _ := slices.BinarySearch(c.Ends, int32(a.at+1))
		a.ends = &c.Ends[first]
		x := c.X[image*c.Image : (image+1)*c.Image]
		for _, p := range parts {
			a.x, a.pad = unsafe.Pointer(&x[p.first]), unsafe.Pointer(&c.Pad[p.first])
			a.weights, a.init = unsafe.Pointer(&b.weights[p.at*b.perTaps]), unsafe.Pointer(&b.init[p.at])
			at := (m-c.M0)*n + p.first
			if codes == nil {
				a.out = unsafe.Pointer(&c.Acc[at])
			} else {
				a.out = unsafe.Pointer(&c.Out[at])
				a.bias, a.mult = unsafe.Pointer(&codes.bias[p.at]), unsafe.Pointer(&codes.mult[p.at])
			}
			p.run(&a)
		}
	}
}
