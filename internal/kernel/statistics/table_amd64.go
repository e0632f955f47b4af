//go:build !noasm

package statistics

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
)

//go:generate go run -C ../_asm . statistics ../statistics

// archTable lists the kernels of amd64. Vectors twice as wide gain nothing: two of them
// wait for the memory, and the noise for its additions, whose order is fixed.
var archTable = []Kernel{
	{Row: kernel.Row{Name: "statistics_range_f32_avx2", ISA: "avx2", Requires: cpu.AVX2}, Function: Range, Run: rangeVectors},
	{Row: kernel.Row{Name: "statistics_histogram_f32_avx2", ISA: "avx2", Requires: cpu.AVX2}, Function: Histogram, Run: histogramVectors},
	{Row: kernel.Row{Name: "statistics_noise_f32_avx2", ISA: "avx2", Requires: cpu.AVX2}, Function: Noise, Run: noiseVectors},
}

//go:noescape
func rangeAVX2(arg *ranging)

//go:noescape
func histogramAVX2(arg *binning)

//go:noescape
func noiseAVX2(arg *powers)

func (a *ranging) run() { rangeAVX2(a) }

func (a *binning) run() { histogramAVX2(a) }

func (a *powers) run() { noiseAVX2(a) }
