package quant

import (
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/tensor"
)

func int8Weight(t *testing.T, codes []int8, shape ...int) *tensor.Tensor {
	t.Helper()
	w := tensor.NewQuantized(tensor.QInt8, tensor.Affine(0.1, 0), shape...)
	copy(w.Int8s(), codes)
	return w
}

// The bound of a pair: at 255, weights of one sign that add up to 129.
func TestSaturatingChannels(t *testing.T) {
	for _, c := range []struct {
		name    string
		codes   []int8
		shape   []int
		maxCode int64
		want    int
	}{
		{"just below", []int8{64, 64}, []int{1, 2}, 255, 0},
		{"just above", []int8{64, 65}, []int{1, 2}, 255, 1},
		{"below zero", []int8{-1, -128}, []int{1, 2}, 255, 1},
		{"other signs", []int8{127, -128}, []int{1, 2}, 255, 0},
		{"not a pair", []int8{1, 127, 127, 1}, []int{1, 4}, 255, 0},
		{"the last one alone", []int8{0, 0, -128}, []int{1, 3}, 255, 0},
		{"reduced range", []int8{127, 127, -128, -128}, []int{2, 2}, 127, 0},
		{"neighbours are channels", []int8{127, 1, 127, 1}, []int{1, 2, 1, 2}, 255, 1},
		{"not taps of one channel", []int8{127, 127, -127, -127}, []int{1, 2, 1, 2}, 255, 0},
		{"taps where there is one channel", []int8{100, 100, 0, 0, 0, 0, 0, 0, 0}, []int{1, 1, 3, 3}, 255, 1},
		{"some of the channels", []int8{127, 127, 0, 0, -127, -2}, []int{3, 2}, 255, 2},
	} {
		if got, err := SaturatingChannels(int8Weight(t, c.codes, c.shape...), c.maxCode); err != nil || got != c.want {
			t.Errorf("%s: %d, %v; want %d", c.name, got, err, c.want)
		}
	}
	if _, err := SaturatingChannels(tensor.New(tensor.Float32, 2, 2), 255); err == nil {
		t.Error("no error for a float weight")
	}
}

// Whatever the activations, a channel that is not counted does not saturate, and for
// one that is counted some do.
func TestSaturatingChannelsHoldForActivations(t *testing.T) {
	r := testseed.Rand(t)
	for range 2000 {
		inputs, taps := 1+r.IntN(5), 1+r.IntN(4)
		codes := make([]int8, inputs*taps)
		limit := 1 + r.IntN(128)
		for i := range codes {
			codes[i] = int8(r.IntN(2*limit) - limit)
		}
		n, err := SaturatingChannels(int8Weight(t, codes, 1, inputs, 1, taps), 255)
		if err != nil {
			t.Fatal(err)
		}
		if n == 1 != someSaturate(r, codes, inputs, taps) {
			t.Fatalf("weights %v of %d inputs and %d taps: %d", codes, inputs, taps, n)
		}
	}
}

// someSaturate tries the extremes of each pair, which suffice, and random ones.
func someSaturate(r *rand.Rand, codes []int8, inputs, taps int) bool {
	var order []int // as the instruction reads them
	for tap := range taps {
		for c := range inputs {
			order = append(order, int(codes[c*taps+tap]))
		}
	}
	if len(order)%2 == 1 {
		order = append(order, 0)
	}
	for i := 0; i < len(order); i += 2 {
		for _, x := range [][2]int{{255, 255}, {255, 0}, {0, 255}, {r.IntN(256), r.IntN(256)}} {
			if sum := x[0]*order[i] + x[1]*order[i+1]; sum != int(int16(sum)) {
				return true
			}
		}
	}
	return false
}
