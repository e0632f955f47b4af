package depthwise8

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/octet-ml/octet/internal/kerneltest"
	"github.com/octet-ml/octet/internal/operand"
)

// Kernels touch nothing in front of or behind their operands.
func TestKernelsStayWithinOperands(t *testing.T) {
	kerneltest.Each(t, Table, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for channels := 1; channels < 140; channels += 1 + r.IntN(3) {
			taps, rows, pixels := 1+r.IntN(26), 1+r.IntN(5), 1+r.IntN(4)
			zero := uint8(r.IntN(256))
			atEnd := r.IntN(3) > 0
			c := &Call{M1: rows}
			c.Matrix = operand.Matrix[uint8]{X: kerneltest.Fenced(t, pixels*channels, atEnd),
				Taps: taps, Depth: channels, Rows: rows, Image: pixels * channels}
			w := make([]int8, channels*taps)
			for j := range c.X {
				c.X[j] = uint8(r.Uint32())
			}
			for j := range w {
				w[j] = int8(r.Uint32())
			}
			for range rows * taps {
				c.Offset = append(c.Offset, int32((r.IntN(pixels+1)-1)*channels))
			}
			c.Step = channels
			c.Ends = operand.Runs(c.Offset, taps, c.Step)
			c.Pad = kerneltest.Fenced(t, operand.Longest(c.Ends)*channels, atEnd)
			for j := range c.Pad {
				c.Pad[j] = zero
			}
			c.W, c.Acc = k.Pack(w, channels, taps, zero), make([]int32, rows*channels)
			k.Run(c)
			want := *c
			want.Acc = make([]int32, len(c.Acc))
			Reference(&want, w)
			if !slices.Equal(c.Acc, want.Acc) {
				t.Fatalf("%d channels, %d taps: differs from the reference", channels, taps)
			}
		}
	})
}
