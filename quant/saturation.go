package quant

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/tensor"
)

// SaturatingChannels counts the output channels of an int8 weight, [O, C, ...], in
// whose sums PyTorch may saturate on x86 CPUs without VNNI, where it adds products in
// pairs of 16 bits: those with a pair of weights that leaves int16 for some
// activations from 0 to maxCode. Pairs are neighbours where channels are the
// innermost axis, as fbgemm lays weights out. Whether it happens depends on the
// activations; octet's own sums are exact on every CPU.
func SaturatingChannels(w *tensor.Tensor, maxCode int64) (channels int, err error) {
	shape := w.Shape()
	if w.DType() != tensor.QInt8 || len(shape) < 2 {
		return 0, fmt.Errorf("a weight of int8 codes with at least two axes is needed, not %v", w)
	}
	inputs, taps := shape[1], 1
	for _, n := range shape[2:] {
		taps *= n
	}
	if 2*-math.MinInt8*maxCode <= math.MaxInt16 { // as with codes up to 127, whatever the weights
		return 0, nil
	}
	codes, row := w.Int8s(), inputs*taps
	for o := range shape[0] {
		if pairSaturates(codes[o*row:(o+1)*row], taps, maxCode) {
			channels++
		}
	}
	return channels, nil
}

// pairSaturates looks for a pair in one output channel, [inputs, taps].
func pairSaturates(codes []int8, taps int, maxCode int64) bool {
	tap, at := 0, 0
	next := func() int64 { // goes over all inputs of a tap, then over those of the next
		code := codes[at]
		if at += taps; at >= len(codes) {
			tap++
			at = tap
		}
		return int64(code)
	}
	for range len(codes) / 2 { // one that is left over cannot saturate
		a, b := next(), next()
		most, least := max(a, 0)+max(b, 0), min(a, 0)+min(b, 0)
		if most*maxCode > math.MaxInt16 || least*maxCode < math.MinInt16 {
			return true
		}
	}
	return false
}
