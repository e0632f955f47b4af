package pixels8

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
)

// bytesOf draws n bytes, many of them extreme, at a shifted address.
func bytesOf(r *rand.Rand, n int) []uint8 {
	at := r.IntN(8)
	x := make([]uint8, at+n)[at:]
	for i := range x {
		x[i] = []uint8{uint8(r.Uint32()), uint8(r.Uint32()), 0, 255}[r.IntN(4)]
	}
	return x[:n:n]
}

// draw returns operands of about n blocks, samples or pixels, and how many bytes come out.
func draw(r *rand.Rand, f Function, n int) (c Call, out int) {
	switch f {
	case Transform:
		c.Stride = 8*n + r.IntN(20)
		c.Quant, c.Coeff = new([64]int16), make([]int16, 64*n)
		wild := r.IntN(3) // of damaged files
		for i := range c.Quant {
			c.Quant[i] = int16(1 + r.IntN(100))
			if wild == 0 {
				c.Quant[i] = int16(r.Uint32())
			}
		}
		for i := range c.Coeff {
			switch kind := r.IntN(8); {
			case kind == 0 && wild == 0:
				c.Coeff[i] = []int16{-1 << 15, 1<<15 - 1, int16(r.Uint32())}[r.IntN(3)]
			case kind < 2, i%64 < 2:
				c.Coeff[i] = int16(r.NormFloat64() * 30)
			}
		}
		return c, 7*c.Stride + 8*n
	case Double, Both:
		c.A, c.B = bytesOf(r, n), bytesOf(r, n)
		return c, 2 * n
	case Color:
		c.A, c.B, c.C = bytesOf(r, n), bytesOf(r, n), bytesOf(r, n)
		return c, 3 * n
	}
	c.Taps = 1 + r.IntN(9)
	weights := func(n int) {
		c.Weights = make([]int32, n)
		for i := range c.Weights {
			c.Weights[i] = int32(r.NormFloat64() * (1 << WeightBits) / float64(c.Taps))
		}
	}
	if f == Column {
		weights(c.Taps)
		c.Stride = n + r.IntN(20)
		c.A = bytesOf(r, (c.Taps-1)*c.Stride+n)
		return c, n
	}
	width := c.Taps + r.IntN(n+1)
	weights(n * c.Taps)
	c.A, c.Starts = bytesOf(r, 3*width), make([]int32, n)
	for i := range c.Starts {
		c.Starts[i] = int32(i * (width - c.Taps) / max(1, n-1))
	}
	return c, 3 * n
}

func TestKernelsEqualReference(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for n := 1; n < 150; n++ {
			c, size := draw(r, k.Function, n)
			want := c
			want.Out = bytes.Repeat([]byte{0xA5}, size)
			Reference(&want, k.Function)
			out := kerneltest.NewZone(size, r.IntN(8), uint8(0xA5))
			c.Out = out.Inner
			k.Run(&c)
			if !bytes.Equal(c.Out, want.Out) {
				t.Fatalf("n = %d: differs from the reference", n)
			}
			out.Check(t)
		}
	})
}

// All colours there are.
func TestEveryColor(t *testing.T) {
	cb, cr := make([]uint8, 1<<16), make([]uint8, 1<<16)
	for i := range cb {
		cb[i], cr[i] = uint8(i>>8), uint8(i)
	}
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, _ *rand.Rand) {
		if k.Function != Color {
			t.Skip("it makes no colours")
		}
		luma, out := make([]uint8, 1<<16), make([]uint8, 3<<16)
		for y := range 256 {
			for i := range luma {
				luma[i] = uint8(y)
			}
			k.Run(&Call{A: luma, B: cb, C: cr, Out: out})
			for i := range luma {
				r, g, b := RGB(luma[i], cb[i], cr[i])
				if out[3*i] != r || out[3*i+1] != g || out[3*i+2] != b {
					t.Fatalf("%d, %d, %d: %v, want %d, %d, %d", y, cb[i], cr[i], out[3*i:3*i+3], r, g, b)
				}
			}
		}
	})
}

func TestNames(t *testing.T) {
	kerneltest.Names(t, Table, func(k *Kernel) string { return "pixels_" + k.Function.String() + "_u8_" + k.ISA })
}

func BenchmarkKernels(b *testing.B) {
	for k := range kerneltest.Runnable(Table) {
		b.Run(k.Name, func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 2))
			c, size := draw(r, k.Function, 250)
			for k.Function >= Row && c.Taps != 4 {
				c, size = draw(r, k.Function, 250)
			}
			c.Out = make([]uint8, size)
			for b.Loop() {
				k.Run(&c)
			}
		})
	}
}
