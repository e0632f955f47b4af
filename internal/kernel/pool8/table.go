package pool8

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/internal/operand"
	"github.com/octet-ml/octet/quant"
)

// Kernel is one implementation: a row of Table.
type Kernel struct {
	kernel.Row // named pool_<max|avg>_u8_<isa>

	Average bool        // else the maximum
	Run     func(*Call) // computes the rows M0 to M1 of a call
}

// Call is a block of output pixels, all channels.
type Call struct {
	operand.Windows[uint8]

	Rule *quant.Average // of averages
	Mult []float32      // [Rows], of averages: the multiplier of the sum of a window
	Acc  []int32        // [Channels], scratch of averages
}

// Table lists the kernels, best first. All are exact.
var Table = append(archTable,
	Kernel{Row: kernel.Row{Name: "pool_max_u8_go", ISA: "go"}, Run: runMax},
	Kernel{Row: kernel.Row{Name: "pool_avg_u8_go", ISA: "go"}, Average: true, Run: runAverage},
)

// Select returns the first row of table of that kind that runs on a machine
// with features f.
func Select(table []Kernel, average bool, f cpu.Features) *Kernel {
	return kernel.MustSelect(table, f, func(k *Kernel) bool { return k.Average == average })
}
