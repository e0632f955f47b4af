package depthwise32

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
	"github.com/octet-ml/octet/internal/operand"
)

// sumsBound is how far a sum of up to 25 products of about 1 may lie from the reference's,
// which rounds products before it adds them.
const sumsBound = 1e-5

func TestKernelsApproachReference(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for i := range 200 {
			channels, taps := []int{1, 3, 7, 8, 13, 16, 17, 31, 32, 33, 64, 65, 72, 127, 131}[i%15], []int{1, 2, 3, 4, 9, 25}[r.IntN(6)]
			rows, images := 1+r.IntN(7), 1+r.IntN(3)
			image := 5 * channels
			x, w, bias := kerneltest.Normal(r, image*images), kerneltest.Normal(r, channels*taps), kerneltest.Normal(r, channels)
			offset := make([]int32, rows*taps)
			for j := range offset {
				offset[j] = int32(r.IntN(6)-1) * int32(channels)
			}
			m := rows * images
			out := kerneltest.NewZone(m*channels, 0, float32(-7))
			c := &Call{W: k.Pack(w, channels, taps, bias), M1: 1 + r.IntN(m), Lo: -1, Hi: 6, Out: out.Inner}
			c.Matrix = operand.Matrix[float32]{X: x, Pad: make([]float32, channels), Taps: taps, Depth: channels,
				Offset: offset, Rows: rows, Image: image}
			c.M0 = r.IntN(c.M1)
			k.Run(c)
			want := *c
			want.Out = make([]float32, m*channels)
			Reference(&want, w)
			for j, v := range c.Out {
				if j < c.M0*channels || j >= c.M1*channels {
					if v != -7 {
						t.Fatalf("case %d: wrote to other rows", i)
					}
				} else if math.Abs(float64(v-want.Out[j])) > sumsBound {
					t.Fatalf("case %d: %v, want %v", i, v, want.Out[j])
				}
			}
			out.Check(t)
		}
	})
}

// A result must not depend on the rows computed with it.
func TestDivisionChangesNothing(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, _ *rand.Rand) {
		c := benchmarkCall(k, 9, 9, 83)
		k.Run(c)
		whole := slices.Clone(c.Out)
		for m := range c.Rows {
			c.M0, c.M1 = m, m+1
			k.Run(c)
		}
		if !slices.Equal(c.Out, whole) {
			t.Error("rows by themselves differ")
		}
	})
}

func TestNothingIsAllocated(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, _ *rand.Rand) {
		c := benchmarkCall(k, 5, 5, 77)
		if n := testing.AllocsPerRun(10, func() { k.Run(c) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

func TestNames(t *testing.T) {
	kerneltest.Names(t, Table, func(k *Kernel) string { return "depthwise_f32_" + k.ISA })
}

// benchmarkCall filters an image 3x3 with padding 1.
func benchmarkCall(k *Kernel, h, w, channels int) *Call {
	r := rand.New(rand.NewPCG(1, 2))
	random := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		return x
	}
	c := &Call{W: k.Pack(random(9*channels), channels, 9, random(channels)), M1: h * w, Hi: 6, Out: make([]float32, h*w*channels)}
	c.Matrix = operand.Matrix[float32]{X: random(h * w * channels), Pad: make([]float32, channels), Taps: 9, Depth: channels,
		Rows: h * w, Image: h * w * channels}
	for t := range 9 {
		for p := range h * w {
			y, x := p/w+t/3-1, p%w+t%3-1
			if y < 0 || x < 0 || y >= h || x >= w {
				c.Offset = append(c.Offset, -1)
			} else {
				c.Offset = append(c.Offset, int32((y*w+x)*channels))
			}
		}
	}
	return c
}

func BenchmarkKernels(b *testing.B) {
	for k := range kerneltest.Runnable(Table) {
		b.Run(k.Name, func(b *testing.B) {
			c := benchmarkCall(k, 28, 28, 192)
			for b.Loop() {
				k.Run(c)
			}
			b.ReportMetric(28*28*192*9*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GMAC/s")
		})
	}
}

func TestNaNPasses(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, _ *rand.Rand) {
		nan := float32(math.NaN())
		c := &Call{W: k.Pack([]float32{1, 1}, 2, 1, nil), M1: 1, Hi: 6, Out: make([]float32, 2)}
		c.Matrix = operand.Matrix[float32]{X: []float32{nan, 1}, Pad: []float32{0, 0}, Taps: 1, Depth: 2, Offset: []int32{0}, Rows: 1}
		k.Run(c)
		if c.Out[0] == c.Out[0] || c.Out[1] != 1 {
			t.Errorf("%v", c.Out)
		}
	})
}
