package sgemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
	"github.com/octet-ml/octet/internal/operand"
)

// randomCall draws a call, plain or indirect, and its weights.
func randomCall(r *rand.Rand, kern *Kernel, i int) (c *Call, w []float32, out *kerneltest.Zone[float32]) {
	sizes := []int{1, 2, 5, 6, 7, 8, 13, 16, 17, 31, 47, 64, 65, 130}
	depths := []int{1, 3, 4, 5, 17, 64, 127, 511, 513, 1031}
	m, n := sizes[r.IntN(len(sizes))], sizes[r.IntN(len(sizes))]
	c = &Call{}
	c.Taps, c.Depth, c.Rows, c.Base = 1, depths[i%len(depths)], m, r.IntN(3)
	images := 1
	if i%2 == 1 {
		c.Taps, c.Depth = 1+r.IntN(70), 1+r.IntN(20)
		images = 1 + r.IntN(3)
		c.Offset = make([]int32, m*c.Taps)
	}
	c.Image, c.Stride = m*c.Depth+r.IntN(5), c.Depth
	for j := range c.Offset {
		c.Offset[j] = int32(r.IntN(c.Image-c.Depth+1+5) - 5)
	}
	k := c.Taps * c.Depth
	c.X = kerneltest.Normal(r, images*c.Image+c.Base+c.Depth)
	w = kerneltest.Normal(r, n*k)
	c.Pad = make([]float32, c.Depth)
	c.W = kern.Pack(nil, w, n, k, kerneltest.Normal(r, n))
	c.M1, c.N1 = m*images, n
	c.M0, c.N0 = r.IntN(c.M1), r.IntN(n)/kern.NR*kern.NR
	c.Lo, c.Hi = float32(math.Inf(-1)), float32(math.Inf(1))
	if i%3 == 0 {
		c.Lo, c.Hi = 0, 6
	}
	c.LD = n + r.IntN(3)
	out = kerneltest.NewZone(c.M1*c.LD, 0, kerneltest.NaN)
	c.Out = out.Inner
	c.Work = make([]float32, kern.Work(c.M1-c.M0, k))
	return c, w, out
}

// termBound is how far a sum may lie from that of the reference for each root of its
// number of terms: a term is about 1, and each addition rounds by 6e-8 of a sum of some
// hundred such.
const termBound = 5e-5

func TestKernelsFollowReference(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, kern *Kernel, r *rand.Rand) {
		for i := range 120 {
			c, w, out := randomCall(r, kern, i)
			kern.Run(c)
			want := *c
			want.Out = make([]float32, len(c.Out))
			Reference(&want, w)
			bound := termBound * math.Sqrt(float64(c.W.K))
			for j, v := range c.Out {
				m, n := j/c.LD, j%c.LD
				inside := m >= c.M0 && m < c.M1 && n >= c.N0 && n < c.N1
				switch {
				case !inside && v == v:
					t.Fatalf("case %d: wrote between the results at %d", i, j)
				case inside && !(math.Abs(float64(v-want.Out[j])) <= bound):
					t.Fatalf("case %d: row %d column %d is %v, want %v", i, m, n, v, want.Out[j])
				}
			}
			out.Check(t)
		}
	})
}

