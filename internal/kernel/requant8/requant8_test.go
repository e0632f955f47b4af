package requant8

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

func draw(t *testing.T, r *rand.Rand, n quant.Numerics, perChannel, bias bool, channels int) *quant.Requant {
	scale := func() float64 { return math.Exp(r.Float64()*16 - 12) }
	w := tensor.Affine(scale(), 0)
	if perChannel {
		w = &tensor.QParams{Axis: 0}
		for range channels {
			w.Scales = append(w.Scales, scale())
			w.ZeroPoints = append(w.ZeroPoints, 0)
		}
	}
	var b []float32
	if bias {
		b = make([]float32, channels)
		for i := range b {
			b[i] = float32(r.NormFloat64())
		}
		b[0] = 0
		b[channels-1] = float32(math.NaN())
	}
	rq, err := quant.NewRequant(n, tensor.Affine(scale(), 3), w, tensor.Affine(scale(), int64(r.IntN(256))), tensor.QUInt8, b,
		quant.Activation(r.IntN(3)), channels)
	if err != nil {
		t.Fatal(err)
	}
	return rq
}

func TestKernelsEqualReference(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for i := range 600 {
			n := 1 + r.IntN(67)
			first := r.IntN(5)
			c := &Call{M: 1 + r.IntN(5), N: n, First: first, LD: n + r.IntN(4)}
			c.Rule = draw(t, r, quant.Numerics(1+i%3), i%2 == 0, i%5 != 0, first+n)
			c.Acc = make([]int32, c.M*n)
			for j := range c.Acc {
				c.Acc[j] = int32(r.Uint32()) >> r.IntN(32)
			}
			for range first + n {
				c.Scale = append(c.Scale, float32(r.NormFloat64()))
				c.Bias = append(c.Bias, float32(r.NormFloat64()*100))
			}
			for range c.M {
				c.Scales = append(c.Scales, float32(math.Exp(r.NormFloat64()*3)))
				c.Zeros = append(c.Zeros, uint8(r.IntN(256)))
			}
			for range first + n {
				c.Sums = append(c.Sums, int32(r.Uint32())>>(8+r.IntN(20)))
			}
			c.Lo, c.Hi = []float32{-1e9, 0}[r.IntN(2)], []float32{1e9, 6}[r.IntN(2)]
			c.Real = slices.Repeat([]float32{-7}, c.M*c.LD)
			// Marks between the rows must survive.
			c.Out = bytes.Repeat([]byte{0xA5}, c.M*c.LD)
			want := *c
			want.Out, want.Real = bytes.Clone(c.Out), slices.Clone(c.Real)
			Reference(&want, k)
			k.Run(c)
			if !bytes.Equal(c.Out, want.Out) || !slices.Equal(c.Real, want.Real) {
				t.Fatalf("case %d, rule %d: differs from the contract", i, c.Rule.Rule)
			}
		}
	})
}
