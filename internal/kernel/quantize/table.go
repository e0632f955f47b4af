package quantize

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/quant"
)

// Kernel is one implementation: a row of Table.
type Kernel struct {
	kernel.Row // named quantize_f32x8_<isa>, dequantize_x8f32_<isa>

	ToReal bool
	Run    func(*Call)
}

// Call is a run of numbers. Codes of qint8 are held as their bits.
type Call struct {
	Real  []float32
	Codes []uint8
	Rule  quant.Quantizer // to codes: those of quint8, or of qint8

	// To reals: the rule, the type of the codes, and the table of all results.
	ToReal quant.Dequantizer
	Signed bool
	Reals  *[256]float32
}

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
