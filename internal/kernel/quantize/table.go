package quantize

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/quant"
)

// Kernel is one implementation: a row of Table.
type Kernel struct {
	kernel.Row // named quantize_f32x8_<isa>, dequantize_x8f32_<isa>

	ToReal bool        // it dequantizes Codes to Real; else the other way
	Run    func(*Call) // converts a whole call
}

// Call is an array of numbers, Real, and as many codes. Those of qint8 are stored 128
// higher.
type Call struct {
	Real  []float32
	Codes []uint8         // as long as Real
	Rule  quant.Quantizer // to codes: those of quint8, or of qint8, by its own zero point and limits

	// To reals: the rule, for unsigned codes, and the table of all its results.
	ToReal quant.Dequantizer
	Reals  *[256]float32 // by code; nil to codes
}

// flip is the bit in which signed and unsigned codes differ.
const flip = 0x80

// signed reports whether the codes are those of qint8.
func (c *Call) signed() bool { return c.Rule.Lo < 0 }

// Table lists the kernels, best first. All are exact.
var Table = append(archTable,
	Kernel{Row: kernel.Row{Name: "quantize_f32x8_go", ISA: "go"}, Run: toCodes},
	Kernel{Row: kernel.Row{Name: "dequantize_x8f32_go", ISA: "go"}, ToReal: true, Run: toReals},
)

// Select returns the first row of table of that direction that runs on a
// machine with features f.
func Select(table []Kernel, toReal bool, f cpu.Features) *Kernel {
	return kernel.MustSelect(table, f, func(k *Kernel) bool { return k.ToReal == toReal })
}
