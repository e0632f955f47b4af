package gemm8

import (
	"fmt"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/operand"
	"github.com/octet-ml/octet/quant"
	"math/rand/v2"
	"testing"
)

func BenchmarkTmp(b *testing.B) {
	for i := range Table {
		k := &Table[i]
		if !cpu.Host().Has(k.Requires) || k.ISA == "go" {
			continue
		}
		for _, s := range []Shape{{288, 96, 16}, {288, 32, 32}, {192, 144, 24}, {96, 256, 64}, {96, 64, 256}, {96, 512, 128}} {
			for _, out := range []int{0, 1, 5, 100} {
				x, w := make([]uint8, s.M*s.K), make([]int8, s.N*s.K)
				for i := range x {
					x[i] = uint8(rand.IntN(128))
					if rand.IntN(1000) < out {
						x[i] = 200
					}
					if out == 100 {
						x[i] = uint8(rand.IntN(256))
					}
				}
				for i := range w {
					w[i] = int8(max(-127, min(127, rand.NormFloat64()*40)))
				}
				W := k.Pack(w, s.N, 1, s.K, 3)
				q := &quant.Requant{Mult: make([]float32, s.N), Bias: make([]float32, s.N), Hi: 255}
				for i := range q.Mult {
					q.Mult[i] = 0.001
				}
				c := &Call{Matrix: operand.Matrix[uint8]{X: x, Pad: make([]uint8, s.K), Taps: 1, Depth: s.K, Stride: s.K}, W: W, Rule: k.PackRule(W, q, 0),
					M1: s.M, N1: s.N, Out: make([]uint8, s.M*s.N), LD: s.N, Work: make([]uint64, k.Work(s.M, 1, s.K))}
				b.Run(fmt.Sprintf("%s/%dx%dx%d/out%d", k.ISA, s.M, s.N, s.K, out), func(b *testing.B) {
					for b.Loop() {
						k.RunCodes(c)
					}
					b.ReportMetric(float64(s.M*s.N*s.K)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GMAC/s")
				})
			}
		}
	}
}
