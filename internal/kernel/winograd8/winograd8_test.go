package winograd8

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kerneltest"
	"github.com/octet-ml/octet/internal/operand"
	"github.com/octet-ml/octet/quant"
)

// image is a call for a convolution with padding 1 of images, h by w, and the
// filters it is made of.
func image(r *rand.Rand, k *Kernel, images, h, w, in, out int, extreme bool) (*Call, []int8, *quant.Requant) {
	filters := make([]int8, out*9*in)
	x := make([]uint8, images*h*w*in)
	for i := range x {
		x[i] = uint8(r.Uint32())
		if extreme {
			x[i] = 255 * uint8(r.IntN(2))
		}
	}
	sign := int8(r.IntN(2))
	for i := range filters {
		filters[i] = int8(r.Uint32())
		if extreme {
			filters[i] = [2]int8{127, -128}[sign]
		}
	}
	zero := uint8(r.IntN(256))
	down, across := (h+1)/2, (w+1)/2
	c := &Call{W: k.Pack(nil, filters, in, out, zero), M1: images * down * across, N1: out, Out: make([]uint8, images*h*w*out), OutImage: h * w * out}
	c.Matrix = operand.Matrix[uint8]{X: x, Pad: bytes.Repeat([]byte{zero}, in), Taps: 16, Depth: in, Rows: down * across, Image: h * w * in}
	at := func(y, x, channels int) int32 {
		if y < 0 || x < 0 || y >= h || x >= w {
			return -1
		}
		return int32((y*w + x) * channels)
	}
	for tap := range 16 {
		for tile := range c.Rows {
			c.Offset = append(c.Offset, at(tile/across*2+tap/4-1, tile%across*2+tap%4-1, in))
		}
	}
	for pixel := range 4 {
		for tile := range c.Rows {
			c.To = append(c.To, at(tile/across*2+pixel/2, tile%across*2+pixel%2, out))
		}
	}
	q := &quant.Requant{Rule: quant.RequantRule(r.IntN(4)), BiasMul: float32(r.ExpFloat64()), Zero: int32(r.IntN(256)), Hi: 255}
	scale := 1.0
	if q.Rule == quant.RealBias { // added to what is multiplied already
		scale = 1e-2
	}
	for range out {
		q.Mult = append(q.Mult, float32(r.ExpFloat64()/float64(1000*in)))
		q.Bias = append(q.Bias, float32(r.NormFloat64()*1e4*scale))
		q.BiasInt = append(q.BiasInt, int32(r.NormFloat64()*1e4))
	}
	c.Rule = k.PackRule(c.W, q)
	c.Work = make([]uint64, k.Work(c.M1, in))
	return c, filters, q
}

func TestKernelsEqualReference(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for i := range 60 {
			in, out := k.Channels*(1+r.IntN(4)), k.Channels*(1+r.IntN(4))
			images, h, w := 1+r.IntN(2), 1+r.IntN(9), 1+r.IntN(9)
			if i%20 == 0 {
				in, h, w = MaxChannels/k.Channels*k.Channels, 3, 2
			}
			c, filters, q := image(r, k, images, h, w, in, out, i%4 == 0)
			c.M0 = r.IntN(c.M1)
			c.N0 = r.IntN(out) / k.Channels * k.Channels
			codes := kerneltest.NewZone(len(c.Out), 0, uint8(0xA5))
			c.Out = codes.Inner
			k.Run(c)
			want := *c
			want.Out = bytes.Repeat([]byte{0xA5}, len(c.Out))
			Reference(&want, filters, q)
			if !bytes.Equal(c.Out, want.Out) {
				t.Fatalf("case %d: %d images of %dx%d, %d to %d channels, rule %d: differs from the reference", i, images, h, w, in, out, q.Rule)
			}
			codes.Check(t)
		}
	})
}

func TestNothingIsAllocated(t *testing.T) {
	for k := range kerneltest.Runnable(Table) {
		c, _, _ := image(rand.New(rand.NewPCG(1, 2)), k, 2, 6, 6, 32, 32, false)
		if n := testing.AllocsPerRun(10, func() { k.Run(c) }); n != 0 {
			t.Errorf("%s: %v allocations", k.Name, n)
		}
	}
}

func TestSelect(t *testing.T) {
	kerneltest.Names(t, Table, func(k *Kernel) string { return "winograd_u8s8_2x2_" + k.ISA })
	all := ^cpu.Features(0)
	for i := range Table {
		k := &Table[i]
		if Select(Table, k.Channels, k.Channels, k.Requires) == nil {
			t.Errorf("%s is not chosen on its own machine", k.Name)
		}
	}
	if Select(Table, 64, 64, 0) != nil || Select(Table, 3, 64, all) != nil || Select(Table, 2048, 64, all) != nil {
		t.Error("a kernel was chosen for what none computes")
	}
}

func BenchmarkKernels(b *testing.B) {
	for k := range kerneltest.Runnable(Table) {
		for _, s := range [][3]int{{8, 56, 64}, {8, 28, 128}, {14, 14, 256}, {7, 7, 512}} {
			b.Run(fmt.Sprintf("%s/%dx%dx%d", k.Name, s[0], s[1], s[2]), func(b *testing.B) {
				c, _, _ := image(rand.New(rand.NewPCG(1, 2)), k, 1, s[0], s[1], s[2], s[2], false)
				for b.Loop() {
					k.Run(c)
				}
				b.ReportMetric(float64(s[0]*s[1]*9*s[2]*s[2])*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GMAC/s")
			})
		}
	}
}
