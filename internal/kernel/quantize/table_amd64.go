//go:build !noasm

package quantize

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

//go:generate go run -C ../_asm . quantize ../quantize

// Bytes of a vector of each instruction set.
const (
	wide   = 64 // AVX-512
	narrow = 32 // AVX2
)

// archTable lists the kernels of amd64, best first.
var archTable = []Kernel{
	{Row: kernel.Row{Name: "quantize_f32x8_avx512", ISA: "avx512", Requires: cpu.AVX512}, Run: func(c *Call) { c.vectorCodes(wide) }},
	{Row: kernel.Row{Name: "quantize_f32x8_avx2", ISA: "avx2", Requires: cpu.AVX2}, Run: func(c *Call) { c.vectorCodes(narrow) }},
	{Row: kernel.Row{Name: "dequantize_x8f32_avx512", ISA: "avx512", Requires: cpu.AVX512}, ToReal: true, Run: func(c *Call) { c.vectorReals(wide / 4) }},
	{Row: kernel.Row{Name: "dequantize_x8f32_avx2", ISA: "avx2", Requires: cpu.AVX2}, ToReal: true, Run: func(c *Call) { c.vectorReals(narrow / 4) }},
}

//go:noescape
func toUnsignedAVX512(arg *numbers)

//go:noescape
func toUnsignedAVX2(arg *numbers)

//go:noescape
func toSignedAVX512(arg *numbers)

//go:noescape
func toSignedAVX2(arg *numbers)

//go:noescape
func toUnsignedDividedAVX512(arg *numbers)

//go:noescape
func toUnsignedDividedAVX2(arg *numbers)

//go:noescape
func toSignedDividedAVX512(arg *numbers)

//go:noescape
func toSignedDividedAVX2(arg *numbers)

//go:noescape
func toRealsAVX512(arg *numbers)

//go:noescape
func toRealsAVX2(arg *numbers)

func (a *numbers) toCodes(signed, divide bool, block int) {
	switch {
	case divide && signed && block == wide:
		toSignedDividedAVX512(a)
	case divide && signed:
		toSignedDividedAVX2(a)
	case divide && block == wide:
		toUnsignedDividedAVX512(a)
	case divide:
		toUnsignedDividedAVX2(a)
	case signed && block == wide:
		toSignedAVX512(a)
	case signed:
		toSignedAVX2(a)
	case block == wide:
		toUnsignedAVX512(a)
	default:
		toUnsignedAVX2(a)
	}
}

func (a *numbers) toReals(block int) {
	if block == wide/4 {
		toRealsAVX512(a)
	} else {
		toRealsAVX2(a)
	}
}
