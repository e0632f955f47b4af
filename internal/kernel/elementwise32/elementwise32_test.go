package elementwise32

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
)

func TestKernelsEqualReference(t *testing.T) {
	special := []float32{0, float32(math.Copysign(0, -1)), float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 6, 1e-45}
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for n := range 150 {
			shift := r.IntN(8)
			random := func() []float32 {
				x := make([]float32, shift+n)[shift:]
				for i := range x {
					x[i] = float32(r.NormFloat64() * 4)
					if r.IntN(4) == 0 {
						x[i] = special[r.IntN(len(special))]
					}
				}
				return x
			}
			c := &Call{A: random(), B: random(), C: random(), Lo: float32(math.Inf(-1)), Hi: float32(math.Inf(1))}
			if n%2 == 1 {
				c.Lo, c.Hi = 0, 6
			}
			want := *c
			want.Out = make([]float32, n)
			Reference(&want, k.Function)
			out := kerneltest.NewZone(n, shift, float32(-7))
			c.Out = out.Inner
			k.Run(c)
			if !kerneltest.Same(c.Out, want.Out) {
				t.Fatalf("n = %d: %v, want %v", n, c.Out, want.Out)
			}
			out.Check(t)
			c.Out = [][]float32{c.A, c.B}[r.IntN(2)]
			k.Run(c)
			if !kerneltest.Same(c.Out, want.Out) {
				t.Fatalf("n = %d: differs when the result is an operand", n)
			}
		}
	})
}

func TestNothingIsAllocated(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, _ *rand.Rand) {
		c := &Call{A: make([]float32, 77), B: make([]float32, 77), C: make([]float32, 77), Out: make([]float32, 77)}
		if n := testing.AllocsPerRun(10, func() { k.Run(c) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

func BenchmarkKernels(b *testing.B) {
	for k := range kerneltest.Runnable(Table) {
		b.Run(k.Name, func(b *testing.B) {
			const n = 28 * 28 * 128
			c := &Call{A: make([]float32, n), B: make([]float32, n), C: make([]float32, n), Out: make([]float32, n), Hi: 6}
			r := rand.New(rand.NewPCG(1, 2))
			for i := range n {
				c.A[i], c.B[i] = float32(r.NormFloat64()), float32(r.NormFloat64())
			}
			b.SetBytes(4 * n)
			for b.Loop() {
				k.Run(c)
			}
		})
	}
}

func TestNames(t *testing.T) {
	kerneltest.Names(t, Table, func(k *Kernel) string { return "elementwise_" + k.Function.String() + "_f32_" + k.ISA })
}
