package pixels8

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
)

func TestKernelsEqualReference(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for n := 1; n < 150; n++ {
			c, size := Draw(r, k.Function, n)
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
			c, size := Draw(r, k.Function, 250)
			for k.Function >= Row && c.Taps != 4 {
				c, size = Draw(r, k.Function, 250)
			}
			c.Out = make([]uint8, size)
			for b.Loop() {
				k.Run(&c)
			}
		})
	}
}
