package matmul32

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
)

var (
	extents = []int{1, 2, 4, 5, 6, 7, 8, 13, 16, 17, 31, 48, 64, 65, 130}
	depths  = []int{1, 3, 4, 5, 17, 63, 64, 127, 128, 129, 261}
)

func pick(r *rand.Rand, from []int) int { return from[r.IntN(len(from))] }

// randomOperand draws a matrix of rows, plain or indirect.
func randomOperand(r *rand.Rand, indirect bool) (o Operand, rows int) {
	o = Operand{Taps: 1, Depth: pick(r, depths), Rows: pick(r, extents), Base: r.IntN(3)}
	images := 1
	if indirect {
		o.Taps, o.Depth = 1+r.IntN(12), pick(r, depths[:8])
		images = 1 + r.IntN(4)
		o.Offset = make([]int32, o.Rows*o.Taps)
	}
	o.Image, o.Stride = o.Rows*o.Depth+r.IntN(5), o.Depth+r.IntN(3)
	for j := range o.Offset {
		o.Offset[j] = int32(r.IntN(o.Image-o.Depth+1+5) - 5)
	}
	o.X = kerneltest.Normal(r, max(images*o.Image, o.Rows*o.Stride)+o.Base+o.Depth+OverRead)
	o.Pad = make([]float32, o.Depth+OverRead)
	return o, o.Rows * images
}

func randomRows(r *rand.Rand, k *Kernel, i int) (c *RowsCall, w []float32, out *kerneltest.Zone[float32]) {
	o, rows := randomOperand(r, i%2 == 1)
	n := pick(r, extents)
	panels := k.NewPanels(o.Taps, o.Depth, n)
	panels.Use(kerneltest.Normal(r, panels.Len()))
	c = &RowsCall{Operand: o, W: panels, M1: rows, N1: n, LD: n + r.IntN(3), Work: &Work{}}
	c.M0, c.N0 = r.IntN(rows), r.IntN(n)/k.NR*k.NR
	size := rows * c.LD
	if i%4 == 3 {
		c.OutImage = o.Rows*c.LD + r.IntN(4)
		for _, p := range r.Perm(o.Rows) {
			c.To = append(c.To, int32(p*c.LD))
		}
		size = rows / o.Rows * c.OutImage
	}
	w = kerneltest.Normal(r, o.Taps*o.Depth*n)
	for t := range o.Taps {
		src := w[t*o.Depth*n:][:o.Depth*n]
		if i%3 > 0 {
			c.W.Pack(t, src, n, 0, n)
			continue
		}
		turned := make([]float32, len(src))
		for d := range o.Depth {
			for j := range n {
				turned[j*o.Depth+d] = src[d*n+j]
			}
		}
		c.W.PackTransposed(t, turned, o.Depth, 0, n)
	}
	c.Add = i%5 > 2
	out = kerneltest.NewZone(size, r.IntN(8), kerneltest.NaN)
	c.Out = out.Inner
	if c.Add {
		for m := c.M0; m < c.M1; m++ {
			for j := range c.out(m) {
				c.out(m)[j] = float32(r.NormFloat64())
			}
		}
	}
	return c, w, out
}

// termBound is how far a sum may lie from that of the reference for each root of its
// number of terms: a term is about 1, and each addition rounds by 6e-8 of a sum of some
// hundred such.
const termBound = 5e-5

func TestRowsFollowReference(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for i := range 150 {
			c, w, out := randomRows(r, k, i)
			before := slices.Clone(c.Out)
			want := *c
			want.Out = slices.Clone(c.Out)
			RowsReference(&want, w)
			k.Rows(c)
			bound := termBound * math.Sqrt(float64(c.Taps*c.Depth))
			for m := c.M0; m < c.M1; m++ {
				for j, v := range c.out(m) {
					if !(math.Abs(float64(v-want.out(m)[j])) <= bound) {
						t.Fatalf("case %d: row %d column %d is %v, want %v", i, m, c.N0+j, v, want.out(m)[j])
					}
					c.out(m)[j] = 0
				}
			}
			checkRest(t, i, c.Out, before)
			out.Check(t)
		}
	})
}

// checkRest compares memory in which the results have been set to zero with what
// it was: what is no result keeps its bits.
func checkRest(t *testing.T, i int, out, before []float32) {
	t.Helper()
	for j, v := range out {
		if v != 0 && math.Float32bits(v) != math.Float32bits(before[j]) {
			t.Fatalf("case %d: wrote between the results at %d", i, j)
		}
	}
}

func randomOuter(r *rand.Rand, k *Kernel, i int) (c *OuterCall, out *kerneltest.Zone[float32]) {
	o, rows := randomOperand(r, i%2 == 1)
	n := pick(r, extents)
	c = &OuterCall{Operand: o, LDY: n + r.IntN(3), M1: rows, T1: o.Taps, D1: o.Depth, N1: n, LD: n + r.IntN(3), Work: &Work{}, Add: i%3 == 0}
	c.M0, c.T0, c.N0, c.D0 = r.IntN(rows+1), r.IntN(o.Taps), r.IntN(n)/k.NR*k.NR, r.IntN(o.Depth)/k.MR*k.MR
	c.Y = kerneltest.Normal(r, rows*c.LDY)
	out = kerneltest.NewZone(o.Taps*roundUp(o.Depth, k.MR)*c.LD, r.IntN(8), kerneltest.NaN)
	c.Out = out.Inner
	if c.Add {
		for t := c.T0; t < c.T1; t++ {
			for d := c.D0; d < roundUp(c.D1, k.MR); d++ {
				for j := range c.outRow(k, t, d) {
					c.outRow(k, t, d)[j] = float32(r.NormFloat64())
				}
			}
		}
	}
	return c, out
}

