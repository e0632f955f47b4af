package quant

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/tensor"
)

// SaturatingChannels counts the output channels of SaturatingPairs.
func SaturatingChannels(w *tensor.Tensor, maxCode int64) (int, error) {
	channels, _, err := SaturatingPairs(w, maxCode)
	return len(channels), err
}

// SaturatingPairs lists the output channels of an int8 weight, [O, C, ...], in whose sums
// PyTorch may saturate on x86 CPUs without VNNI, where it adds products in pairs of 16 bits:
// those with a pair of weights that leaves int16 for some activations from 0 to maxCode.
// Pairs are neighbours in the order of PairOrder, as fbgemm and ONNX Runtime lay weights out.
// largest is the magnitude of the largest sum of any pair. Whether it happens depends on the
// activations; octet's own sums are exact on every CPU.
func SaturatingPairs(w *tensor.Tensor, maxCode int64) (channels []int, largest int64, err error) {
	shape := w.Shape()
	if w.DType() != tensor.QInt8 || len(shape) < 2 {
		return nil, 0, fmt.Errorf("a weight of int8 codes with at least two axes is needed, not %v", w)
	}
	codes, row := w.Int8s(), shape[1:].Numel()
	order := PairOrder(shape)
	for o := range shape[0] {
		sum, saturates := worstPair(codes[o*row:(o+1)*row], order, maxCode)
		largest = max(largest, sum)
		if saturates {
			channels = append(channels, o)
		}
	}
	return channels, largest, nil
}

// PairOrder is the order in which the products of one output channel of a weight
// [O, C, ...] are added, as places in its row: all channels of a tap, then those of the next.
func PairOrder(shape tensor.Shape) []int {
	inputs, taps := shape[1], shape[2:].Numel()
	order := make([]int, 0, inputs*taps)
	for tap := range taps {
		for c := range inputs {
			order = append(order, c*taps+tap)
		}
	}
	return order
}

// worstPair is the magnitude of the largest sum of a pair in one output channel, and whether
// int16 does not hold one.
func worstPair(codes []int8, order []int, maxCode int64) (largest int64, saturates bool) {
	for i := 0; i+1 < len(order); i += 2 { // one that is left over cannot saturate
		a, b := int64(codes[order[i]]), int64(codes[order[i+1]])
		most, least := (max(a, 0)+max(b, 0))*maxCode, (min(a, 0)+min(b, 0))*maxCode
		largest = max(largest, most, -least)
		saturates = saturates || most > math.MaxInt16 || least < math.MinInt16
	}
	return largest, saturates
}
