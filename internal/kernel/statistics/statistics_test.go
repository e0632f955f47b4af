package statistics

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
)

// of returns the kernels of a function.
func of(function Function) []Kernel {
	return slices.DeleteFunc(slices.Clone(Table), func(k Kernel) bool { return k.Function != function })
}

// numbers are n of them, at a shifted alignment, spread over magnitudes or half zero.
func numbers(r *rand.Rand, n int) []float32 {
	x := make([]float32, n+3)[r.IntN(4):][:n]
	wide := r.IntN(2) == 0
	for i := range x {
		v := r.NormFloat64()
		if wide {
			v *= math.Exp(r.Float64()*40 - 20)
		} else {
			v = max(0, v)
		}
		x[i] = float32(v)
	}
	return x
}

func TestRanges(t *testing.T) {
	kerneltest.Each(t, of(Range), func(t *testing.T, k *Kernel, r *rand.Rand) {
		for i := range 400 {
			x := numbers(r, r.IntN(70))
			if i%3 == 0 && len(x) > 0 {
				x[r.IntN(len(x))] = float32([]float64{math.NaN(), math.Inf(1), math.Inf(-1)}[r.IntN(3)])
			}
			c := Call{X: x}
			k.Run(&c)
			finite := !slices.ContainsFunc(x, func(v float32) bool { return math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) })
			if c.Finite != finite {
				t.Fatalf("%v: finite is %v", x, c.Finite)
			}
			if finite && len(x) > 0 && (c.Lo != slices.Min(x) || c.Hi != slices.Max(x)) {
				t.Fatalf("%v: %v to %v", x, c.Lo, c.Hi)
			}
		}
	})
}

func TestHistograms(t *testing.T) {
	kerneltest.Each(t, of(Histogram), func(t *testing.T, k *Kernel, r *rand.Rand) {
		for range 60 {
			x := numbers(r, 1+r.IntN(3*few))
			bins := 8 + r.IntN(3000)
			c := Call{X: x, Lo: slices.Min(x), Hi: slices.Max(x), Counts: make([]uint32, bins)}
			if c.Lo == c.Hi {
				c.Lo, c.Hi = c.Lo-1, c.Hi+1
			}
			for i := range c.Counts {
				c.Counts[i] = uint32(r.IntN(3))
			}
			want := c
			want.Counts = slices.Clone(c.Counts)
			runHistogram(&want)
			k.Run(&c)
			if !c.Inside || !want.Inside {
				t.Fatalf("%d numbers from %v to %v: inside is %v, the oracle says %v", len(x), c.Lo, c.Hi, c.Inside, want.Inside)
			}
			if !slices.Equal(c.Counts, want.Counts) {
				t.Fatalf("%d numbers in %d bins from %v to %v: counts differ", len(x), bins, c.Lo, c.Hi)
			}
		}
	})
}

// One number outside, or not finite, is found wherever it stands.
func TestHistogramsEndOutside(t *testing.T) {
	kerneltest.Each(t, of(Histogram), func(t *testing.T, k *Kernel, r *rand.Rand) {
		for range 60 {
			x := numbers(r, 1+r.IntN(40*few))
			c := Call{X: x, Lo: slices.Min(x) - 1, Hi: slices.Max(x) + 1, Counts: make([]uint32, 8+r.IntN(3000))}
			x[r.IntN(len(x))] = []float32{
				math.Nextafter32(c.Lo, float32(math.Inf(-1))), math.Nextafter32(c.Hi, float32(math.Inf(1))),
				float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), -math.MaxFloat32, math.MaxFloat32,
			}[r.IntN(7)]
			if k.Run(&c); c.Inside {
				t.Fatalf("%d numbers, one not from %v to %v: inside", len(x), c.Lo, c.Hi)
			}
		}
	})
}

func TestNoise(t *testing.T) {
	kerneltest.Each(t, of(Noise), func(t *testing.T, k *Kernel, r *rand.Rand) {
		for n := range 140 {
			c := Call{X: numbers(r, n), Y: numbers(r, n)}
			if n%5 == 4 {
				c.X[r.IntN(n)] = float32([]float64{math.NaN(), math.Inf(1), -math.MaxFloat32}[r.IntN(3)])
			}
			var signal, noise [4]float64
			for i, v := range c.X {
				lane := i % 4
				if i >= n/4*4 {
					lane = 0
				}
				x, d := float64(v), float64(v)-float64(c.Y[i])
				signal[lane] += float64(x * x)
				noise[lane] += float64(d * d)
			}
			want := []float64{(signal[0] + signal[1]) + (signal[2] + signal[3]), (noise[0] + noise[1]) + (noise[2] + noise[3])}
			k.Run(&c)
			for i, got := range []float64{c.Signal, c.Noise} {
				if got != want[i] && !(math.IsNaN(got) && math.IsNaN(want[i])) {
					t.Fatalf("%d numbers: signal and noise are %v and %v, want %v", n, c.Signal, c.Noise, want)
				}
			}
			if n := testing.AllocsPerRun(1, func() { k.Run(&c) }); n != 0 {
				t.Fatalf("%v allocations", n)
			}
		}
	})
}

func TestRowsFollowTheGrammar(t *testing.T) {
	kerneltest.Names(t, Table, func(k *Kernel) string { return fmt.Sprintf("statistics_%v_f32_%s", k.Function, k.ISA) })
	for _, f := range []Function{Range, Histogram, Noise} {
		if k := Select(Table, f, 0); k.ISA != "go" {
			t.Errorf("a machine without features gets %s", k.Name)
		}
	}
}

func BenchmarkKernels(b *testing.B) {
	x := make([]float32, 1<<18)
	for i := range x {
		x[i] = float32(max(0, rand.NormFloat64()))
	}
	for k := range kerneltest.Runnable(Table) {
		b.Run(k.Name, func(b *testing.B) {
			c := Call{X: x, Y: x, Lo: slices.Min(x), Hi: slices.Max(x), Counts: make([]uint32, 2048)}
			for b.Loop() {
				k.Run(&c)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(x)), "ns/number")
		})
	}
}
