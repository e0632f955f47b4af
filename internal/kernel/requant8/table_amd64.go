//go:build !noasm

package requant8

import (
	"unsafe"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/quant"
)

//go:generate go run -C ../_asm . requant8 ../requant8

// archTable lists the kernels of amd64, best first.
var archTable = []Kernel{
	{Row: kernel.Row{Name: "requant_s32u8_avx512", ISA: "avx512", Requires: cpu.AVX512}, Run: runAVX512},
	{Row: kernel.Row{Name: "requant_s32u8_avx2", ISA: "avx2", Requires: cpu.AVX2 | cpu.FMA}, Run: runAVX2},
	{Row: kernel.Row{Name: "requant_s32f32_avx2", ISA: "avx2", Requires: cpu.AVX2}, ToReal: true, Run: runRealAVX2},
	{Row: kernel.Row{Name: "requant_s32f32_fused_avx2", ISA: "avx2", Requires: cpu.AVX2 | cpu.FMA}, ToReal: true, Fused: true, Run: runFusedAVX2},
	{Row: kernel.Row{Name: "requant_s32f32_rows_avx2", ISA: "avx2", Requires: cpu.AVX2}, ToReal: true, ByRow: true, Run: runByRowAVX2},
}

// rows is the argument of an assembly routine: it computes, by the rule in its
// name, out[m*ld+n] from acc[m*n+n] for all rows and columns.
type rows struct {
	acc          *int32
	out          *uint8
	m, n, ld     int
	bias         unsafe.Pointer // float32 or int32, by the rule
	mult         *float32
	biasMul      float32
	zero, lo, hi int32   // lo and hi without the zero point
	realZero     float32 // of realBias; zero is then 0
}

// realRows is the argument of the routine whose results are float32.
type realRows struct {
	acc         *int32
	out         *float32
	m, n, ld    int
	scale, bias *float32
	lo, hi      float32

	scales *float32 // of toRealByRow
	zeros  *uint8
	sums   *int32
}

//go:noescape
func toRealAVX2(arg *realRows)

//go:noescape
func toRealFusedAVX2(arg *realRows)

//go:noescape
func toRealByRowAVX2(arg *realRows)

//go:noescape
func addBiasAVX512(arg *rows)

//go:noescape
func intBiasAVX512(arg *rows)

//go:noescape
func fusedBiasAVX512(arg *rows)

//go:noescape
func realBiasAVX512(arg *rows)

//go:noescape
func addBiasAVX2(arg *rows)

//go:noescape
func intBiasAVX2(arg *rows)

//go:noescape
func fusedBiasAVX2(arg *rows)

//go:noescape
func realBiasAVX2(arg *rows)

func runAVX512(c *Call) {
	if c.M == 0 || c.N == 0 {
		return
	}
	a := c.rows()
	switch c.Rule.Rule {
	case quant.AddBias:
		addBiasAVX512(&a)
	case quant.FusedBias:
		fusedBiasAVX512(&a)
	case quant.IntBias:
		intBiasAVX512(&a)
	case quant.RealBias:
		realBiasAVX512(&a)
	}
}

// runAVX2 runs portable code on rows shorter than a vector.
func runAVX2(c *Call) {
	if c.M == 0 || c.N < 8 {
		run(c)
		return
	}
	a := c.rows()
	switch c.Rule.Rule {
	case quant.AddBias:
		addBiasAVX2(&a)
	case quant.FusedBias:
		fusedBiasAVX2(&a)
	case quant.IntBias:
		intBiasAVX2(&a)
	case quant.RealBias:
		realBiasAVX2(&a)
	}
}

// runRealAVX2 runs portable code on rows shorter than a vector.
func runRealAVX2(c *Call) {
	if c.M == 0 || c.N < 8 {
		runReal(c)
		return
	}
	a := c.realRows()
	toRealAVX2(&a)
}

// runFusedAVX2 is runRealAVX2 with a fused multiply-add.
func runFusedAVX2(c *Call) {
	if c.M == 0 || c.N < 8 {
		runFused(c)
		return
	}
	a := c.realRows()
	toRealFusedAVX2(&a)
}

// runByRowAVX2 is runRealAVX2 where rows have scales and zero points of their own.
func runByRowAVX2(c *Call) {
	if c.M == 0 || c.N < 8 {
		runByRow(c)
		return
	}
	a := c.realRows()
	a.scales, a.zeros, a.sums = &c.Scales[:c.M][0], &c.Zeros[:c.M][0], &c.Sums[c.First : c.First+c.N][0]
	toRealByRowAVX2(&a)
}

// realRows is rows for results that are float32.
func (c *Call) realRows() realRows {
	_ = c.Acc[c.M*c.N-1]
	_ = c.Real[(c.M-1)*c.LD+c.N-1]
	return realRows{
		acc: &c.Acc[0], out: &c.Real[0], m: c.M, n: c.N, ld: c.LD,
		scale: &c.Scale[c.First : c.First+c.N][0], bias: &c.Bias[c.First : c.First+c.N][0], lo: c.Lo, hi: c.Hi,
	}
}

// rows is the argument of a routine for c, which must have at least one accumulator.
func (c *Call) rows() rows {
	r := c.Rule
	_ = c.Acc[c.M*c.N-1]
	_ = c.Out[(c.M-1)*c.LD+c.N-1]
	a := rows{
		acc: &c.Acc[0], out: &c.Out[0], m: c.M, n: c.N, ld: c.LD, mult: &r.Mult[c.First : c.First+c.N][0],
		biasMul: r.BiasMul, zero: r.Zero, lo: r.Lo - r.Zero, hi: r.Hi - r.Zero,
	}
	if r.Rule == quant.RealBias {
		a.realZero, a.zero, a.lo, a.hi = float32(r.Zero), 0, r.Lo, r.Hi
	}
	if r.Rule == quant.IntBias {
		a.bias = unsafe.Pointer(&r.BiasInt[c.First : c.First+c.N][0])
	} else {
		a.bias = unsafe.Pointer(&r.Bias[c.First : c.First+c.N][0])
	}
	return a
}
