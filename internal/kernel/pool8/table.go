package pool8

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/quant"
)

// Kernel is one implementation: a row of Table.
type Kernel struct {
	kernel.Row // named pool_<max|avg>_u8_<isa>

	Average bool
	Run     func(*Call)
}

// Call is a block of output pixels, all channels.
type Call struct {
	X        []uint8
	Channels int

	// Output row m is window m%Rows of image m/Rows, whose pixels start at
	// m/Rows*Image + Cells[i] for Start[w] <= i < Start[w+1].
	Cells, Start []int32
	Rows, Image  int

	Rule *quant.Average // of averages
	Mult []float32      // [Rows]
	Acc  []int32        // [Channels], scratch of averages

	M0, M1 int
	Out    []uint8
}

// Table lists the kernels, best first. All are exact.
var Table = append(archTable,
	Kernel{Row: kernel.Row{Name: "pool_max_u8_go", ISA: "go"}, Run: func(c *Call) { runMax(c, 0) }},
	Kernel{Row: kernel.Row{Name: "pool_avg_u8_go", ISA: "go"}, Average: true, Run: func(c *Call) { runAverage(c, 0) }},
)

// Select returns the first row of table of that kind that runs on a machine
// with features f.
func Select(table []Kernel, average bool, f cpu.Features) *Kernel {
	return kernel.MustSelect(table, f, func(k *Kernel) bool { return k.Average == average })
}

// cells returns the window of output row m and the start of its image.
func (c *Call) cells(m int) ([]int32, int) {
	w := m % c.Rows
	return c.Cells[c.Start[w]:c.Start[w+1]], m / c.Rows * c.Image
}
