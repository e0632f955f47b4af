package quantize

import (
	"bytes"
	"math"
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
	special := []float32{0, float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 3e38, -3e38, 1 << 22, -1 << 22, 1<<22 + 1, 0.5, 1.5, 2.5, -0.5, 1 << 31}
	each(t, func(t *testing.T, k *Kernel, r *rand.Rand) {
		for n := range 200 {
			dtype := []tensor.DType{tensor.QUInt8, tensor.QInt8}[n%2]
			lo, _ := dtype.CodeRange()
			q := tensor.Affine([]float64{1, math.Exp(r.Float64()*8 - 6)}[r.IntN(2)], lo+int64(r.IntN(256)))
			c := &Call{Real: make([]float32, n), Codes: make([]uint8, n), Rule: quant.NewQuantizer(q, dtype),
				Reals: NewReals(dtype == tensor.QInt8, quant.NewDequantizer(q))}
			for i := range n {
				c.Codes[i] = uint8(r.Uint32())
				c.Real[i] = float32(r.NormFloat64() * 100)
				if r.IntN(3) == 0 {
					c.Real[i] = special[r.IntN(len(special))]
				}
			}
			want := *c
			want.Real, want.Codes = slices.Clone(c.Real), bytes.Clone(c.Codes)
			Reference(&want, k.ToReal)
			k.Run(c)
			same := func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }
			if !bytes.Equal(c.Codes, want.Codes) || !slices.EqualFunc(c.Real, want.Real, same) {
				t.Fatalf("n = %d: differs from the contract", n)
			}
		}
	})
}
