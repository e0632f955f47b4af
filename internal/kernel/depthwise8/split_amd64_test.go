//go:build !noasm

package depthwise8

import (
	"slices"
	"testing"

	"github.com/octet-ml/octet/internal/testseed"
)

// Parts give the weight again, their products stay within 16 bits, and filters of 5x5 whose
// high parts are a little too large are split otherwise, not refused.
func TestSplitStaysWithin16Bits(t *testing.T) {
	r := testseed.Rand(t)
	for i := range 2000 {
		taps := []int{1, 9, 16, 25, 49}[i%5]
		w := make([]int8, taps)
		for j := range w {
			w[j] = []int8{int8(r.Uint32()), int8(r.Uint32()), -128, 127, int8(60 + r.IntN(60))}[r.IntN(5)]
		}
		low, high := split(w)
		if low == nil {
			if taps <= 16 {
				t.Fatalf("%v is refused", w)
			}
			continue
		}
		for j, v := range w {
			if 16*int(high[j])+int(low[j]) != int(v) {
				t.Fatalf("%d is split into %d and %d", v, high[j], low[j])
			}
		}
		for _, part := range [][]int8{low, high} {
			for _, sign := range []int{1, -1} {
				if sum := sumOf(part, sign) * 255; sum > 1<<15-1 {
					t.Fatalf("%v: sums up to %d", w, sum)
				}
			}
		}
	}
	filter := make([]int8, 25)
	for i := range 19 {
		filter[i] = []int8{127, 10}[i/16] // the high parts are 8 and 1, 131 in all
	}
	if low, _ := split(filter); low == nil {
		t.Errorf("%v is refused", filter)
	}
	if low, _ := split(slices.Repeat([]int8{127}, 25)); low != nil {
		t.Error("25 weights of 127 are split, but their sums leave 16 bits")
	}
}
