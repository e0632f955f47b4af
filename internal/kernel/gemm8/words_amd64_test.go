//go:build !noasm

package gemm8

import (
	"testing"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/testseed"
)

// Weights decide between runs in 16 bits and words: even ones leave 16 bits at once, few large ones
// among small do not.
func TestWeightsDecide(t *testing.T) {
	if features, err := cpu.Limit(""); err != nil || !features.Has(avx2.Requires) {
		t.Skip("this machine cannot cut runs")
	}
	r := testseed.Rand(t)
	const n, k = 64, 256
	even, uneven := make([]int8, n*k), make([]int8, n*k)
	for i := range even {
		even[i], uneven[i] = int8(r.IntN(255)-127), int8(r.IntN(17)-8)
	}
	for _, c := range []struct {
		name  string
		shape Shape
		tile  string
	}{
		{"even", Shape{N: n, K: k, Weights: even, Wide: true}, "4x16"},
		{"uneven", Shape{N: n, K: k, Weights: uneven, Wide: true}, "3x16"},
		{"even, for codes up to 127", Shape{N: n, K: k, Weights: even}, "4x16"},
		{"uneven, for codes up to 127", Shape{N: n, K: k, Weights: uneven}, "3x16"},
		{"narrow", Shape{N: 16, K: k, Weights: even[:16*k], Wide: true}, "4x16"},
	} {
		if got := Select(Table, c.shape, cpu.AVX2|cpu.FMA).Tile; got != c.tile {
			t.Errorf("%s: %s is chosen, want %s", c.name, got, c.tile)
		}
	}
}
