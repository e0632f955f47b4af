//go:build !noasm

package depthwise8

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/rule"
	"github.com/octet-ml/octet/quant"
)

//go:generate go run -C ../_asm . depthwise8 ../depthwise8

// archTable lists the kernels of arm64, best first.
var archTable = []Kernel{i8mm(), dotProd(), neon()}

//go:noescape
func rows16I8MM(arg *block)

//go:noescape
func rows16DotProd(arg *block)

//go:noescape
func rows16NEON(arg *block)

//go:noescape
func rows16ApartNEON(arg *block)

// The routines. They are called by a switch, because the argument of a function
// value would be allocated.
const (
	unsigned = iota
	fours
	pairs
	apart
)

func (r routine) run(a *block) {
	switch r.code {
	case unsigned:
		rows16I8MM(a)
	case fours:
		rows16DotProd(a)
	case pairs:
		rows16NEON(a)
	case apart:
		rows16ApartNEON(a)
	}
}

// i8mm multiplies four taps with USDOT, which takes codes as they are.
func i8mm() Kernel {
	return arm64(rowOf("i8mm", cpu.NEON|cpu.I8MM, family{taps: 4, bytes: 4, alone: true, through: true, rows: []routine{{16, unsigned}}}))
}

// dotProd multiplies four taps with SDOT.
func dotProd() Kernel {
	return arm64(rowOf("dotprod", cpu.NEON|cpu.DotProd, family{taps: 4, bytes: 4, alone: true, flips: true, through: true, rows: []routine{{16, fours}}}))
}

// neon multiplies with SMULL and SMLAL. Products of pairs of taps are added in 16 bits, unless
// the filters have a pair of weights of -128.
func neon() Kernel {
	k := rowOf("neon", cpu.NEON, family{taps: 2, bytes: 2, alone: true, flips: true, through: true, rows: []routine{{16, pairs}}})
	inPairs := k.Pack
	single := rowOf("neon", cpu.NEON, family{taps: 1, bytes: 1, flips: true, through: true, rows: []routine{{16, apart}}}).Pack
	k.Pack = func(w []int8, channels, taps int, zero uint8) *Weights {
		if heavy(w, taps) {
			return single(w, channels, taps, zero)
		}
		return inPairs(w, channels, taps, zero)
	}
	return arm64(k)
}

// arm64 is k with the rules of arm64.
func arm64(k Kernel) Kernel {
	packed := k.PackRule
	k.PackRule = func(w *Weights, q *quant.Requant) *Rule {
		r := packed(w, q)
		if r != nil {
			r.constants.Rule |= rule.Arm64(q, 0, w.Data.(*blocked).sums)
		}
		return r
	}
	return k
}

// heavy reports whether a filter has two weights of -128 in one pair of taps.
func heavy(w []int8, taps int) bool {
	for ; len(w) > 0; w = w[taps:] {
		for t := 1; t < taps; t += 2 {
			if w[t-1] == -128 && w[t] == -128 {
				return true
			}
		}
	}
	return false
}

// supports reports whether the routines compute such filters: at least as many channels as
// a block, at most maxTaps taps.
func (f *family) supports(_ []int8, channels, taps int) bool {
	return channels >= f.rows[0].width && taps <= maxTaps
}

// order returns the channel, within a part, that position i of its arrays holds.
func order(i, _ int) int { return i }

// put puts the weights of channel i of a part where its routine finds them: those of a group
// of four taps side by side, others tap by tap.
func (f *family) put(weights []byte, p part, i int, w []int8) {
	for t, v := range w {
		at := t*p.width + i
		if f.taps == 4 && (t%4 > 0 || t+1 < len(w)) {
			at = t/4*4*p.width + 4*i + t%4
		}
		weights[at] = byte(v)
	}
}
