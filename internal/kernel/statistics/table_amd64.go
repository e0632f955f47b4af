package statistics

import (
	"math"

	"github.com/octet-ml/octet/internal/cpu"
)

//go:generate go run -C ../_asm . statistics ../statistics

// archTable lists the kernels of amd64.
var archTable = []Kernel{
	{Name: "statistics_range_f32_avx2", ISA: "avx2", Function: Range, Requires: cpu.AVX2, Run: rangeVectors},
	{Name: "statistics_histogram_f32_avx2", ISA: "avx2", Function: Histogram, Requires: cpu.AVX2, Run: histogramVectors},
}

const lanes = 8

// ranging is the argument of rangeAVX2: it finds the extremes of count vectors, and
// a sum of zeros, lane by lane.
type ranging struct {
	x      *float32
	count  int
	lo, hi [lanes]float32
	zeros  [lanes]float32
}

//go:noescape
func rangeAVX2(arg *ranging)

func rangeVectors(c *Call) {
	whole := len(c.X) / lanes
	rest := Call{X: c.X[whole*lanes:]}
	runRange(&rest)
	c.Lo, c.Hi, c.Finite = rest.Lo, rest.Hi, rest.Finite
	if whole == 0 {
		return
	}
	a := ranging{x: &c.X[0], count: whole}
	rangeAVX2(&a)
	zeros := float32(0)
	for i := range a.lo {
		c.Lo, c.Hi = min(c.Lo, a.lo[i]), max(c.Hi, a.hi[i])
		zeros += a.zeros[i]
	}
	c.Finite = c.Finite && zeros == 0 && !math.IsNaN(float64(zeros))
}

// binning is the argument of histogramAVX2: it counts count vectors in four tables,
// lane by lane, so that equal numbers next to each other do not wait for their
// counts. Zeros go to the spare bins behind those of a table.
type binning struct {
	x      *float32
	count  int
	counts *uint32 // four tables of bins and spares
	bins   int     // of a table, spares included
	lo     float32
	span   float32
	many   float32 // bins without spares
	last   int32
	spares int32        // the first of them
	_      [lanes]int32 // bins of a vector, for the routine
}

//go:noescape
func histogramAVX2(arg *binning)

const (
	tables = 4
	spares = 64
	few    = 4096 // numbers for which all that does not pay
)

func histogramVectors(c *Call) {
	whole := len(c.X) / lanes
	if len(c.X) < few {
		whole = 0
	}
	rest := *c
	rest.X = c.X[whole*lanes:]
	runHistogram(&rest)
	if whole == 0 {
		return
	}
	bins := len(c.Counts)
	all := bins + spares
	counts := make([]uint32, tables*all)
	a := binning{
		x: &c.X[0], count: whole, counts: &counts[0], bins: all,
		lo: c.Lo, span: c.Hi - c.Lo, many: float32(bins), last: int32(bins - 1), spares: int32(bins),
	}
	histogramAVX2(&a)
	zeros := uint32(0)
	for t := range tables {
		table := counts[t*all:][:all]
		for i := range c.Counts {
			c.Counts[i] += table[i]
		}
		for _, n := range table[bins:] {
			zeros += n
		}
	}
	if zeros > 0 {
		c.Counts[bin(0, c.Lo, c.Hi-c.Lo, bins)] += zeros
	}
}