// A computed right operand, in either order, gives what a packed one gives, also in
// memory that held a larger one before.
func TestFillIsPack(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, kern *Kernel, r *rand.Rand) {
		for i := range 60 {
			c, w, _ := randomCall(r, kern, i)
			n, k := c.W.N, c.W.K
			c.W = kern.Pack(nil, w, n, k, nil)
			c.N0, c.M0 = 0, 0
			c.Work = make([]float32, kern.Work(c.M1, k))
			kern.Run(c)
			most, deepest := n+r.IntN(40), k+r.IntN(40)
			stride := max(n, k) + r.IntN(9)
			right := Right{X: make([]float32, max(n, k)*stride), Stride: stride, Transposed: i%2 == 0}
			for col := range n {
				for d := range k {
					at := d*stride + col
					if right.Transposed {
						at = col*stride + d
					}
					right.X[at] = w[col*k+d]
				}
			}
			other := *c
			other.Out = make([]float32, len(c.Out))
			memory := kerneltest.Normal(r, kern.Size(most, deepest))
			other.W = kern.Place(memory, most, deepest)
			kern.Fill(other.W, right, n, k)
			kern.Run(&other)
			for m := range c.M1 {
				if !kerneltest.Same(other.Out[m*c.LD:][:n], c.Out[m*c.LD:][:n]) {
					t.Fatalf("case %d: row %d of %dx%d, transposed %v, differs", i, m, k, n, right.Transposed)
				}
			}
		}
	})
}

// A result must not depend on how the rows are split between workers.
func TestResultsDoNotDependOnTheSplit(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	kerneltest.Each(t, Table, func(t *testing.T, kern *Kernel, _ *rand.Rand) {
		for i := range 20 {
			c, _, _ := randomCall(r, kern, i)
			c.M0, c.N0 = 0, 0
			c.Work = make([]float32, kern.Work(c.M1, c.W.K))
			kern.Run(c)
			part := *c
			part.Out = make([]float32, len(c.Out))
			for m := range c.M1 {
				part.M0, part.M1 = m, m+1
				kern.Run(&part)
			}
			for m := range c.M1 {
				for n := range c.N1 {
					if a, b := c.Out[m*c.LD+n], part.Out[m*c.LD+n]; math.Float32bits(a) != math.Float32bits(b) {
						t.Fatalf("case %d: row %d column %d is %v in a block and %v alone", i, m, n, a, b)
					}
				}
			}
		}
	})
}

func TestNaNPassesTheClamp(t *testing.T) {
	nan := float32(math.NaN())
	kerneltest.Each(t, Table, func(t *testing.T, kern *Kernel, _ *rand.Rand) {
		w := kern.Pack(nil, []float32{1, 2}, 2, 1, nil)
		c := &Call{Matrix: operand.Matrix[float32]{X: []float32{nan}, Pad: []float32{0}, Taps: 1, Depth: 1, Stride: 1, Rows: 1}, W: w, M1: 1, N1: 2,
			Lo: 0, Hi: 6, Out: make([]float32, 2), LD: 2, Work: make([]float32, kern.Work(1, 1))}
		if kern.Run(c); c.Out[0] == c.Out[0] || c.Out[1] == c.Out[1] {
			t.Errorf("NaN became %v", c.Out)
		}
	})
}

func TestRowsFollowTheGrammar(t *testing.T) {
	kerneltest.Names(t, Table, func(k *Kernel) string { return fmt.Sprintf("gemm_f32_%dx%d_%s", k.MR, k.NR, k.ISA) })
	if k := Select(Table, 0); k.ISA != "go" {
		t.Errorf("a machine without features gets %s", k.Name)
	}
}

