package channels32

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
)

// vector returns random parameters of channels.
func vector(r *rand.Rand, channels int) []float32 { return kerneltest.Normal(r, Padded(channels)) }

var channelCounts = []int{1, 3, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 63, 64, 65, 96, 130}

func sizes(r *rand.Rand) (rows, channels int) {
	return 1 + r.IntN(50), channelCounts[r.IntN(len(channelCounts))]
}

// How far results may lie from the reference's, as a share of the largest.
const (
	sumsBound    = 1e-5 // sums of some dozen numbers, in another order
	elementBound = 1e-6 // a few roundings for each number
)

// within fails unless each number is within a share of the largest exact one.
func within(t *testing.T, what string, got, exact []float32, share float64) {
	t.Helper()
	largest := 1.0
	for _, v := range exact {
		largest = max(largest, math.Abs(float64(v)))
	}
	for i, v := range got {
		if !(math.Abs(float64(v)-float64(exact[i])) <= share*largest) {
			t.Fatalf("%s %d is %v, want %v", what, i, v, exact[i])
		}
	}
}

func TestStatsFollowReference(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for range 100 {
			rows, channels := sizes(r)
			x := kerneltest.Normal(r, rows*channels)
			for i := range x {
				x[i] += 50 // far from zero, where sums of squares would cancel
			}
			got, want := newStats(channels), newStats(channels)
			k.Stats(x, rows, got)
			StatsReference(x, rows, want)
			if !slices.Equal(got.Smallest[:channels], want.Smallest[:channels]) || !slices.Equal(got.Largest[:channels], want.Largest[:channels]) {
				t.Fatalf("%d rows of %d channels: extremes differ", rows, channels)
			}
			within(t, "sum", got.Sum[:channels], want.Sum[:channels], sumsBound)
			within(t, "square", got.Square[:channels], want.Square[:channels], sumsBound)
		}
	})
}

func newStats(channels int) *Stats {
	v := func() []float32 { return make([]float32, Padded(channels)) }
	return &Stats{C: channels, Shift: v(), Sum: v(), Square: v(), Smallest: v(), Largest: v()}
}

func randomFinish(r *rand.Rand, quantized bool) (f *Finish, out *kerneltest.Zone[float32]) {
	rows, channels := sizes(r)
	f = &Finish{X: kerneltest.Normal(r, rows*channels), Rows: rows, C: channels, Alpha: vector(r, channels), Beta: vector(r, channels),
		Lo: float32(math.Inf(-1)), Hi: float32(math.Inf(1)), Quant: quantized, Mask: make([]byte, rows*MaskStride(channels))}
	if r.IntN(2) == 0 {
		f.Lo, f.Hi = 0, []float32{float32(math.Inf(1)), 6}[r.IntN(2)]
	}
	if quantized {
		f.Scale, f.Zero = vector(r, channels), vector(r, channels)
		f.Inv = make([]float32, len(f.Scale))
		f.QMin, f.QMax = 0, 127
		for c := range f.Scale {
			f.Scale[c] = 0.01 + 0.02*r.Float32()
			f.Inv[c], f.Zero[c] = 1/f.Scale[c], float32(r.IntN(128))
		}
		// Numbers on the edges, ties, and what no activation should be.
		for _, v := range []float32{0, 0.5, 1.5, -0.5, float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 1e30} {
			i := r.IntN(len(f.X))
			f.X[i], f.Alpha[i%channels], f.Beta[i%channels] = v, 1, 0
		}
	}
	out = kerneltest.NewZone(len(f.X), r.IntN(8), kerneltest.NaN)
	f.Out = out.Inner
	return f, out
}

func TestFinishIsExact(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for i := range 200 {
			f, out := randomFinish(r, i%2 == 0)
			want := *f
			want.Out, want.Mask = make([]float32, len(f.Out)), make([]byte, len(f.Mask))
			FinishReference(&want)
			k.Finish(f)
			for j, v := range f.Out {
				if w := want.Out[j]; math.Float32bits(v) != math.Float32bits(w) && (v == v || w == w) && v != w {
					t.Fatalf("case %d: %v becomes %v, want %v", i, f.X[j], v, w)
				}
				m, c := j/f.C, j%f.C
				if passes(f.Mask, m, f.C, c) != passes(want.Mask, m, f.C, c) {
					t.Fatalf("case %d: at %v (result %v) the gradient passes: %v", i, f.X[j], v, passes(f.Mask, m, f.C, c))
				}
			}
			out.Check(t)
			// In place.
			f.Out = f.X
			k.Finish(f)
			for j, v := range f.Out {
				if w := want.Out[j]; v != w && (v == v || w == w) {
					t.Fatalf("case %d, in place: %v, want %v", i, v, w)
				}
			}
		}
	})
}

func randomMask(r *rand.Rand, rows, channels int) []byte {
	if r.IntN(4) == 0 {
		return nil
	}
	m := make([]byte, rows*MaskStride(channels))
	for i := range m {
		m[i] = byte(r.Uint32())
	}
	return m
}

