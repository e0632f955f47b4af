package statistics

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

// Function is what a kernel computes.
type Function uint8

// The functions.
const (
	Range Function = iota
	Histogram
	Noise
)

// String returns the function's name in kernel names.
func (f Function) String() string { return [...]string{"range", "histogram", "noise"}[f] }

// Kernel is one implementation: a row of Table. All are exact.
type Kernel struct {
	kernel.Row // named statistics_<function>_f32_<isa>

	Function Function    // which of the functions it computes
	Run      func(*Call) // reads a whole call
}

// Call is an array of numbers, X.
type Call struct {
	X []float32 // may be empty

	// The range: a result of range, an input of histogram. Finite is set by range. If it is
	// false, Lo and Hi are undefined. A zero may have either sign.
	Lo, Hi float32
	Finite bool

	// Counts are the bins of histogram, which adds to them. Inside tells whether all
	// elements are within Lo to Hi; if not, only some have been counted.
	Counts []uint32
	Inside bool

	// Y approximates X and is as long. Signal and Noise are the results of noise: sums of
	// squares of X and of X-Y.
	Y             []float32
	Signal, Noise float64
}

// few is the length below which the vector histogram, with its several tables, does not
// pay; tests draw lengths on both sides of it.
const few = 4096

// Table lists the kernels, best first.
var Table = append(archTable,
	Kernel{Row: kernel.Row{Name: "statistics_range_f32_go", ISA: "go"}, Function: Range, Run: runRange},
	Kernel{Row: kernel.Row{Name: "statistics_histogram_f32_go", ISA: "go"}, Function: Histogram, Run: runHistogram},
	Kernel{Row: kernel.Row{Name: "statistics_noise_f32_go", ISA: "go"}, Function: Noise, Run: runNoise},
)

// Select returns the first row of table with that function that runs on a
// machine with features f.
func Select(table []Kernel, function Function, f cpu.Features) *Kernel {
	return kernel.MustSelect(table, f, func(k *Kernel) bool { return k.Function == function })
}
