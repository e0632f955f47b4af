//go:build !noasm

package pool8

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

//go:generate go run -C ../_asm . pool8 ../pool8

// Codes in a vector of each instruction set. Pixels of at least a quarter of one
// need no portable code; with masks, maxima never do.
const (
	wide   = 64 // AVX-512
	narrow = 32 // AVX2
)

// archTable lists the kernels of amd64, best first.
var archTable = []Kernel{
	{Row: kernel.Row{Name: "pool_max_u8_avx512", ISA: "avx512", Requires: cpu.AVX512}, Run: func(c *Call) { c.vectorMax(wide, 1) }},
	{Row: kernel.Row{Name: "pool_max_u8_avx2", ISA: "avx2", Requires: cpu.AVX2}, Run: func(c *Call) { c.vectorMax(narrow, narrow/4) }},
	{Row: kernel.Row{Name: "pool_avg_u8_avx512", ISA: "avx512", Requires: cpu.AVX512}, Average: true, Run: func(c *Call) { c.vectorAverage(wide, wide/4) }},
	{Row: kernel.Row{Name: "pool_avg_u8_avx2", ISA: "avx2", Requires: cpu.AVX2}, Average: true, Run: func(c *Call) { c.vectorAverage(narrow, narrow/4) }},
}

//go:noescape
func maxAVX512(arg *windows)

//go:noescape
func maxAVX2(arg *windows)

//go:noescape
func averageAVX512(arg *windows)

//go:noescape
func averageAVX2(arg *windows)

func (w *windows) max(lanes int) {
	if lanes == wide {
		maxAVX512(w)
	} else {
		maxAVX2(w)
	}
}

func (w *windows) average(lanes int) {
	if lanes == wide {
		averageAVX512(w)
	} else {
		averageAVX2(w)
	}
}
