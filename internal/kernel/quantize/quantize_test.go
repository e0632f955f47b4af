package quantize

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

func TestKernelsEqualReference(t *testing.T) {
	special := []float32{0, float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 3e38, -3e38, 1 << 22, -1 << 22, 1<<22 + 1, 0.5, 1.5, 2.5, -0.5, 1 << 31}
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for n := range 300 {
			dtype := []tensor.DType{tensor.QUInt8, tensor.QInt8}[n%2]
			lo, _ := dtype.CodeRange()
			scale := []float64{1, math.Exp(r.Float64()*8 - 6), []float64{1e-44, 1e-38, 3e38}[r.IntN(3)]}[r.IntN(8)*3/8]
			q := tensor.Affine(scale, lo+[]int64{0, 255, int64(r.IntN(256))}[r.IntN(3)])
			shift := r.IntN(8)
			reals, codes := kerneltest.NewZone(n, shift, float32(-7)), kerneltest.NewZone(n, shift, uint8(0xA5))
			c := Call{Real: reals.Inner, Codes: codes.Inner, Rule: quant.NewQuantizer(q, dtype),
				ToReal: quant.NewDequantizer(quant.Unsigned(q, dtype)), Reals: signedTable(q, dtype)}
			if r.IntN(3) == 0 {
				c.Rule.Divisor = float32(scale)
			}
			for i := range n {
				c.Codes[i] = uint8(r.Uint32())
				c.Real[i] = float32(r.NormFloat64() * 100)
				if r.IntN(3) == 0 {
					c.Real[i] = special[r.IntN(len(special))]
				}
			}
			want := c
			want.Real, want.Codes = slices.Clone(c.Real), bytes.Clone(c.Codes)
			Reference(&want, k.ToReal)
			k.Run(&c)
			if !bytes.Equal(c.Codes, want.Codes) || !kerneltest.Same(c.Real, want.Real) {
				t.Fatalf("n = %d, %v, %v: differs from the contract", n, q, dtype)
			}
			reals.Check(t)
			codes.Check(t)
		}
	})
}

// signedTable is what codes stand for, those of qint8 by the codes they are held as.
func signedTable(q *tensor.QParams, dtype tensor.DType) *[256]float32 {
	t := new([256]float32)
	for i := range t {
		lo, _ := dtype.CodeRange()
		t[i] = quant.NewDequantizer(q).Real(int32(i) + int32(lo))
	}
	return t
}

func TestNothingIsAllocated(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, _ *rand.Rand) {
		c := &Call{Real: make([]float32, 77), Codes: make([]uint8, 77), Reals: new([256]float32)}
		if n := testing.AllocsPerRun(10, func() { k.Run(c) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

func TestNames(t *testing.T) {
	kerneltest.Names(t, Table, func(k *Kernel) string {
		if k.ToReal {
			return "dequantize_x8f32_" + k.ISA
		}
		return "quantize_f32x8_" + k.ISA
	})
}

func BenchmarkKernels(b *testing.B) {
	for k := range kerneltest.Runnable(Table) {
		b.Run(k.Name, func(b *testing.B) {
			const n = 3 * 224 * 224
			c := &Call{Real: make([]float32, n), Codes: make([]uint8, n), Reals: new([256]float32), Rule: quant.Quantizer{Inv: 1, Hi: 255}}
			b.SetBytes(n)
			for b.Loop() {
				k.Run(c)
			}
		})
	}
}
