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

// tail is the mask of the last vector of a pixel.
func (s isa) tail(channels int) unsafe.Pointer {
	if s.wide {
		return unsafe.Pointer(&tails512[channels%16])
	}
	return unsafe.Pointer(&tails256[8-channels%8])
}

// convolve calls the routine by name, since the argument of a function value would be
// allocated on the heap; so does addWeights.
func (s isa) convolve(p *pixels) {
	if s.wide {
		filterAVX512(p)
	} else {
		filterAVX2(p)
	}
}

func (s isa) addWeights(p *pixels) {
	if s.wide {
		weightsAVX512(p)
	} else {
		weightsAVX2(p)
	}
}
