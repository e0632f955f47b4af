//go:build !noasm

package elementwise8

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

//go:generate go run -C ../_asm . elementwise8 ../elementwise8

// Codes in a block of each instruction set.
const (
	wide   = 64 // AVX-512
	narrow = 32 // AVX2
)

// archTable lists the kernels of amd64, best first.
var archTable = []Kernel{
	{Row: kernel.Row{Name: "elementwise_map_x8_avx512vbmi", ISA: "avx512vbmi", Requires: cpu.AVX512 | cpu.AVX512VBMI}, Run: func(c *Call) { c.runMap(wide) }},
	{Row: kernel.Row{Name: "elementwise_map_x8_avx2", ISA: "avx2", Requires: cpu.AVX2}, Run: func(c *Call) { c.runMap(narrow) }},
	{Row: kernel.Row{Name: "elementwise_addfloat_u8_avx512", ISA: "avx512", Requires: cpu.AVX512 | cpu.FMA}, Function: AddFloat, Run: func(c *Call) { c.runAddFloat(wide) }},
	{Row: kernel.Row{Name: "elementwise_addfloat_u8_avx2", ISA: "avx2", Requires: cpu.AVX2 | cpu.FMA}, Function: AddFloat, Run: func(c *Call) { c.runAddFloat(narrow) }},
	{Row: kernel.Row{Name: "elementwise_addsigned_s8_avx512", ISA: "avx512", Requires: cpu.AVX512 | cpu.FMA}, Function: AddSigned, Run: func(c *Call) { c.runAddSigned(wide) }},
	{Row: kernel.Row{Name: "elementwise_addsigned_s8_avx2", ISA: "avx2", Requires: cpu.AVX2 | cpu.FMA}, Function: AddSigned, Run: func(c *Call) { c.runAddSigned(narrow) }},
	{Row: kernel.Row{Name: "elementwise_addfixed_u8_avx512", ISA: "avx512", Requires: cpu.AVX512}, Function: AddFixed, Run: func(c *Call) { c.runAddFixed(wide) }},
	{Row: kernel.Row{Name: "elementwise_addfixed_u8_avx2", ISA: "avx2", Requires: cpu.AVX2}, Function: AddFixed, Run: func(c *Call) { c.runAddFixed(narrow) }},
	{Row: kernel.Row{Name: "elementwise_mul_u8_avx512", ISA: "avx512", Requires: cpu.AVX512}, Function: Mul, Run: func(c *Call) { c.runMul(wide) }},
	{Row: kernel.Row{Name: "elementwise_mul_u8_avx2", ISA: "avx2", Requires: cpu.AVX2}, Function: Mul, Run: func(c *Call) { c.runMul(narrow) }},
	{Row: kernel.Row{Name: "elementwise_mulearly_u8_avx512", ISA: "avx512", Requires: cpu.AVX512}, Function: MulEarly, Run: func(c *Call) { c.runMulEarly(wide) }},
	{Row: kernel.Row{Name: "elementwise_mulearly_u8_avx2", ISA: "avx2", Requires: cpu.AVX2}, Function: MulEarly, Run: func(c *Call) { c.runMulEarly(narrow) }},
	{Row: kernel.Row{Name: "elementwise_addratio_u8_avx512", ISA: "avx512", Requires: cpu.AVX512 | cpu.FMA}, Function: AddRatio, Run: func(c *Call) { c.run(c.ratio(), AddRatio, wide) }},
	{Row: kernel.Row{Name: "elementwise_addratio_u8_avx2", ISA: "avx2", Requires: cpu.AVX2 | cpu.FMA}, Function: AddRatio, Run: func(c *Call) { c.run(c.ratio(), AddRatio, narrow) }},
	{Row: kernel.Row{Name: "elementwise_addratiosigned_s8_avx512", ISA: "avx512", Requires: cpu.AVX512 | cpu.FMA}, Function: AddRatioSigned, Run: func(c *Call) { c.run(c.ratio(), AddRatioSigned, wide) }},
	{Row: kernel.Row{Name: "elementwise_addratiosigned_s8_avx2", ISA: "avx2", Requires: cpu.AVX2 | cpu.FMA}, Function: AddRatioSigned, Run: func(c *Call) { c.run(c.ratio(), AddRatioSigned, narrow) }},
}

//go:noescape
func mapVBMI(arg *codes)

//go:noescape
func mapAVX2(arg *codes)

//go:noescape
func addFloatAVX512(arg *codes)

//go:noescape
func addFloatAVX2(arg *codes)

//go:noescape
func addSignedAVX512(arg *codes)

//go:noescape
func addSignedAVX2(arg *codes)

//go:noescape
func addFixedAVX512(arg *codes)

//go:noescape
func addFixedAVX2(arg *codes)

//go:noescape
func mulAVX512(arg *codes)

//go:noescape
func mulAVX2(arg *codes)

//go:noescape
func mulEarlyAVX512(arg *codes)

//go:noescape
func mulEarlyAVX2(arg *codes)

//go:noescape
func addRatioAVX512(arg *codes)

//go:noescape
func addRatioAVX2(arg *codes)

//go:noescape
func addRatioSignedAVX512(arg *codes)

//go:noescape
func addRatioSignedAVX2(arg *codes)

// compute calls the routine by name, since the argument of a function value would be
// allocated on the heap.
func (a *codes) compute(f Function, block int) {
	switch {
	case f == Map && block == wide:
		mapVBMI(a)
	case f == Map:
		mapAVX2(a)
	case f == AddFloat && block == wide:
		addFloatAVX512(a)
	case f == AddFloat:
		addFloatAVX2(a)
	case f == AddSigned && block == wide:
		addSignedAVX512(a)
	case f == AddSigned:
		addSignedAVX2(a)
	case f == AddFixed && block == wide:
		addFixedAVX512(a)
	case f == AddFixed:
		addFixedAVX2(a)
	case f == Mul && block == wide:
		mulAVX512(a)
	case f == Mul:
		mulAVX2(a)
	case f == MulEarly && block == wide:
		mulEarlyAVX512(a)
	case f == MulEarly:
		mulEarlyAVX2(a)
	case f == AddRatio && block == wide:
		addRatioAVX512(a)
	case f == AddRatio:
		addRatioAVX2(a)
	case block == wide:
		addRatioSignedAVX512(a)
	default:
		addRatioSignedAVX2(a)
	}
}
