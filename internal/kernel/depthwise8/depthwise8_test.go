package depthwise8

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
	"github.com/octet-ml/octet/internal/operand"
	"github.com/octet-ml/octet/quant"
)

// codes compares RunCodes with the rule applied to the sums of c.
func codes(t *testing.T, k *Kernel, c *Call, sums []int32, r *rand.Rand) {
	if k.PackRule == nil {
		return
	}
	n := c.W.Channels
	q := &quant.Requant{Rule: quant.RequantRule(r.IntN(4)), Mult: make([]float32, n), Bias: make([]float32, n), BiasInt: make([]int32, n),
		BiasMul: float32(r.ExpFloat64()), Zero: int32(r.IntN(256)), Lo: int32(r.IntN(100)), Hi: 255 - int32(r.IntN(100))}
	if r.IntN(2) == 0 {
		q.Lo, q.Hi = 0, 255
	}
	// Some rules have numbers half-way between two codes; many have no number beyond 16 bits.
	ties, usual := r.IntN(4) == 0, 1+r.IntN(2)*n
	for i := range n {
		q.Mult[i] = float32(r.ExpFloat64()) / 500
		q.Bias[i], q.BiasInt[i] = float32(r.NormFloat64()*3e4), int32(r.NormFloat64()*3e4)
		if q.Rule == quant.RealBias { // added to what is multiplied already
			q.Bias[i] /= 500
		}
		if ties {
			q.Mult[i], q.Bias[i], q.BiasInt[i] = 0.125, float32(r.IntN(999)), int32(r.IntN(999))
		}
		switch r.IntN(20 * usual) {
		case 0:
			q.Mult[i] = 1e6
		case 1:
			q.Bias[i] = float32(math.NaN())
		}
	}
	rule := k.PackRule(c.W, q)
	if rule == nil {
		// Of large filters, random weights may be refused.
		if n >= 16 && c.Taps <= 16 {
			t.Fatalf("rule %d for %d channels was refused", q.Rule, n)
		}
		return
	}
	out := kerneltest.NewZone(len(sums), 0, uint8(0xA5))
	d := *c
	d.Acc, d.Rule, d.Out = nil, rule, out.Inner
	k.RunCodes(&d)
	for i, s := range sums {
		if want := uint8(q.Code(s, i%n)); d.Out[i] != want {
			t.Fatalf("%d channels, %d taps, rule %d: code of sum %d in channel %d is %d, want %d", n, c.W.Taps, q.Rule, s, i%n, d.Out[i], want)
		}
	}
	out.Check(t)
}

func TestRowsFollowTheGrammar(t *testing.T) {
	kerneltest.Names(t, Table, func(k *Kernel) string { return "depthwise_u8s8_" + k.ISA })
	for _, k := range Table {
		if (k.PackRule == nil) != (k.RunCodes == nil) {
			t.Errorf("%s has a rule but no codes, or codes but no rule", k.Name)
		}
	}
	if k := Select(Table, 0); k.ISA != "go" {
		t.Errorf("a machine without features gets %s", k.Name)
	}
}

func BenchmarkKernels(b *testing.B) {
	for k := range kerneltest.Runnable(Table) {
		for _, channels := range []int{32, 96, 192, 960} {
			b.Run(fmt.Sprintf("%s/%d", k.Name, channels), func(b *testing.B) {
				const taps, rows = 9, 50
				c := &Call{W: k.Pack(make([]int8, channels*taps), channels, taps, 0), M1: rows,
					Acc: make([]int32, rows*channels), Out: make([]uint8, rows*channels)}
				c.Matrix = operand.Matrix[uint8]{X: make([]uint8, 60*channels), Pad: make([]uint8, channels),
					Taps: taps, Depth: channels, Offset: make([]int32, rows*taps), Rows: rows, Image: 60 * channels}
				for j := range c.Offset {
					c.Offset[j] = int32((j/rows + j%rows) * channels)
				}
				c.Step, c.Ends, c.Pad = channels, []int32{rows}, make([]uint8, rows*channels)
				do := k.Run
				if k.PackRule != nil {
					do = k.RunCodes
					c.Rule = k.PackRule(c.W, &quant.Requant{Mult: make([]float32, channels), Bias: make([]float32, channels), Hi: 255})
				}
				for b.Loop() {
					do(c)
				}
				b.ReportMetric(float64(rows*taps*channels)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GMAC/s")
			})
		}
	}
}

func TestKernelsEqualReference(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for i := range 300 {
			channels := []int{1, 3, 7, 8, 13, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 79, 95, 97, 127, 131}[i%22]
			taps := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 25, 49}[r.IntN(11)]
			rows, images := 1+r.IntN(7), 1+r.IntN(3)
			image := 5 * channels
			shift := r.IntN(8)
			x := make([]uint8, image*images+shift)[shift:]
			w := make([]int8, channels*taps)
			for j := range x {
				x[j] = []uint8{uint8(r.Uint32()), 255, 0}[r.IntN(3)]
			}
			for j := range w {
				w[j] = []int8{int8(r.Uint32()), -128, 127}[r.IntN(3)]
			}
			offset := make([]int32, rows*taps)
			for j := range offset {
				offset[j] = int32(r.IntN(6)-1) * int32(channels)
			}
			zero := uint8(r.IntN(256))
			c := &Call{W: k.Pack(w, channels, taps, zero), M0: r.IntN(rows), M1: rows * images}
			c.Matrix = operand.Matrix[uint8]{X: x, Pad: bytes.Repeat([]byte{zero}, channels), Taps: taps, Depth: channels,
				Offset: offset, Rows: rows, Image: image}
			if c.Step = channels * (1 + i%2); i%3 > 0 {
				for m := 1; m < rows; m++ {
					for t := range taps {
						if before := offset[t*rows+m-1]; before >= 0 && int(before)+c.Step <= image-channels {
							offset[t*rows+m] = before + int32(c.Step)
						}
					}
				}
			}
			c.Ends = operand.Runs(offset, taps, c.Step)
			c.Pad = bytes.Repeat([]byte{zero}, (operand.Longest(c.Ends)-1)*c.Step+channels)
			acc := kerneltest.NewZone((c.M1-c.M0)*channels, 0, int32(-7))
			c.Acc = acc.Inner
			k.Run(c)
			want := *c
			want.Acc = make([]int32, len(c.Acc))
			Reference(&want, w)
			if !slices.Equal(c.Acc, want.Acc) {
				t.Fatalf("case %d: %d channels, %d taps: differs from the reference", i, channels, taps)
			}
			acc.Check(t)
			codes(t, k, c, want.Acc, r)
		}
	})
}
