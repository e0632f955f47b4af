package filters32

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
)

var channelCounts = []int{1, 3, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 63, 64, 65, 96, 130}

func randomOperand(r *rand.Rand) (o Operand, pixels int) {
	o = Operand{C: channelCounts[r.IntN(len(channelCounts))], Taps: 1 + r.IntN(26), Rows: 1 + r.IntN(40)}
	images := 1 + r.IntN(3)
	o.Image = o.Rows*o.C + r.IntN(5)
	for range o.Rows * o.Taps {
		o.Offset = append(o.Offset, int32(r.IntN(o.Image-o.C+1+9)-9))
	}
	o.X, o.Pad = kerneltest.Normal(r, images*o.Image), make([]float32, o.C)
	return o, images * o.Rows
}

// termBound is how far a sum may lie from that of the reference for each root of its
// number of terms: a term is about 1, at most some 5, and rounds by 6e-8 of the sum.
const termBound = 8e-6

// compare fails unless results agree, and nothing but them was written.
func compare(t *testing.T, got *kerneltest.Zone[float32], want []float32, from, to, sums int) {
	t.Helper()
	for i, v := range got.Inner {
		inside := i >= from && i < to
		switch {
		case inside && !(math.Abs(float64(v-want[i])) <= termBound*math.Sqrt(float64(sums))):
			t.Fatalf("result %d is %v, want %v", i, v, want[i])
		case !inside && v != want[i]:
			t.Fatalf("wrote outside the result at %d", i)
		}
	}
	got.Check(t)
}

func TestFilterFollowsReference(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for i := range 100 {
			o, pixels := randomOperand(r)
			f := &Filter{Operand: o, W: kerneltest.Normal(r, o.Taps*o.C), Add: i%3 == 0}
			f.M0 = r.IntN(pixels)
			f.M1 = f.M0 + 1 + r.IntN(pixels-f.M0)
			out := kerneltest.NewZone(pixels*o.C, r.IntN(8), kerneltest.NaN)
			copy(out.Inner, kerneltest.Normal(r, len(out.Inner)))
			f.Out = out.Inner
			want := *f
			want.Out = slices.Clone(out.Inner)
			FilterReference(&want)
			k.Filter(f)
			compare(t, out, want.Out, f.M0*o.C, f.M1*o.C, o.Taps)
		}
	})
}

func TestWeightsFollowReference(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for range 100 {
			o, pixels := randomOperand(r)
			w := &Weights{Operand: o, Y: kerneltest.Normal(r, pixels*o.C)}
			w.M0 = r.IntN(pixels)
			w.M1 = w.M0 + 1 + r.IntN(pixels-w.M0)
			out := kerneltest.NewZone(o.Taps*o.C, r.IntN(8), kerneltest.NaN)
			copy(out.Inner, kerneltest.Normal(r, len(out.Inner)))
			w.Out = out.Inner
			want := *w
			want.Out = slices.Clone(out.Inner)
			WeightsReference(&want)
			k.Weights(w)
			compare(t, out, want.Out, 0, len(out.Inner), pixels)
		}
	})
}

// A pixel must not depend on how pixels are split between workers.
func TestPixelsDoNotDependOnTheSplit(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for range 20 {
			o, pixels := randomOperand(r)
			f := &Filter{Operand: o, W: kerneltest.Normal(r, o.Taps*o.C), M1: pixels, Out: make([]float32, pixels*o.C)}
			k.Filter(f)
			part := *f
			part.Out = make([]float32, len(f.Out))
			for m := range pixels {
				part.M0, part.M1 = m, m+1
				k.Filter(&part)
			}
			for i, v := range f.Out {
				if math.Float32bits(v) != math.Float32bits(part.Out[i]) {
					t.Fatalf("pixel %d, channel %d is %v in a block and %v alone", i/o.C, i%o.C, v, part.Out[i])
				}
			}
		}
	})
}

func TestRowsFollowTheGrammar(t *testing.T) {
	kerneltest.Names(t, Table, func(k *Kernel) string { return "filters_f32_" + k.ISA })
	if k := Select(Table, 0); k.ISA != "go" {
		t.Errorf("a machine without features gets %s", k.Name)
	}
}

func BenchmarkKernels(b *testing.B) {
	for k := range kerneltest.Runnable(Table) {
		for _, s := range [][2]int{{12544, 32}, {3136, 144}, {196, 576}} {
			rows, c := s[0], s[1]
			o := Operand{X: make([]float32, (rows+9)*c), Pad: make([]float32, c), Rows: rows, Taps: 9, C: c}
			for j := range rows * 9 {
				o.Offset = append(o.Offset, int32((j/9+j%9)*c))
			}
			y, w := make([]float32, rows*c), make([]float32, 9*c)
			for name, run := range map[string]func(){
				"filter":  func() { k.Filter(&Filter{Operand: o, W: w, M1: rows, Out: y}) },
				"weights": func() { k.Weights(&Weights{Operand: o, Y: y, M1: rows, Out: w}) },
			} {
				b.Run(fmt.Sprintf("%s/%s/%dx%d", k.Name, name, rows, c), func(b *testing.B) {
					for b.Loop() {
						run()
					}
					b.ReportMetric(float64(rows*c*9)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GMAC/s")
				})
			}
		}
	}
}
