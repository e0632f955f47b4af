//go:build !noasm

package winograd32

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

//go:generate go run -C ../_asm . winograd32 ../winograd32

// archTable lists the kernels of arm64. Routines take four channels at a time; fewer than
// eight are not worth the transforms.
var archTable = []Kernel{{
	Row:            kernel.Row{Name: "winograd_f32_2x2_neon", Tile: "2x2", ISA: "neon", Requires: cpu.NEON},
	Channels:       8,
	TransformInput: func(s *InputTiles) { s.run(false) }, TransformOutput: func(f *OutputTiles) { f.run(false) },
}}

//go:noescape
func spreadNEON(arg *transform)

//go:noescape
func foldNEON(arg *fold)

// call calls the routine by its name: what is handed to others is allocated.
func (x *transform) call(bool) { spreadNEON(x) }
func (a *fold) call(bool)      { foldNEON(a) }
