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

// lanes is the number of numbers in a vector.
const lanes = 4

// archTable lists the kernels of arm64.
var archTable = []Kernel{
	{Row: kernel.Row{Name: "pool_max_f32_neon", ISA: "neon", Requires: cpu.NEON}, Run: maxima},
	{Row: kernel.Row{Name: "pool_avg_f32_neon", ISA: "neon", Requires: cpu.NEON}, Average: true, Run: averages},
}

//go:noescape
func maxNEON(arg *windows)

//go:noescape
func averageNEON(arg *windows)

func maxima(c *Call) {
	w := windows{least: float32(math.Inf(-1))}
	for m := c.M0; m < c.M1; {
		m = operand.Walk(&w.WindowCursor, &c.Windows, m, lanes, nil)
		maxNEON(&w)
	}
}

func averages(c *Call) {
	var w windows
	for m := c.M0; m < c.M1; {
		m = operand.Walk(&w.WindowCursor, &c.Windows, m, lanes, c.Div)
		averageNEON(&w)
	}
	runtime.KeepAlive(c) // the factors
}
