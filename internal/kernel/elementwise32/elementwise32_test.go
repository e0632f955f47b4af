package elementwise32

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
	special := []float32{0, float32(math.Copysign(0, -1)), float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 6, 1e-45}
	each(t, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for n := range 70 {
			random := func() []float32 {
				x := make([]float32, n)
				for i := range x {
					x[i] = float32(r.NormFloat64() * 4)
					if r.IntN(4) == 0 {
						x[i] = special[r.IntN(len(special))]
					}
				}
				return x
			}
			c := &Call{A: random(), B: random(), C: random(), Lo: float32(math.Inf(-1)), Hi: float32(math.Inf(1)), Out: make([]float32, n)}
			if n%2 == 1 {
				c.Lo, c.Hi = 0, 6
			}
			want := *c
			want.Out = make([]float32, n)
			Reference(&want, k.Function)
			k.Run(c)
			same := func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b }
			if !slices.EqualFunc(c.Out, want.Out, same) {
				t.Fatalf("n = %d: %v, want %v", n, c.Out, want.Out)
			}
		}
	})
}

func TestNames(t *testing.T) {
	for _, k := range Table {
		if want := "elementwise_" + k.Function.String() + "_f32_" + k.ISA; k.Name != want {
			t.Errorf("%s should be called %s", k.Name, want)
		}
	}
}
