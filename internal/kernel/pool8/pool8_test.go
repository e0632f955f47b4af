package pool8

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
	"github.com/octet-ml/octet/internal/operand"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

func TestKernelsEqualReference(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for i := range 300 {
			channels := []int{1, 3, 7, 8, 12, 13, 15, 16, 17, 24, 31, 32, 33, 48, 63, 64, 65, 127, 255, 256, 257, 331}[i%22]
			rows, images := 1+r.IntN(7), 1+r.IntN(3)
			c := &Call{Windows: operand.Windows[uint8]{Channels: channels, Rows: rows, Image: 6 * channels, Start: []int32{0}, M1: 1 + r.IntN(rows*images)}}
			c.M0 = r.IntN(c.M1)
			shift := r.IntN(8)
			c.X = make([]uint8, shift+images*c.Image)[shift:]
			for j := range c.X {
				c.X[j] = []uint8{uint8(r.Uint32()), 255, 0}[r.IntN(3)]
			}
			for range rows {
				n := 1 + r.IntN(9)
				for range n {
					c.Cells = append(c.Cells, int32(r.IntN(6)*channels))
				}
				c.Start = append(c.Start, int32(len(c.Cells)))
			}
			q := tensor.Affine(0.01+r.Float64(), int64(r.IntN(256)))
			c.Rule = quant.NewAverage(quant.Numerics(1+i%3), q, tensor.QUInt8)
			if i%2 == 0 { // results have parameters of their own
				ratio := math.Pow(10, []float64{r.Float64()*2 - 1, r.Float64()*70 - 35}[i/2%2])
				c.Rule, _ = quant.NewMeanAverage(quant.ONNX, q, tensor.Affine(q.Scale()*ratio, int64(r.IntN(256))), tensor.QUInt8)
			}
			for j := range rows {
				c.Mult = append(c.Mult, c.Rule.Multiplier(int(c.Start[j+1]-c.Start[j])+r.IntN(2)))
			}
			c.Acc = make([]int32, channels)
			// Everything around the rows M0 to M1 must survive.
			out := kerneltest.NewZone(rows*images*channels, shift, uint8(0x55))
			want := *c
			want.Out = slices.Clone(out.Inner)
			Reference(&want, k.Average)
			c.Out = out.Inner
			k.Run(c)
			if !slices.Equal(c.Out, want.Out) {
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
	c := &Call{Windows: operand.Windows[uint8]{Channels: channels, Image: h * w * channels, X: make([]uint8, h*w*channels), Start: []int32{0}}}
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
	c.Out = make([]uint8, c.Rows*channels)
	c.Rule = quant.NewAverage(quant.FBGEMM, tensor.Affine(1, 3), tensor.QUInt8)
	c.Mult = slices.Repeat([]float32{c.Rule.Multiplier(size * size)}, c.Rows)
	c.Acc = make([]int32, channels)
	return c
}

func BenchmarkKernels(b *testing.B) {
	for k := range kerneltest.Runnable(Table) {
		for name, c := range map[string]*Call{"3x3": benchmarkCall(112, 112, 64, 3), "3x3of16": benchmarkCall(29, 29, 16, 3), "3x3of12": benchmarkCall(29, 29, 12, 3), "global": benchmarkCall(7, 7, 2048, 7)} {
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
		return "pool_" + kind + "_u8_" + k.ISA
	})
}

func TestMax8(t *testing.T) {
	for a := range uint64(256) {
		for b := range uint64(256) {
			// The neighbours must neither disturb nor be disturbed.
			for _, around := range [][2]uint64{{0xff, 0}, {0, 0xff}, {0x80, 0x7f}, {b, a}} {
				x := around[0]<<16 | a<<8 | around[0]
				y := around[1]<<16 | b<<8 | around[1]
				side := max(around[0], around[1])
				if got, want := max8(x, y), side<<16|max(a, b)<<8|side; got != want {
					t.Fatalf("max8(%x, %x) = %x, want %x", x, y, got, want)
				}
			}
		}
	}
}
