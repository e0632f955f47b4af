package elementwise8

import (
	"bytes"
	"math/rand/v2"
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
		for n := range 140 {
			signed := n%2 == 0
			c := &Call{A: make([]uint8, n), B: make([]uint8, n),
				Unary:  NewUnary(signed, func(v int32) int32 { return v*7 + int32(n) }),
				Binary: NewBinary(signed, func(a, b int32) int32 { return a*5 - b*int32(n) })}
			for i := range n {
				c.A[i], c.B[i] = uint8(r.Uint32()), uint8(r.Uint32())
			}
			zone := bytes.Repeat([]byte{0xA5}, n+32)
			want := *c
			want.Out = make([]uint8, n)
			Reference(&want, k.Pair)
			c.Out = zone[16 : 16+n]
			k.Run(c)
			if !bytes.Equal(c.Out, want.Out) {
				t.Fatalf("n = %d: differs from the reference", n)
			}
			for _, v := range append(zone[:16:16], zone[16+n:]...) {
				if v != 0xA5 {
					t.Fatalf("n = %d: wrote outside the result", n)
				}
			}
		}
	})
}

func TestTablesAreIndexedByBits(t *testing.T) {
	id := func(v int32) int32 { return v }
	signed, unsigned := NewUnary(true, id), NewUnary(false, id)
	diff := NewBinary(true, func(a, b int32) int32 { return a - b })
	for i := range 256 {
		if int(signed[i]) != i || int(unsigned[i]) != i {
			t.Fatalf("code %d maps to %d and %d", i, signed[i], unsigned[i])
		}
		if int8(diff[i][3]) != int8(i)-3 {
			t.Fatalf("%d - 3 = %d", int8(i), int8(diff[i][3]))
		}
	}
}