func BenchmarkKernels(b *testing.B) {
	for k := range kerneltest.Runnable(Table) {
		for _, s := range []struct{ M, N, K int }{{112, 64, 64}, {112, 64, 576}, {112, 256, 2304}, {49, 512, 4608}, {49, 2048, 512}, {112, 24, 144}} {
			b.Run(fmt.Sprintf("%s/%dx%dx%d", k.Name, s.M, s.N, s.K), func(b *testing.B) {
				x, w := make([]float32, s.M*s.K), make([]float32, s.N*s.K)
				c := &Call{Matrix: operand.Matrix[float32]{X: x, Pad: make([]float32, s.K), Taps: 1, Depth: s.K, Stride: s.K, Rows: s.M},
					W: k.Pack(nil, w, s.N, s.K, nil), M1: s.M, N1: s.N, Lo: -1, Hi: 1, Out: make([]float32, s.M*s.N), LD: s.N, Work: make([]float32, k.Work(s.M, s.K))}
				b.ReportAllocs()
				for b.Loop() {
					k.Run(c)
				}
				b.ReportMetric(float64(s.M*s.N*s.K)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GMAC/s")
			})
		}
	}
}

// BenchmarkWeights multiplies a few rows and many with weights of float32 and of 8 bits, which stay in
// the cache.
func BenchmarkWeights(b *testing.B) {
	const n, k = 768, 768
	for kern := range kerneltest.Runnable(Table) {
		codes := Codes{X: make([]int8, n*k), Group: k, Scales: make([]float32, n), Zeros: make([]float32, n)}
		weights := map[string]*Weights{"float32": kern.Pack(nil, make([]float32, n*k), n, k, nil), "codes": kern.PackCodes(nil, codes, n, k, nil)}
		for _, m := range []int{1, 8, 128} {
			for name, w := range weights {
				b.Run(fmt.Sprintf("%s/%d/%s", kern.Name, m, name), func(b *testing.B) {
					c := &Call{Matrix: operand.Matrix[float32]{X: make([]float32, m*k), Pad: make([]float32, k), Taps: 1, Depth: k, Stride: k, Rows: m},
						W: w, M1: m, N1: n, Lo: -1, Hi: 1, Out: make([]float32, m*n), LD: n, Work: make([]float32, kern.Work(m, k)), Panel: make([]float32, kern.Panel(k))}
					for b.Loop() {
						kern.Run(c)
					}
				})
			}
		}
	}
}

// Weights of 8 bits give the bits of the numbers that they stand for.
func TestCodesAreTheirNumbers(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, kern *Kernel, r *rand.Rand) {
		for i := range 120 {
			c, w, _ := randomCall(r, kern, i)
			n, k := c.W.N, c.W.K
			group := k
			for _, g := range []int{1, 3, 16, 17, 32, 64} {
				if k%g == 0 && r.IntN(3) == 0 {
					group = g
				}
			}
			codes := Codes{X: make([]int8, n*k), Group: group, Scales: make([]float32, n*k/group), Zeros: make([]float32, n*k/group)}
			for g := range codes.Scales {
				codes.Scales[g] = r.Float32()/100 + 1e-4
				if i%2 == 0 {
					codes.Zeros[g] = float32(r.IntN(256) - 128)
				}
			}
			for j := range codes.X {
				codes.X[j] = int8(r.Uint32())
				w[j] = (float32(codes.X[j]) - codes.Zeros[j/group]) * codes.Scales[j/group]
			}
			c.W = kern.Pack(nil, w, n, k, c.W.Bias)
			kern.Run(c)
			other := *c
			out := kerneltest.NewZone(len(c.Out), 0, kerneltest.NaN)
			other.Out, other.Panel = out.Inner, make([]float32, kern.Panel(k))
			other.W = kern.PackCodes(nil, codes, n, k, c.W.Bias)
			kern.Run(&other)
			if !kerneltest.Same(other.Out, c.Out) {
				t.Fatalf("case %d: %dx%d in groups of %d differs from its numbers", i, k, n, group)
			}
			out.Check(t)
		}
	})
}

func TestCodesAllocateNothing(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, kern *Kernel, _ *rand.Rand) {
		const n, k, group = 40, 64, 16
		w := Codes{X: make([]int8, n*k), Group: group, Scales: make([]float32, n*k/group), Zeros: make([]float32, n*k/group)}
		c := &Call{W: kern.PackCodes(nil, w, n, k, nil), M1: 3, N1: n, LD: n, Out: make([]float32, 3*n), Work: make([]float32, kern.Work(3, k)), Panel: make([]float32, kern.Panel(k))}
		c.Taps, c.Depth, c.Rows, c.Stride, c.Image = 1, k, 3, k, 3*k
		c.X, c.Pad = make([]float32, 3*k), make([]float32, k)
		if n := testing.AllocsPerRun(10, func() { kern.Run(c) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}
