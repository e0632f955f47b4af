package requant8

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/quant"
)

// Kernel is one implementation: a row of Table.
type Kernel struct {
	kernel.Row // named requant_s32<u8|f32>_<isa>

	ToReal bool        // the result is float32 (Real), not codes (Out)
	Fused  bool        // of float32: the bias is added by a fused multiply-add
	Run    func(*Call) // converts a whole call
}

// Call is a block of accumulators.
type Call struct {
	Acc   []int32 // [M][N]
	M, N  int     // rows and columns of the block
	First int     // output channel of column 0
	LD    int     // elements from row to row of the result

	Rule *quant.Requant // to codes
	Out  []uint8        // [M][LD]

	Scale, Bias []float32 // to reals, by output channel
	Lo, Hi      float32   // the clamp of reals; NaN passes
	Real        []float32 // [M][LD]
}

// Table lists the kernels, best first. All are exact.
var Table = append(archTable,
	Kernel{Row: kernel.Row{Name: "requant_s32u8_go", ISA: "go"}, Run: run},
	Kernel{Row: kernel.Row{Name: "requant_s32f32_go", ISA: "go"}, ToReal: true, Run: runReal},
	Kernel{Row: kernel.Row{Name: "requant_s32f32_fused_go", ISA: "go"}, ToReal: true, Fused: true, Run: runFused},
)

// Select returns the first row of table with that result that runs on a machine
// with features f.
func Select(table []Kernel, toReal bool, f cpu.Features) *Kernel {
	return kernel.MustSelect(table, f, func(k *Kernel) bool { return k.ToReal == toReal && !k.Fused })
}

// SelectFused is Select for float32 results whose bias is added by a fused multiply-add.
func SelectFused(table []Kernel, f cpu.Features) *Kernel {
	return kernel.MustSelect(table, f, func(k *Kernel) bool { return k.Fused })
}

// Reference is the oracle of all rows.
func Reference(c *Call, toReal, fused bool) {
	for m := range c.M {
		for n := range c.N {
			if toReal {
				ch := c.First + n
				v := float32(float32(c.Acc[m*c.N+n])*c.Scale[ch]) + c.Bias[ch]
				if fused {
					v = quant.FMA32(float32(c.Acc[m*c.N+n]), c.Scale[ch], c.Bias[ch])
				}
				if v < c.Lo {
					v = c.Lo
				} else if v > c.Hi {
					v = c.Hi
				}
				c.Real[m*c.LD+n] = v
				continue
			}
			c.Out[m*c.LD+n] = uint8(c.Rule.Code(c.Acc[m*c.N+n], c.First+n))
		}
	}
}
