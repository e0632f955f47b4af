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
	ByRow  bool        // of float32: rows have scales and zero points of their own
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

	Scales []float32 // by row: the scales of the operand, [M]
	Zeros  []uint8   // its zero points, [M]
	Sums   []int32   // what a zero point of 1 adds to an accumulator, by output channel
}

// Table lists the kernels, best first. All are exact.
var Table = append(archTable,
	Kernel{Row: kernel.Row{Name: "requant_s32u8_go", ISA: "go"}, Run: run},
	Kernel{Row: kernel.Row{Name: "requant_s32f32_go", ISA: "go"}, ToReal: true, Run: runReal},
	Kernel{Row: kernel.Row{Name: "requant_s32f32_fused_go", ISA: "go"}, ToReal: true, Fused: true, Run: runFused},
	Kernel{Row: kernel.Row{Name: "requant_s32f32_rows_go", ISA: "go"}, ToReal: true, ByRow: true, Run: runByRow},
)

// Select returns the first row of table with that result, by one rule for all rows, that runs on
// a machine with features f.
func Select(table []Kernel, toReal bool, f cpu.Features) *Kernel {
	return kernel.MustSelect(table, f, func(k *Kernel) bool { return k.ToReal == toReal && !k.Fused && !k.ByRow })
}

// SelectFused is Select for float32 results whose bias is added by a fused multiply-add.
func SelectFused(table []Kernel, f cpu.Features) *Kernel {
	return kernel.MustSelect(table, f, func(k *Kernel) bool { return k.Fused })
}

// SelectByRow is Select for float32 results of rows that have parameters of their own.
func SelectByRow(table []Kernel, f cpu.Features) *Kernel {
	return kernel.MustSelect(table, f, func(k *Kernel) bool { return k.ByRow })
}

// Reference is the oracle of all rows.
func Reference(c *Call, k *Kernel) {
	for m := range c.M {
		for n := range c.N {
			if k.ToReal {
				ch := c.First + n
				acc, scale := c.Acc[m*c.N+n], c.Scale[ch]
				if k.ByRow {
					acc -= int32(c.Zeros[m]) * c.Sums[ch]
					scale *= c.Scales[m]
				}
				v := float32(float32(acc)*scale) + c.Bias[ch]
				if k.Fused {
					v = quant.FMA32(float32(acc), scale, c.Bias[ch])
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
