//go:build !noasm

package pool8

import (
	"runtime"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/internal/operand"
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
	{Row: kernel.Row{Name: "pool_max_u8_avx512", ISA: "avx512", Requires: cpu.AVX512}, Run: func(c *Call) { c.vectorMax(wide) }},
	{Row: kernel.Row{Name: "pool_max_u8_avx2", ISA: "avx2", Requires: cpu.AVX2}, Run: func(c *Call) { c.vectorMax(narrow) }},
	{Row: kernel.Row{Name: "pool_avg_u8_avx512", ISA: "avx512", Requires: cpu.AVX512}, Average: true, Run: func(c *Call) { c.vectorAverage(wide) }},
	{Row: kernel.Row{Name: "pool_avg_u8_avx2", ISA: "avx2", Requires: cpu.AVX2}, Average: true, Run: func(c *Call) { c.vectorAverage(narrow) }},
}

// windows is the argument of an assembly routine.
type windows struct {
	operand.WindowCursor
	zero   int32 // of averages, like the rest
	zero16 int16
	lo, hi uint8
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
	if lanes != wide && c.Channels < lanes/4 {
		runMax(c)
		return
	}
	var w windows
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
	if c.Channels < lanes/4 {
		runAverage(c)
		return
	}
	zero, lo, hi := c.Rule.Limits()
	w := windows{zero: zero, zero16: int16(zero), lo: uint8(lo), hi: uint8(hi)}
	for m := c.M0; m < c.M1; {
		m = operand.Walk(&w.WindowCursor, &c.Windows, m, lanes, c.Mult)
		if lanes == wide {
			averageAVX512(&w)
		} else {
			averageAVX2(&w)
		}
	}
	runtime.KeepAlive(c) // the factors
}
