package winograd32

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kerneltest"
	"github.com/octet-ml/octet/internal/operand"
	"github.com/octet-ml/octet/internal/testseed"
)

// problem is a convolution with padding 1 of images, h by w.
type problem struct {
	images, h, w, in, out int
	x, filters            []float32
}

func draw(r *rand.Rand, k *Kernel) *problem {
	p := &problem{images: 1 + r.IntN(2), h: 1 + r.IntN(9), w: 1 + r.IntN(9), in: k.Channels * (1 + r.IntN(3)), out: k.Channels * (1 + r.IntN(3))}
	p.x = normal(r, p.images*p.h*p.w*p.in)
	p.filters = normal(r, p.out*9*p.in)
	return p
}

func normal(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

func (p *problem) tiles() int { return (p.h + 1) / 2 * ((p.w + 1) / 2) }

// at is where the tap of each tile lies that is dy, dx from the tile's own pixel.
func (p *problem) at(dy, dx, channels int) (offsets []int32) {
	across := (p.w + 1) / 2
	for tile := range p.tiles() {
		y, x := tile/across*2+dy, tile%across*2+dx
		if y < 0 || x < 0 || y >= p.h || x >= p.w {
			offsets = append(offsets, -1)
			continue
		}
		offsets = append(offsets, int32((y*p.w+x)*channels))
	}
	return offsets
}

func (p *problem) spread(m0, m1 int) *InputTiles {
	s := &InputTiles{M0: m0, M1: m1, To: make([]float32, Points*(m1-m0)*p.in)}
	s.Matrix = operand.Matrix[float32]{X: p.x, Pad: make([]float32, p.in), Taps: 16, Depth: p.in, Rows: p.tiles(), Image: p.h * p.w * p.in}
	for tap := range 16 {
		s.Offset = append(s.Offset, p.at(tap/4-1, tap%4-1, p.in)...)
	}
	return s
}

func (p *problem) fold(r *rand.Rand, m0, m1, n0, n1 int) *OutputTiles {
	f := &OutputTiles{
		M0: m0, M1: m1, N0: n0, N1: n1, LD: p.out, Products: normal(r, Points*(m1-m0)*p.out), Bias: normal(r, p.out), Lo: -1, Hi: 2,
		Out: make([]float32, p.images*p.h*p.w*p.out), Rows: p.tiles(), OutImage: p.h * p.w * p.out, Nowhere: make([]float32, p.out),
	}
	for pixel := range 4 {
		f.To = append(f.To, p.at(pixel/2, pixel%2, p.out)...)
	}
	return f
}

func TestTransformInputEqualsReference(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for range 60 {
			p := draw(r, k)
			p.x[r.IntN(len(p.x))] = []float32{float32(math.NaN()), float32(math.Inf(1)), 1, float32(math.Copysign(0, -1))}[r.IntN(4)]
			m0 := r.IntN(p.images * p.tiles())
			s := p.spread(m0, m0+1+r.IntN(p.images*p.tiles()-m0))
			to := kerneltest.NewZone(len(s.To), 0, float32(12345))
			s.To = to.Inner
			want := *s
			want.To = slices.Clone(s.To)
			ReferenceInput(&want)
			k.TransformInput(s)
			to.Check(t)
			if !kerneltest.Same(s.To, want.To) {
				t.Fatalf("tiles %d to %d of %d images of %dx%d with %d channels: differ", s.M0, s.M1, p.images, p.h, p.w, p.in)
			}
		}
	})
}

