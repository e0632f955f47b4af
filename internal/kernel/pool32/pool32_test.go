package pool32

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
	"github.com/octet-ml/octet/internal/operand"
)

func TestKernelsEqualReference(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for i := range 300 {
			channels := []int{1, 3, 7, 8, 13, 31, 32, 33, 64, 65, 127, 255, 256, 257, 331}[i%15]
			rows, images := 1+r.IntN(7), 1+r.IntN(3)
			c := &Call{Windows: operand.Windows[float32]{Channels: channels, Rows: rows, Image: 6 * channels, Start: []int32{0}, M1: 1 + r.IntN(rows*images)}}
			c.M0 = r.IntN(c.M1)
			shift := r.IntN(8)
			c.X = make([]float32, shift+images*c.Image)[shift:]
			for j := range c.X {
				c.X[j] = []float32{float32(r.NormFloat64()), float32(math.NaN()), float32(math.Inf(1 - r.IntN(2)*2))}[r.IntN(40)/38*r.IntN(3)]
				if r.IntN(4) == 0 {
					c.X[j] = float32(math.Copysign(0, float64(r.IntN(2))-0.5)) // the first of equal numbers is the maximum
				}
			}
			for range rows {
				n := 1 + r.IntN(9)
				for range n {
					c.Cells = append(c.Cells, int32(r.IntN(6)*channels))
				}
				c.Start = append(c.Start, int32(len(c.Cells)))
				c.Div = append(c.Div, float32(n))
			}
			c.Acc = make([]float64, channels)
			// Everything around the rows M0 to M1 must survive.
			out := kerneltest.NewZone(rows*images*channels, shift, float32(0x55))
			want := *c
			want.Out = slices.Clone(out.Inner)
			Reference(&want, k.Average)
			c.Out = out.Inner
			k.Run(c)
			if !kerneltest.Same(c.Out, want.Out) {
				t.Fatalf("case %d: %d channels: differs from the reference", i, channels)
			}
			out.Check(t)
		}
	})
}

func TestNothingIsAllocated(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, _ *rand.Rand) {
		c := benchmarkCall(5, 5, 77, 3)
		if n := testing.AllocsPerRun(10, func() { k.Run(c) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

// benchmarkCall pools windows of size x size pixels, two apart, of an image.
func benchmarkCall(h, w, channels, size int) *Call {
	c := &Call{Windows: operand.Windows[float32]{Channels: channels, Image: h * w * channels, X: make([]float32, h*w*channels), Start: []int32{0}}}
	for y := 0; y+size <= h; y += 2 {
		for x := 0; x+size <= w; x += 2 {
			for i := range size * size {
				c.Cells = append(c.Cells, int32(((y+i/size)*w+x+i%size)*channels))
			}
			c.Start = append(c.Start, int32(len(c.Cells)))
		}
	}
	c.Rows = len(c.Start) - 1
	c.M1 = c.Rows
	c.Out = make([]float32, c.Rows*channels)
	c.Div = slices.Repeat([]float32{float32(size * size)}, c.Rows)
	c.Acc = make([]float64, channels)
	return c
}

func BenchmarkKernels(b *testing.B) {
	for k := range kerneltest.Runnable(Table) {
		for name, c := range map[string]*Call{"3x3": benchmarkCall(112, 112, 64, 3), "global": benchmarkCall(7, 7, 2048, 7)} {
			b.Run(k.Name+"/"+name, func(b *testing.B) {
				for b.Loop() {
					k.Run(c)
				}
			})
		}
	}
}

func TestNames(t *testing.T) {
	kerneltest.Names(t, Table, func(k *Kernel) string {
		kind := "max"
		if k.Average {
			kind = "avg"
		}
		return "pool_" + kind + "_f32_" + k.ISA
	})
}
