package pool32

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

func TestKernelsEqualReference(t *testing.T) {
	each(t, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for i := range 200 {
			channels := []int{1, 3, 7, 8, 13, 31, 64, 65}[i%8]
			rows, images := 1+r.IntN(7), 1+r.IntN(3)
			c := &Call{Channels: channels, Rows: rows, Image: 6 * channels, Start: []int32{0}, M0: r.IntN(rows), M1: rows * images}
			c.X = make([]float32, images*c.Image)
			for j := range c.X {
				c.X[j] = []float32{float32(r.NormFloat64()), float32(math.NaN()), float32(math.Inf(1 - r.IntN(2)*2))}[r.IntN(40)/38*r.IntN(3)]
			}
			for range rows {
				n := 1 + r.IntN(9)
				for range n {
					c.Cells = append(c.Cells, int32(r.IntN(6)*channels))
				}
				c.Start = append(c.Start, int32(len(c.Cells)))
				c.Div = append(c.Div, float32(n))
			}
			c.Acc = make([]float64, channels)
			zone := make([]float32, rows*images*channels+16)
			for j := range zone {
				zone[j] = 0x55
			}
			want := *c
			want.Out = slices.Clone(zone)[8:]
			Reference(&want, k.Average)
			c.Out = zone[8:]
			k.Run(c)
			same := func(a, b float32) bool { return a == b || a != a && b != b }
			if !slices.EqualFunc(c.Out, want.Out, same) {
				t.Fatalf("case %d: differs from the reference", i)
			}
			for _, v := range zone[:8] {
				if v != 0x55 {
					t.Fatalf("case %d: wrote before the result", i)
				}
			}
		}
	})
}

func TestNames(t *testing.T) {
	for _, k := range Table {
		kind := "max"
		if k.Average {
			kind = "avg"
		}
		if want := "pool_" + kind + "_f32_" + k.ISA; k.Name != want {
			t.Errorf("%s should be called %s", k.Name, want)
		}
	}
}
