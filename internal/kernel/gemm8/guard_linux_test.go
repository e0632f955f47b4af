package gemm8

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
	"github.com/octet-ml/octet/internal/operand"
)

// Kernels touch nothing in front of or behind their operands.
func TestKernelsStayWithinOperands(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, kern *Kernel, _ *rand.Rand) {
		r := rand.New(rand.NewPCG(1, 2))
		for i := range 60 {
			m, n, taps, depth := 1+r.IntN(14), 1+r.IntN(70), 1+i%2*r.IntN(5), 1+r.IntN(70)
			zero := uint8(r.IntN(256))
			c := &Call{M1: m, N1: n, LD: n, Matrix: operand.Matrix[uint8]{X: kerneltest.Fenced(t, m*depth, i%3 > 0), Pad: kerneltest.Fenced(t, depth, i%3 > 0),
				Taps: taps, Depth: depth, Rows: m, Image: m * depth, Stride: depth}}
			if i%2 == 1 {
				for range m * taps {
					c.Offset = append(c.Offset, int32((r.IntN(m+1)-1)*depth))
				}
			}
			w := make([]int8, n*taps*depth)
			fill(r, c.X, w)
			for j := range c.Pad {
				c.Pad[j] = zero
			}
			c.W = kern.Pack(nil, w, n, taps, depth, zero)
			c.Acc = make([]int32, m*n)
			c.Work = make([]uint64, kern.Work(m, taps, depth))
			kern.Run(c)
			want := *c
			want.Acc = make([]int32, m*n)
			Reference(&want, w)
			if !slices.Equal(c.Acc, want.Acc) {
				t.Fatalf("m=%d n=%d taps=%d depth=%d: differs from the reference", m, n, taps, depth)
			}
		}
	})
}
