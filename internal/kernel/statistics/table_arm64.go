//go:build !noasm

package statistics

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

//go:generate go run -C ../_asm . statistics ../statistics

// archTable lists the kernels of arm64.
var archTable = []Kernel{
	{Row: kernel.Row{Name: "statistics_range_f32_neon", ISA: "neon", Requires: cpu.NEON}, Function: Range, Run: rangeVectors},
	{Row: kernel.Row{Name: "statistics_histogram_f32_neon", ISA: "neon", Requires: cpu.NEON}, Function: Histogram, Run: histogramVectors},
	{Row: kernel.Row{Name: "statistics_noise_f32_neon", ISA: "neon", Requires: cpu.NEON}, Function: Noise, Run: noiseVectors},
}

//go:noescape
func rangeNEON(arg *ranging)

//go:noescape
func histogramNEON(arg *binning)

//go:noescape
func noiseNEON(arg *powers)

func (a *ranging) run() { rangeNEON(a) }

func (a *binning) run() { histogramNEON(a) }

func (a *powers) run() { noiseNEON(a) }
