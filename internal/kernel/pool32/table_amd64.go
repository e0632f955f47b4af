package pool32

import (
	"math"
	"unsafe"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
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

// windows is the argument of an assembly routine: count windows of the image at
// x, which the list start delimits.
type windows struct {
	x            *float32
	cells, start *int32
	out          *float32
	mult         *float32 // of averages: divisors
	count        int
	size, whole  int    // bytes of a pixel, and of those in whole vectors
	mask         uint64 // of the channels in the last vector
	least        float32
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
	for m := c.M0; m < c.M1; {
		w := c.windows(m, lanes)
		m += w.count
		if lanes == wide {
			maxAVX512(&w)
		} else {
			maxAVX2(&w)
		}
	}
	if lanes != wide {
		runMax(c, c.Channels/lanes*lanes)
	}
}

func (c *Call) vectorAverage(lanes int) {
	for m := c.M0; m < c.M1; {
		w := c.windows(m, lanes)
		w.mult = &c.Div[m%c.Rows : c.Rows][0]
		m += w.count
		if lanes == wide {
			averageAVX512(&w)
		} else {
			averageAVX2(&w)
		}
	}
	runAverage(c, c.Channels/lanes*lanes)
}

// windows describes the windows from output row m to the end of its image or the
// call.
func (c *Call) windows(m, lanes int) windows {
	n := c.Channels
	image, first := m/c.Rows, m%c.Rows
	count := min(c.Rows-first, c.M1-m)
	w := windows{
		x: unsafe.SliceData(c.X[image*c.Image:]), cells: unsafe.SliceData(c.Cells),
		start: &c.Start[first : first+count+1][0], out: &c.Out[m*n : (m+count)*n][0],
		count: count, size: n * 4, whole: n / lanes * lanes * 4, mask: 1<<(n%lanes) - 1,
	}
	w.least = float32(math.Inf(-1))
	return w
}
