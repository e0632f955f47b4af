//go:build !noasm

package depthwise8

// mostWeights is the largest sum of positive, or of negative, weights of a filter whose
// products with codes, 255*128 at most, cannot leave 16 bits.
const mostWeights = 128

// split takes the weights of a filter apart: w = 16*high + low, both about -8..8. It returns
// nil where the sums of the parts could leave 16 bits however they are split, as they can
// with more than 16 taps; that is rare.
func split(w []int8) (low, high []int8) {
	low, high = make([]int8, len(w)), make([]int8, len(w))
	for i, v := range w {
		h := (int(v) + 8) >> 4
		low[i], high[i] = int8(int(v)-16*h), int8(h)
	}
	for _, sign := range []int{1, -1} {
		for sumOf(high, sign) > mostWeights {
			carry(low, high, sign)
		}
	}
	if max(sumOf(low, 1), sumOf(low, -1), sumOf(high, 1), sumOf(high, -1)) > mostWeights {
		return nil, nil
	}
	return low, high
}

// sumOf is the sum of the weights of one sign, without it.
func sumOf(w []int8, sign int) (sum int) {
	for _, v := range w {
		sum += max(0, sign*int(v))
	}
	return sum
}

// carry makes a high part of a sign smaller by one, and its low part larger by 16: of the
// weights that have one the smallest low part.
func carry(low, high []int8, sign int) {
	best := -1
	for i, h := range high {
		if sign*int(h) > 0 && (best < 0 || sign*int(low[i]) < sign*int(low[best])) {
			best = i
		}
	}
	high[best] -= int8(sign)
	low[best] += int8(16 * sign)
}
