package requant8

import (
	"unsafe"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/quant"
)

//go:generate go run -C ../_asm . requant8 ../requant8

// archTable lists the kernels of amd64, best first.
var archTable = []Kernel{{
	Name: "requant_s32u8_avx512", ISA: "avx512", Requires: cpu.AVX512, Run: runAVX512,
}}

// rows is the argument of an assembly routine: it computes, by the rule in its
// name, out[m*ld+n] from acc[m*n+n] for all rows and columns.
type rows struct {
	acc          *int32
	out          *uint8
	m, n, ld     int
	bias         unsafe.Pointer // float32 or int32, by the rule
	mult         *float32
	biasMul      float32
	zero, lo, hi int32 // lo and hi without the zero point
}

//go:noescape
func addBiasAVX512(arg *rows)

//go:noescape
func intBiasAVX512(arg *rows)

//go:noescape
func fusedBiasAVX512(arg *rows)

func runAVX512(c *Call) {
	r := c.Rule
	if c.M == 0 || c.N == 0 {
		return
	}
	if r.Rule == quant.RealBias {
		run(c)
		return
	}
	_ = c.Acc[c.M*c.N-1]
	_ = c.Out[(c.M-1)*c.LD+c.N-1]
	a := rows{
		acc: &c.Acc[0], out: &c.Out[0], m: c.M, n: c.N, ld: c.LD, mult: &r.Mult[c.First : c.First+c.N][0],
		biasMul: r.BiasMul, zero: r.Zero, lo: r.Lo - r.Zero, hi: r.Hi - r.Zero,
	}
	switch r.Rule {
	case quant.AddBias:
		a.bias = unsafe.Pointer(&r.Bias[c.First : c.First+c.N][0])
		addBiasAVX512(&a)
	case quant.FusedBias:
		a.bias = unsafe.Pointer(&r.Bias[c.First : c.First+c.N][0])
		fusedBiasAVX512(&a)
	case quant.IntBias:
		a.bias = unsafe.Pointer(&r.BiasInt[c.First : c.First+c.N][0])
		intBiasAVX512(&a)
	}
}
