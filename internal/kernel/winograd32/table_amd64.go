//go:build !noasm

package winograd32

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

//go:generate go run -C ../_asm . winograd32 ../winograd32

// archTable lists the kernels of amd64, best first.
var archTable = []Kernel{
	{
		Row:            kernel.Row{Name: "winograd_f32_2x2_avx512", Tile: "2x2", ISA: "avx512", Requires: cpu.AVX512},
		Channels:       16,
		TransformInput: func(s *InputTiles) { s.run(true) }, TransformOutput: func(f *OutputTiles) { f.run(true) },
	},
	{
		Row:            kernel.Row{Name: "winograd_f32_2x2_avx2", Tile: "2x2", ISA: "avx2", Requires: cpu.AVX2},
		Channels:       8,
		TransformInput: func(s *InputTiles) { s.run(false) }, TransformOutput: func(f *OutputTiles) { f.run(false) },
	},
}

//go:noescape
func spreadAVX512(arg *transform)

//go:noescape
func spreadAVX2(arg *transform)

//go:noescape
func foldAVX512(arg *fold)

//go:noescape
func foldAVX2(arg *fold)

// call calls the routine by its name: what is handed to others is allocated.
func (x *transform) call(wide bool) {
	if wide {
		spreadAVX512(x)
	} else {
		spreadAVX2(x)
	}
}

func (a *fold) call(wide bool) {
	if wide {
		foldAVX512(a)
	} else {
		foldAVX2(a)
	}
}
