package rows32

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
)

// A result of softmax is at most 1, one of layer norm about 1; each has a few roundings.
const bound = 2e-6

func randomCall(r *rand.Rand, i int) *Call {
	sizes := []int{1, 2, 3, 7, 8, 9, 13, 15, 16, 17, 31, 64, 65, 197, 768, 1000}
	n := sizes[i%len(sizes)]
	rows := 1 + r.IntN(4)
	c := &Call{X: kerneltest.Normal(r, rows*n), N: n, Weight: kerneltest.Normal(r, n), Bias: kerneltest.Normal(r, n), Eps: 1e-5}
	spread := []float32{1, 30, 0.01}[r.IntN(3)]
	for j := range c.X {
		c.X[j] = c.X[j]*spread + 3
	}
	return c
}

func TestKernelsFollowReference(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for i := range 90 {
			c := randomCall(r, i)
			want := *c
			want.Out = make([]float32, len(c.X))
			Reference(&want, k.Function)
			out := kerneltest.NewZone(len(c.X), r.IntN(8), kerneltest.NaN)
			c.Out = out.Inner
			k.Run(c)
			for j, v := range c.Out {
				if limit := bound * max(1, math.Abs(float64(want.Out[j]))) * max(1, math.Sqrt(float64(c.N))/8); !(math.Abs(float64(v-want.Out[j])) <= limit) {
					t.Fatalf("case %d, rows of %d: element %d is %v, want %v", i, c.N, j, v, want.Out[j])
				}
			}
			out.Check(t)
			c.Out = c.X
			k.Run(c)
			if !kerneltest.Same(c.Out, out.Inner) {
				t.Fatalf("case %d: differs when the result is the operand", i)
			}
		}
	})
}

// All kernels of a function give the same bits, with infinite numbers, subnormal results
// and NaN, too.
func TestKernelsGiveTheSameBits(t *testing.T) {
	special := []float32{float32(math.Inf(-1)), float32(math.Inf(1)), kerneltest.NaN, -100, 1e30, float32(math.Copysign(0, -1))}
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		portable := Select(Table, k.Function, 0)
		for i := range 150 {
			c := randomCall(r, i)
			for j := range c.X {
				if i%3 == 0 && r.IntN(40) == 0 {
					c.X[j] = special[r.IntN(len(special))]
				}
			}
			want := *c
			c.Out, want.Out = make([]float32, len(c.X)), make([]float32, len(c.X))
			k.Run(c)
			portable.Run(&want)
			for j := range c.Out {
				if !kerneltest.Same(c.Out[j:j+1], want.Out[j:j+1]) {
					t.Fatalf("case %d, rows of %d: element %d is %v, want %v", i, c.N, j, c.Out[j], want.Out[j])
				}
			}
		}
	})
}

// A row's results do not depend on the rows beside it.
func TestRowsAreIndependent(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for i := range 30 {
			c := randomCall(r, i)
			c.Out = make([]float32, len(c.X))
			k.Run(c)
			for at := 0; at < len(c.X); at += c.N {
				one := *c
				one.X, one.Out = c.X[at:at+c.N], make([]float32, c.N)
				k.Run(&one)
				if !kerneltest.Same(one.Out, c.Out[at:at+c.N]) {
					t.Fatalf("case %d: the row at %d differs alone", i, at)
				}
			}
		}
	})
}

// NaN makes its row NaN; equal numbers share evenly, also far from zero.
func TestSpecialRows(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, _ *rand.Rand) {
		const n = 19
		const equalBound = 1e-5 // 1e4 has a spacing of 1e-3, the mean an error of less
		c := &Call{X: make([]float32, 2*n), Out: make([]float32, 2*n), N: n, Weight: make([]float32, n), Bias: make([]float32, n), Eps: 1e-5}
		for i := range n {
			c.X[i], c.X[n+i], c.Weight[i] = 2, 1e4, 1
		}
		c.X[5] = float32(math.NaN())
		k.Run(c)
		for i, v := range c.Out[:n] {
			if v == v {
				t.Fatalf("element %d of a row with NaN is %v", i, v)
			}
		}
		want := map[Function]float32{Softmax: 1.0 / n, LayerNorm: 0}[k.Function]
		for i, v := range c.Out[n:] {
			if math.Abs(float64(v-want)) > equalBound {
				t.Errorf("element %d of equal numbers is %v, want %v", i, v, want)
			}
		}
	})
}

func TestNothingIsAllocated(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		c := randomCall(r, 12)
		c.Out = make([]float32, len(c.X))
		if n := testing.AllocsPerRun(10, func() { k.Run(c) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

func TestNames(t *testing.T) {
	kerneltest.Names(t, Table, func(k *Kernel) string { return "rows_" + k.Function.String() + "_f32_" + k.ISA })
}

func BenchmarkKernels(b *testing.B) {
	for k := range kerneltest.Runnable(Table) {
		for _, n := range []int{197, 768} {
			b.Run(k.Name, func(b *testing.B) {
				r := rand.New(rand.NewPCG(1, 2))
				c := &Call{X: kerneltest.Normal(r, 197*n), Out: make([]float32, 197*n), N: n, Weight: make([]float32, n), Bias: make([]float32, n), Eps: 1e-6}
				b.SetBytes(int64(4 * len(c.X)))
				for b.Loop() {
					k.Run(c)
				}
			})
		}
	}
}
