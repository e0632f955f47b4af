//go:build !noasm

package channels32

import (
	"unsafe"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

//go:generate go run -C ../_asm . channels32 ../channels32

// archTable lists the kernels of arm64.
var archTable = []Kernel{{
	Row:   kernel.Row{Name: "channels_f32_neon", ISA: "neon", Requires: cpu.NEON},
	stats: neon.stats, finish: neon.finish, reduce: neon.reduce, apply: neon.apply, learn: neon.learn, decode: neon.decode,
}}

// isa is the instruction set, of which there is one here.
type isa struct{}

var neon isa

// tail is no mask: whole groups of channels are all that routines know.
func (isa) tail(int) unsafe.Pointer { return nil }

// group is the number of channels that a routine takes at a time.
const group = 8

// run passes over the whole groups of channels in place, and over the channels behind them in
// a group of its own.
func (isa) run(r routine, p *pass) {
	channels := p.size / 4
	whole := channels / group * group
	if whole > 0 {
		p.call(r)
	}
	if whole == channels {
		return
	}
	var x, up, out [blockRows * group]float32
	rest := *p
	rest.size = 4 * group
	rest.mask = (*byte)(unsafe.Add(unsafe.Pointer(p.mask), whole/8))
	for i, param := range p.param {
		if param != nil {
			rest.param[i] = (*float32)(unsafe.Add(unsafe.Pointer(param), 4*whole))
		}
	}
	rest.x, rest.up, rest.out = &x[0], &up[0], &out[0]
	each := func(rows *float32, do func(row []float32, m int)) {
		if rows == nil {
			return
		}
		all := unsafe.Slice(rows, p.rows*channels)
		for m := range p.rows {
			do(all[m*channels+whole:][:channels-whole], m*group)
		}
	}
	each(p.x, func(row []float32, m int) { copy(x[m:], row) })
	each(p.up, func(row []float32, m int) { copy(up[m:], row) })
	each(p.out, func(row []float32, m int) { copy(out[m:], row) })
	rest.call(r)
	each(p.out, func(row []float32, m int) { copy(row, out[m:]) })
}

func (isa) blocks(c *codes) { decodeNEON(c) }

// call calls the routine by name, since the argument of a function value would be allocated
// on the heap.
func (p *pass) call(r routine) {
	switch r {
	case stats:
		statsNEON(p)
	case finish:
		finishNEON(p)
	case quantize:
		quantizeNEON(p)
	case reduce:
		reduceNEON(p)
	case apply:
		applyNEON(p)
	case applyAdd:
		applyAddNEON(p)
	case learn:
		learnNEON(p)
	}
}

//go:noescape
func statsNEON(arg *pass)

//go:noescape
func finishNEON(arg *pass)

//go:noescape
func quantizeNEON(arg *pass)

//go:noescape
func reduceNEON(arg *pass)

//go:noescape
func applyNEON(arg *pass)

//go:noescape
func applyAddNEON(arg *pass)

//go:noescape
func learnNEON(arg *pass)

//go:noescape
func decodeNEON(arg *codes)
