//go:build !noasm

package filters32

import (
	"unsafe"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

//go:generate go run -C ../_asm . filters32 ../filters32

// archTable lists the kernels of arm64.
var archTable = []Kernel{
	{Row: kernel.Row{Name: "filters_f32_neon", ISA: "neon", Requires: cpu.NEON}, filter: neon.filter, weights: neon.weights},
}

//go:noescape
func filterNEON(arg *pixels)

//go:noescape
func weightsNEON(arg *pixels)

// isa is the instruction set, of which there is one here.
type isa struct{}

var neon isa

// tail is no mask: channels behind whole vectors are computed one by one.
func (isa) tail(int) unsafe.Pointer { return nil }

func (isa) convolve(p *pixels)   { filterNEON(p) }
func (isa) addWeights(p *pixels) { weightsNEON(p) }
