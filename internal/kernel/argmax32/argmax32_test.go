package argmax32

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
)

func random(r *rand.Rand, c, taps, pixels int) *Call {
	x := make([]float32, 20*c)
	for i := range x {
		x[i] = float32(r.IntN(7) - 3) // with ties
	}
	call := &Call{X: x, Pad: slices.Repeat([]float32{float32(math.Inf(-1))}, c), Taps: taps, C: c,
		Out: make([]float32, pixels*c), Which: make([]uint8, pixels*c)}
	for range pixels * taps {
		call.Offset = append(call.Offset, int32((r.IntN(22)-2)*c))
	}
	for i := range call.Offset {
		call.Offset[i] = max(-1, min(call.Offset[i], int32(19*c)))
	}
	call.M0 = r.IntN(pixels)
	call.M1 = call.M0 + 1 + r.IntN(pixels-call.M0)
	return call
}

func TestKernelsFollowReference(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for range 200 {
			c := random(r, []int{1, 3, 8, 15, 16, 24, 32, 64, 72}[r.IntN(9)], 1+r.IntN(30), 1+r.IntN(9))
			want := *c
			want.Out, want.Which = slices.Clone(c.Out), slices.Clone(c.Which)
			Reference(&want)
			k.Run(c)
			if !slices.Equal(c.Out, want.Out) || !slices.Equal(c.Which, want.Which) {
				t.Fatalf("%d channels, %d taps: differs from the reference", c.C, c.Taps)
			}
		}
	})
}

func TestRowsFollowTheGrammar(t *testing.T) {
	kerneltest.Names(t, Table, func(k *Kernel) string { return "argmax_f32_" + k.ISA })
}

func BenchmarkKernels(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	for k := range kerneltest.Runnable(Table) {
		c := random(r, 64, 9, 3136)
		c.M0, c.M1 = 0, 3136
		b.Run(fmt.Sprintf("%s/3136x9x64", k.Name), func(b *testing.B) {
			for b.Loop() {
				k.Run(c)
			}
		})
	}
}
