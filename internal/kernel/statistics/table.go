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

	Function Function
	Run      func(*Call)
}

// Call is a run of numbers.
type Call struct {
	X []float32

	// Of numbers that are not finite, only that there are some is told. Of the two
	// zeros either may be told.
	Lo, Hi float32
	Finite bool

	// Counts of a histogram are added to. When not all elements are inside Lo to Hi,
	// some have been counted and some not.
	Counts []uint32
	Inside bool

	// Y is as long as X, of which it is an approximation.
	Y             []float32
	Signal, Noise float64
}

// few numbers are not worth the tables of a histogram by vector; tests draw sizes
// on both sides of it.
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