func TestReduceFollowsReference(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for i := range 100 {
			rows, c := sizes(r)
			red := &Reduce{Up: kerneltest.Normal(r, rows*c), X: kerneltest.Normal(r, rows*c), Mask: randomMask(r, rows, c), Rows: rows, C: c,
				Mean: vector(r, c), Sum: vector(r, c), SumX: vector(r, c)}
			if i%5 == 0 {
				red.X, red.Mean = nil, nil
			}
			want := *red
			want.Sum, want.SumX = slices.Clone(red.Sum), slices.Clone(red.SumX)
			ReduceReference(&want)
			k.Reduce(red)
			within(t, "sum", red.Sum[:c], want.Sum[:c], sumsBound)
			if red.X != nil {
				within(t, "sum of products", red.SumX[:c], want.SumX[:c], sumsBound)
			}
		}
	})
}

func TestApplyFollowsReference(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for i := range 100 {
			rows, c := sizes(r)
			a := &Apply{Up: kerneltest.Normal(r, rows*c), X: kerneltest.Normal(r, rows*c), Mask: randomMask(r, rows, c), Rows: rows, C: c,
				A: vector(r, c), B: vector(r, c), K: vector(r, c), Add: i%3 == 0}
			if i%5 == 0 {
				a.X = nil
				clear(a.B)
			}
			out := kerneltest.NewZone(rows*c, r.IntN(8), kerneltest.NaN)
			copy(out.Inner, kerneltest.Normal(r, rows*c))
			a.Out = out.Inner
			want := *a
			want.Out = slices.Clone(out.Inner)
			ApplyReference(&want)
			k.Apply(a)
			within(t, "result", a.Out, want.Out, elementBound)
			out.Check(t)
			if !a.Add {
				a.Out = a.Up
				k.Apply(a)
				within(t, "result in place", a.Out, want.Out, elementBound)
			}
		}
	})
}

func TestDecodeIsExact(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for range 100 {
			rows, c := sizes(r)
			d := &Decode{Codes: make([]uint8, rows*c), Mask: make([]byte, rows*MaskStride(c)), Rows: rows, C: c,
				Scale: r.Float32(), Zero: float32(r.IntN(256)), Lo: int32(r.IntN(100) - 1), Hi: int32(200 + r.IntN(56))}
			for i := range d.Codes {
				d.Codes[i] = uint8(r.Uint32())
			}
			out := kerneltest.NewZone(rows*c, r.IntN(8), kerneltest.NaN)
			d.Out = out.Inner
			want := *d
			want.Out, want.Mask = make([]float32, rows*c), make([]byte, len(d.Mask))
			DecodeReference(&want)
			k.Decode(d)
			if !slices.Equal(d.Out, want.Out) || !slices.Equal(d.Mask, want.Mask) {
				t.Fatalf("%d rows of %d channels differ from the reference", rows, c)
			}
			out.Check(t)
		}
	})
}

func TestRowsFollowTheGrammar(t *testing.T) {
	kerneltest.Names(t, Table, func(k *Kernel) string { return "channels_f32_" + k.ISA })
	if k := Select(Table, 0); k.ISA != "go" {
		t.Errorf("a machine without features gets %s", k.Name)
	}
}

func BenchmarkPasses(b *testing.B) {
	for k := range kerneltest.Runnable(Table) {
		for _, s := range [][2]int{{200000, 16}, {50000, 96}, {3136, 960}} {
			rows, c := s[0], s[1]
			x, up, v := make([]float32, rows*c), make([]float32, rows*c), make([]float32, Padded(c))
			mask := make([]byte, rows*MaskStride(c))
			st := newStats(c)
			for name, pass := range map[string]func(){
				"stats": func() { k.Stats(x, rows, st) },
				"finish": func() {
					k.Finish(&Finish{X: x, Out: up, Mask: mask, Rows: rows, C: c, Alpha: v, Beta: v, Quant: true, Inv: v, Scale: v, Zero: v, QMax: 255})
				},
				"reduce": func() { k.Reduce(&Reduce{Up: up, X: x, Mask: mask, Rows: rows, C: c, Mean: v, Sum: v, SumX: v}) },
				"apply":  func() { k.Apply(&Apply{Up: up, X: x, Mask: mask, Rows: rows, C: c, A: v, B: v, K: v, Out: up}) },
			} {
				b.Run(fmt.Sprintf("%s/%s/%dx%d", k.Name, name, rows, c), func(b *testing.B) {
					for b.Loop() {
						pass()
					}
					b.ReportMetric(float64(rows*c)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "Gelement/s")
				})
			}
		}
	}
}

func TestLearnFollowsReference(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for range 100 {
			f, _ := randomFinish(r, true)
			for i, v := range f.X {
				if v != v || math.Abs(float64(v)) > 1e3 {
					f.X[i] = 0
				}
			}
			l := &Learn{Up: kerneltest.Normal(r, len(f.X)), X: f.X, Rows: f.Rows, C: f.C, Alpha: f.Alpha, Beta: f.Beta, Lo: f.Lo, Hi: f.Hi,
				Inv: f.Inv, Zero: f.Zero, QMin: f.QMin, QMax: f.QMax, Steps: vector(r, f.C), Cut: vector(r, f.C)}
			want := *l
			want.Steps, want.Cut = slices.Clone(l.Steps), slices.Clone(l.Cut)
			LearnReference(&want)
			k.Learn(l)
			// Terms of many steps may leave a small sum; a term that is wrong is off by one.
			within(t, "sum of steps", l.Steps[:l.C], want.Steps[:l.C], sumsBound*float64(max(1, l.QMax-l.QMin)))
			within(t, "sum of what was cut off", l.Cut[:l.C], want.Cut[:l.C], sumsBound)
		}
	})
}
