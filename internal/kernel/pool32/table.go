package pool32

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/internal/operand"
)

// Kernel is one implementation: a row of Table.
type Kernel struct {
	kernel.Row // named pool_<max|avg>_f32_<isa>

	Average bool        // else the maximum
	Run     func(*Call) // computes the rows M0 to M1 of a call
}

// Call is a block of output pixels, all channels. Div and Acc are for averages.
type Call struct {
	operand.Windows[float32]

	Div []float32 // [Rows], of averages
	Acc []float64 // [Channels], scratch of averages
}

// Table lists the kernels, best first. All are exact.
var Table = append(archTable,
	Kernel{Row: kernel.Row{Name: "pool_max_f32_go", ISA: "go"}, Run: runMax},
	Kernel{Row: kernel.Row{Name: "pool_avg_f32_go", ISA: "go"}, Average: true, Run: runAverage},
)

// Select returns the first row of table of that kind that runs on a machine
// with features f.
func Select(table []Kernel, average bool, f cpu.Features) *Kernel {
	return kernel.MustSelect(table, f, func(k *Kernel) bool { return k.Average == average })
}
