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

// tail is the mask of the last vector of a row.
func (s isa) tail(channels int) unsafe.Pointer {
	if s.wide {
		return unsafe.Pointer(&tails512[channels%16])
	}
	return unsafe.Pointer(&tails256[8-channels%8])
}

// run calls the routine by name, since the argument of a function value would be allocated
// on the heap.
func (s isa) run(r routine, p *pass) {
	if s.wide {
		switch r {
		case stats:
			statsAVX512(p)
		case finish:
			finishAVX512(p)
		case quantize:
			quantizeAVX512(p)
		case reduce:
			reduceAVX512(p)
		case apply:
			applyAVX512(p)
		case applyAdd:
			applyAddAVX512(p)
		case learn:
			learnAVX512(p)
		}
		return
	}
	switch r {
	case stats:
		statsAVX2(p)
	case finish:
		finishAVX2(p)
	case quantize:
		quantizeAVX2(p)
	case reduce:
		reduceAVX2(p)
	case apply:
		applyAVX2(p)
	case applyAdd:
		applyAddAVX2(p)
	case learn:
		learnAVX2(p)
	}
}

func (s isa) blocks(c *codes) {
	if s.wide {
		decodeAVX512(c)
	} else {
		decodeAVX2(c)
	}
}
