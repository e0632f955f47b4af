package depthwise32

import (
	"math"
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

func TestKernelsApproachReference(t *testing.T) {
	each(t, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for i := range 100 {
			channels, taps := []int{1, 3, 7, 8, 13, 31, 64, 65}[i%8], []int{1, 2, 3, 4, 9, 25}[r.IntN(6)]
			rows, images := 1+r.IntN(7), 1+r.IntN(3)
			random := func(n int) []float32 {
				x := make([]float32, n)
				for j := range x {
					x[j] = float32(r.NormFloat64())
				}
				return x
			}
			image := 5 * channels
			x, w, bias := random(image*images), random(channels*taps), random(channels)
			offset := make([]int32, rows*taps)
			for j := range offset {
				offset[j] = int32(r.IntN(6)-1) * int32(channels)
			}
			m := rows * images
			zone := slices.Repeat([]float32{-7}, m*channels+16)
			c := &Call{X: x, Pad: make([]float32, channels), W: k.Pack(w, channels, taps, bias),
				Offset: offset, Rows: rows, Image: image, M0: r.IntN(m), M1: m, Lo: -1, Hi: 6, Out: zone[8 : 8+m*channels]}
			k.Run(c)
			want := *c
			want.Out = make([]float32, m*channels)
			Reference(&want, w)
			for j, v := range zone {
				in := j - 8
				if in < c.M0*channels || in >= m*channels {
					if v != -7 {
						t.Fatalf("case %d: wrote outside the result", i)
					}
				} else if math.Abs(float64(v-want.Out[in])) > 1e-5 {
					t.Fatalf("case %d: %v, want %v", i, v, want.Out[in])
				}
			}
		}
	})
}

func TestNaNPasses(t *testing.T) {
	each(t, func(t *testing.T, k *Kernel, _ *rand.Rand) {
		nan := float32(math.NaN())
		c := &Call{X: []float32{nan, 1}, Pad: []float32{0, 0}, W: k.Pack([]float32{1, 1}, 2, 1, nil), Offset: []int32{0},
			Rows: 1, M1: 1, Hi: 6, Out: make([]float32, 2)}
		k.Run(c)
		if c.Out[0] == c.Out[0] || c.Out[1] != 1 {
			t.Errorf("%v", c.Out)
		}
	})
}