func TestOuterFollowsReference(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for i := range 150 {
			c, out := randomOuter(r, k, i)
			before := slices.Clone(c.Out)
			want := *c
			want.Out = slices.Clone(c.Out)
			OuterReference(k, &want)
			k.Outer(c)
			bound := termBound * math.Sqrt(float64(c.M1-c.M0)+1)
			for tap := c.T0; tap < c.T1; tap++ {
				for d := c.D0; d < roundUp(c.D1, k.MR); d++ {
					got, exact := c.outRow(k, tap, d), want.outRow(k, tap, d)
					for j, v := range got {
						if d < c.D1 && !(math.Abs(float64(v-exact[j])) <= bound) {
							t.Fatalf("case %d: tap %d depth %d column %d is %v, want %v", i, tap, d, c.N0+j, v, exact[j])
						}
						got[j] = 0
					}
				}
			}
			checkRest(t, i, c.Out, before)
			out.Check(t)
		}
	})
}

// A result must not depend on how rows and columns are split between workers.
func TestResultsDoNotDependOnTheSplit(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for i := range 20 {
			c, _, _ := randomRows(r, k, 4*i+i%3)
			c.M0, c.N0, c.Add = 0, 0, false
			k.Rows(c)
			part := *c
			part.Out = make([]float32, len(c.Out))
			for m := range c.M1 {
				for n := 0; n < c.N1; n += k.NR {
					part.M0, part.M1, part.N0, part.N1 = m, m+1, n, min(n+k.NR, c.N1)
					k.Rows(&part)
				}
			}
			part.N0, part.N1 = 0, c.N1
			for m := range c.M1 {
				sameBits(t, fmt.Sprintf("rows case %d, row %d", i, m), c.out(m), part.out(m))
			}
			o, _ := randomOuter(r, k, i)
			o.M0, o.T0, o.D0, o.N0, o.Add = 0, 0, 0, 0, false
			k.Outer(o)
			split := *o
			split.Out = make([]float32, len(o.Out))
			for tap := range o.Taps {
				for d := 0; d < o.Depth; d += k.MR {
					split.T0, split.T1, split.D0, split.D1 = tap, tap+1, d, min(d+k.MR, o.Depth)
					k.Outer(&split)
				}
				for d := range o.Depth {
					sameBits(t, fmt.Sprintf("outer case %d, tap %d, depth %d", i, tap, d), o.outRow(k, tap, d), split.outRow(k, tap, d))
				}
			}
		}
	})
}

func sameBits(t *testing.T, what string, a, b []float32) {
	t.Helper()
	for i := range a {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) {
			t.Fatalf("%s: column %d is %v in a block and %v alone", what, i, a[i], b[i])
		}
	}
}

func TestRowsFollowTheGrammar(t *testing.T) {
	kerneltest.Names(t, Table, func(k *Kernel) string { return fmt.Sprintf("matmul_f32_%dx%d_%s", k.MR, k.NR, k.ISA) })
	if k := Select(Table, 0); k.ISA != "go" {
		t.Errorf("a machine without features gets %s", k.Name)
	}
}

// benchShapes are layers as training at batch 16 meets them: rows, taps, depth,
// columns.
var benchShapes = [][4]int{{3136, 9, 64, 64}, {784, 9, 128, 128}, {392, 9, 256, 256}, {392, 9, 512, 512}, {3136, 1, 16, 96}, {3136, 1, 96, 24}, {784, 1, 384, 64}, {1568, 7, 21, 64}}

func BenchmarkKernels(b *testing.B) {
	for k := range kerneltest.Runnable(Table) {
		for _, s := range benchShapes {
			m, taps, depth, n := s[0], s[1], s[2], s[3]
			o := Operand{X: make([]float32, (m+taps)*depth+OverRead), Taps: taps, Depth: depth, Rows: m, Offset: make([]int32, m*taps), Pad: make([]float32, depth+OverRead)}
			for j := range o.Offset {
				o.Offset[j] = int32((j/taps + j%taps) * depth)
			}
			y, w := make([]float32, m*n), make([]float32, taps*roundUp(depth, k.MR)*n)
			name := fmt.Sprintf("%dx%dx%dx%d", m, taps, depth, n)
			speed := func(b *testing.B) {
				b.ReportMetric(float64(m*n*depth*taps)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GMAC/s")
			}
			panels := k.NewPanels(taps, depth, n)
			rows := &RowsCall{Operand: o, W: panels.Use(make([]float32, panels.Len())), M1: m, N1: n, Out: y, LD: n, Work: &Work{}}
			b.Run(k.Name+"/rows/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					for at := 0; at < m; at += 192 {
						rows.M0, rows.M1 = at, min(at+192, m)
						k.Rows(rows)
					}
				}
				speed(b)
			})
			outer := &OuterCall{Operand: o, Y: y, LDY: n, M1: m, T1: taps, D1: depth, N1: n, Out: w, LD: n, Work: &Work{}}
			b.Run(k.Name+"/outer/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					k.Outer(outer)
				}
				speed(b)
			})
		}
	}
}
