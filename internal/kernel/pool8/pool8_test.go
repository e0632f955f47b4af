package pool8

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
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
			c.X = make([]uint8, images*c.Image)
			for j := range c.X {
				c.X[j] = []uint8{uint8(r.Uint32()), 255, 0}[r.IntN(3)]
			}
			for range rows {
				n := 1 + r.IntN(9)
				for range n {
					c.Cells = append(c.Cells, int32(r.IntN(6)*channels))
				}
				c.Start = append(c.Start, int32(len(c.Cells)))
			}
			q := tensor.Affine(0.01+r.Float64(), int64(r.IntN(256)))
			c.Rule = quant.NewAverage(quant.Numerics(1+i%3), q, tensor.QUInt8)
			for j := range rows {
				c.Mult = append(c.Mult, c.Rule.Multiplier(int(c.Start[j+1]-c.Start[j])+r.IntN(2)))
			}
			c.Acc = make([]int32, channels)
			zone := make([]uint8, rows*images*channels+16)
			for j := range zone {
				zone[j] = 0x55
			}
			want := *c
			want.Out = slices.Clone(zone)[8:]
			Reference(&want, k.Average)
			c.Out = zone[8:]
			k.Run(c)
			if !slices.Equal(c.Out, want.Out) {
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
		if want := "pool_" + kind + "_u8_" + k.ISA; k.Name != want {
			t.Errorf("%s should be called %s", k.Name, want)
		}
	}
}

func TestMax8(t *testing.T) {
	for a := range uint64(256) {
		for b := range uint64(256) {
			// The neighbours must neither disturb nor be disturbed.
			for _, around := range [][2]uint64{{0xff, 0}, {0, 0xff}, {0x80, 0x7f}, {b, a}} {
				x := around[0]<<16 | a<<8 | around[0]
				y := around[1]<<16 | b<<8 | around[1]
				side := max(around[0], around[1])
				if got, want := max8(x, y), side<<16|max(a, b)<<8|side; got != want {
					t.Fatalf("max8(%x, %x) = %x, want %x", x, y, got, want)
				}
			}
		}
	}
}
