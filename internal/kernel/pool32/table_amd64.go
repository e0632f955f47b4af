//go:build !noasm

package pool32

import (
	"math"
	"runtime"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/internal/operand"
)

//go:generate go run -C ../_asm . pool32 ../pool32

// Numbers in a vector of each instruction set.
const (
	wide   = 16 // AVX-512
	narrow = 8  // AVX2
)

// archTable lists the kernels of amd64, best first.
var archTable = []Kernel{
	{Row: kernel.Row{Name: "pool_max_f32_avx512", ISA: "avx512", Requires: cpu.AVX512}, Run: func(c *Call) { c.vectorMax(wide) }},
	{Row: kernel.Row{Name: "pool_max_f32_avx2", ISA: "avx2", Requires: cpu.AVX2}, Run: func(c *Call) { c.vectorMax(narrow) }},
	{Row: kernel.Row{Name: "pool_avg_f32_avx512", ISA: "avx512", Requires: cpu.AVX512}, Average: true, Run: func(c *Call) { c.vectorAverage(wide) }},
	{Row: kernel.Row{Name: "pool_avg_f32_avx2", ISA: "avx2", Requires: cpu.AVX2}, Average: true, Run: func(c *Call) { c.vectorAverage(narrow) }},
}

//go:noescape
func maxAVX512(arg *windows)

//go:noescape
func maxAVX2(arg *windows)

//go:noescape
func averageAVX512(arg *windows)

//go:noescape
func averageAVX2(arg *windows)

func (c *Call) vectorMax(lanes int) {
	if lanes != wide && c.Channels < lanes {
		runMax(c)
		return
	}
	w := windows{least: float32(math.Inf(-1))}
	for m := c.M0; m < c.M1; {
		m = operand.Walk(&w.WindowCursor, &c.Windows, m, lanes, nil)
		if lanes == wide {
			maxAVX512(&w)
		} else {
			maxAVX2(&w)
		}
	}
}

func (c *Call) vectorAverage(lanes int) {
	if c.Channels < lanes {
		runAverage(c)
		return
	}
	var w windows
	for m := c.M0; m < c.M1; {
		m = operand.Walk(&w.WindowCursor, &c.Windows, m, lanes, c.Div)
		if lanes == wide {
			averageAVX512(&w)
		} else {
			averageAVX2(&w)
		}
	}
	runtime.KeepAlive(c) // the factors
}
