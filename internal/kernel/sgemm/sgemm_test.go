package sgemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/octet-ml/octet/internal/cpu"
)

// each runs f for every kernel that this machine can run.
func each(t *testing.T, f func(t *testing.T, k *Kernel, r *rand.Rand)) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for i := range Table {
		k := &Table[i]
		t.Run(k.Name, func(t *testing.T) {
			if !cpu.Host().Has(k.Requires) {
				t.Skipf("this machine (%v) lacks %v", cpu.Host(), k.Requires)
			}
			f(t, k, rand.New(rand.NewPCG(seed, 3)))
		})
	}
}

// problem draws a call for kernel k and its unpacked weights.
func problem(r *rand.Rand, k *Kernel, i int) (*Call, []float32) {
	sizes := []int{1, 2, 3, 4, 5, 7, 8, 13, 31, 64, 65}
	m, n := sizes[r.IntN(len(sizes))], sizes[r.IntN(len(sizes))]
	taps, depth := 1, []int{1, 3, 4, 5, 17, 64, 127, 511, 512, 513, 1031}[i%11]
	images := 1
	var offset []int32
	if i%2 == 1 {
		taps, depth, images = 1+r.IntN(9), 1+r.IntN(40), 1+r.IntN(3)
		offset = make([]int32, m*taps)
	}
	image, base := m*depth, r.IntN(3)
	for j := range offset {
		offset[j] = int32(r.IntN(image-depth+5) - 4)
	}
	random := func(n int) []float32 {
		x := make([]float32, n)
		for j := range x {
			x[j] = float32(r.NormFloat64())
		}
		return x
	}
	w := random(n * taps * depth)
	c := &Call{X: random(image*images + base + depth), Pad: make([]float32, depth), W: k.Pack(w, n, taps*depth, random(n)),
		Taps: taps, Depth: depth, Offset: offset, Rows: m, Image: image, Stride: depth, Base: base,
		M1: m * images, N1: n, Lo: float32(math.Inf(-1)), Hi: float32(math.Inf(1)), LD: n + r.IntN(3)}
	c.Out = slices.Repeat([]float32{-7}, c.M1*c.LD)
	c.Work = make([]float32, k.Work(c.M1, taps*depth))
	return c, w
}

func TestKernelsApproachReference(t *testing.T) {
	each(t, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for i := range 120 {
			c, w := problem(r, k, i)
			c.M0, c.N0 = r.IntN(c.M1), r.IntN(c.N1)/k.NR*k.NR
			if i%3 == 0 {
				c.Lo, c.Hi = 0, 6
			}
			want := *c
			want.Out = slices.Clone(c.Out)
			Reference(&want, w)
			k.Run(c)
			bound := 1e-6 * float64(c.Taps*c.Depth+10)
			for j, v := range c.Out {
				if math.Abs(float64(v-want.Out[j])) > bound {
					t.Fatalf("case %d: element %d is %v, want %v", i, j, v, want.Out[j])
				}
			}
		}
	})
}

// Any division into calls gives the same bits.
func TestDivisionDoesNotMatter(t *testing.T) {
	each(t, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for i := range 60 {
			c, _ := problem(r, k, i)
			k.Run(c)
			whole := slices.Clone(c.Out)
			clear(c.Out)
			rows, cols, m1, n1 := 1+r.IntN(9), k.NR*(1+r.IntN(5)), c.M1, c.N1
			for c.M0 = 0; c.M0 < m1; c.M0 += rows {
				c.M1 = min(c.M0+rows, m1)
				for c.N0 = 0; c.N0 < n1; c.N0 += cols {
					c.N1 = min(c.N0+cols, n1)
					k.Run(c)
				}
			}
			for m := range m1 {
				if !slices.Equal(c.Out[m*c.LD:][:n1], whole[m*c.LD:][:n1]) {
					t.Fatalf("case %d: pieces of %dx%d differ from the whole", i, rows, cols)
				}
			}
		}
	})
}

func TestRowsFollowTheGrammar(t *testing.T) {
	for _, k := range Table {
		if want := fmt.Sprintf("gemm_f32_%dx%d_%s", k.MR, k.NR, k.ISA); k.Name != want {
			t.Errorf("%s should be called %s", k.Name, want)
		}
	}
	if k := Select(Table, Shape{1, 1, 1}, 0); k.ISA != "go" {
		t.Errorf("a machine without features gets %s", k.Name)
	}
}

func BenchmarkKernels(b *testing.B) {
	for i := range Table {
		k := &Table[i]
		if !cpu.Host().Has(k.Requires) {
			continue
		}
		for _, s := range []Shape{{64, 64, 576}, {64, 256, 2304}, {64, 64, 64}} {
			b.Run(fmt.Sprintf("%s/%dx%dx%d", k.Name, s.M, s.N, s.K), func(b *testing.B) {
				c := &Call{X: make([]float32, s.M*s.K), W: k.Pack(make([]float32, s.N*s.K), s.N, s.K, nil), Taps: 1, Depth: s.K, Stride: s.K,
					M1: s.M, N1: s.N, LD: s.N, Out: make([]float32, s.M*s.N), Work: make([]float32, k.Work(s.M, s.K))}
				for b.Loop() {
					k.Run(c)
				}
				b.ReportMetric(float64(s.M*s.N*s.K)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GMAC/s")
			})
		}
	}
}