func TestFoldEqualsReference(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for range 60 {
			p := draw(r, k)
			m0 := r.IntN(p.images * p.tiles())
			n0 := r.IntN(p.out/k.Channels) * k.Channels
			n1 := n0 + (1+r.IntN((p.out-n0)/k.Channels))*k.Channels
			f := p.fold(r, m0, m0+1+r.IntN(p.images*p.tiles()-m0), n0, n1)
			f.Products[r.IntN(len(f.Products))] = []float32{float32(math.NaN()), float32(math.Inf(1)), 1, -1}[r.IntN(4)]
			out := kerneltest.NewZone(len(f.Out), 0, float32(7))
			f.Out = out.Inner
			want := *f
			want.Out = slices.Clone(f.Out)
			ReferenceOutput(&want)
			k.TransformOutput(f)
			out.Check(t)
			if !kerneltest.Same(f.Out, want.Out) {
				t.Fatalf("tiles %d to %d, channels %d to %d of %d images of %dx%d: differ", f.M0, f.M1, n0, n1, p.images, p.h, p.w)
			}
		}
	})
}

// foldBound is how far a convolution by way of the transforms may lie from one in float64:
// they add up to 36 numbers that are larger than the result, in float32.
const foldBound = 1e-4

// The transforms and products together are a convolution.
func TestOraclesConvolve(t *testing.T) {
	r := testseed.Rand(t)
	for range 20 {
		p := draw(r, &Kernel{Channels: 3})
		tiles := p.images * p.tiles()
		s, f := p.spread(0, tiles), p.fold(r, 0, tiles, 0, p.out)
		ReferenceInput(s)
		u := Filters(p.filters, p.out, p.in)
		for point := range Points {
			for m := range tiles {
				for n := range p.out {
					var sum float64
					for c := range p.in {
						sum += float64(s.To[(point*tiles+m)*p.in+c]) * float64(u[(point*p.out+n)*p.in+c])
					}
					f.Products[(point*tiles+m)*p.out+n] = float32(sum)
				}
			}
		}
		ReferenceOutput(f)
		for i, got := range f.Out {
			n, x, y, image := i%p.out, i/p.out%p.w, i/p.out/p.w%p.h, i/p.out/p.w/p.h
			want := float64(f.Bias[n])
			for tap := range 9 {
				yy, xx := y+tap/3-1, x+tap%3-1
				if yy < 0 || xx < 0 || yy >= p.h || xx >= p.w {
					continue
				}
				for c := range p.in {
					want += float64(p.x[((image*p.h+yy)*p.w+xx)*p.in+c]) * float64(p.filters[(n*9+tap)*p.in+c])
				}
			}
			if want = min(max(want, -1), 2); math.Abs(float64(got)-want) > foldBound {
				t.Fatalf("pixel %d,%d of image %d, channel %d: %v, convolved %v", y, x, image, n, got, want)
			}
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		p := draw(r, k)
		tiles := p.images * p.tiles()
		s, f := p.spread(0, tiles), p.fold(r, 0, tiles, 0, p.out)
		if n := testing.AllocsPerRun(10, func() { k.TransformInput(s); k.TransformOutput(f) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

func TestSelect(t *testing.T) {
	kerneltest.Names(t, Table, func(k *Kernel) string { return "winograd_f32_2x2_" + k.ISA })
	all := ^cpu.Features(0)
	for i := range Table {
		k := &Table[i]
		if Select(Table, k.Channels, k.Channels, k.Requires) != k {
			t.Errorf("%s is not chosen on its own machine", k.Name)
		}
	}
	if Select(Table, 64, 64, 0) != nil || Select(Table, 3, 64, all) != nil || Select(Table, 512, 512, all) != nil {
		t.Error("a kernel was chosen for what none computes")
	}
}

func BenchmarkTransforms(b *testing.B) {
	for k := range kerneltest.Runnable(Table) {
		r := rand.New(rand.NewPCG(1, 2))
		p := &problem{images: 1, h: 28, w: 28, in: 128, out: 128}
		p.x = normal(r, p.h*p.w*p.in)
		s, f := p.spread(0, p.tiles()), p.fold(r, 0, p.tiles(), 0, p.out)
		b.Run(fmt.Sprint(k.Name, "/spread"), func(b *testing.B) {
			for b.Loop() {
				k.TransformInput(s)
			}
		})
		b.Run(fmt.Sprint(k.Name, "/fold"), func(b *testing.B) {
			for b.Loop() {
				k.TransformOutput(f)
			}
		})
	}
}
