package depthwise8

import (
	"bytes"
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

func TestKernelsEqualReference(t *testing.T) {
	each(t, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for i := range 200 {
			channels, taps := []int{1, 3, 7, 8, 13, 31, 64, 65}[i%8], []int{1, 2, 3, 4, 9, 25}[r.IntN(6)]
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
			c := &Call{X: x, Pad: bytes.Repeat([]byte{zero}, channels), W: k.Pack(w, channels, taps, zero),
				Offset: offset, Rows: rows, Image: image, M0: r.IntN(rows), M1: rows * images}
			zone := slices.Repeat([]int32{-7}, (c.M1-c.M0)*channels+2*16)
			c.Acc = zone[16 : len(zone)-16]
			k.Run(c)
			want := *c
			want.Acc = make([]int32, len(c.Acc))
			Reference(&want, w)
			if !slices.Equal(c.Acc, want.Acc) {
				t.Fatalf("case %d: %d channels, %d taps: differs from the reference", i, channels, taps)
			}
			for j := range 16 {
				if zone[j] != -7 || zone[len(zone)-1-j] != -7 {
					t.Fatalf("case %d: wrote outside the result", i)
				}
			}
		}
	})
}
