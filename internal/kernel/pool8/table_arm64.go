//go:build !noasm

package pool8

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

//go:generate go run -C ../_asm . pool8 ../pool8

// Codes in a vector. Pixels of at least half of one need no portable code.
const lanes = 16

// archTable lists the kernels of arm64.
var archTable = []Kernel{
	{Row: kernel.Row{Name: "pool_max_u8_neon", ISA: "neon", Requires: cpu.NEON}, Run: func(c *Call) { c.vectorMax(lanes, lanes/2) }},
	{Row: kernel.Row{Name: "pool_avg_u8_neon", ISA: "neon", Requires: cpu.NEON}, Average: true, Run: func(c *Call) { c.vectorAverage(lanes, lanes/2) }},
}

//go:noescape
func maxNEON(arg *windows)

//go:noescape
func averageNEON(arg *windows)

func (w *windows) max(int) { maxNEON(w) }

func (w *windows) average(int) { averageNEON(w) }
