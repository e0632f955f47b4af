package observe

import (
	"math/bits"

	"github.com/octet-ml/octet/quant"
)

// torchSum adds float32 numbers in the order of torch.sum over a contiguous
// vector on AVX2: 8 lanes of 4 interleaved accumulators, each of them a cascade of
// four levels; then the accumulators, the whole vectors left over, and, behind
// the last few elements, the lanes one by one.
func torchSum(x []float32) float32 {
	const lanes, interleave, levels = 8, 4, 4
	type vector [lanes]float32
	add := func(a *vector, b []float32) {
		for l := range a {
			a[l] += b[l]
		}
	}
	vectors := len(x) / lanes
	rows := vectors / interleave
	power := 4
	if rows > 1 {
		power = max(power, bits.Len(uint(rows-1))/4)
	}
	step, mask := 1<<power, 1<<power-1

	var acc [levels][interleave]vector
	addRow := func(row int) {
		for k := range interleave {
			add(&acc[0][k], x[(row*interleave+k)*lanes:])
		}
	}
	row := 0
	for row+step <= rows {
		for range step {
			addRow(row)
			row++
		}
		for level := 1; level < levels; level++ {
			for k := range interleave {
				add(&acc[level][k], acc[level-1][k][:])
				acc[level-1][k] = vector{}
			}
			if row&(mask<<(level*power)) != 0 {
				break
			}
		}
	}
	for ; row < rows; row++ {
		addRow(row)
	}
	for level := 1; level < levels; level++ {
		for k := range interleave {
			add(&acc[0][k], acc[level][k][:])
		}
	}
	total := &acc[0][0]
	for v := rows * interleave; v < vectors; v++ {
		add(total, x[v*lanes:])
	}
	for k := 1; k < interleave; k++ {
		add(total, acc[0][k][:])
	}
	var sum float32
	for _, v := range x[vectors*lanes:] {
		sum += v
	}
	for _, v := range total {
		sum += v
	}
	return sum
}

// linspace returns n numbers from lo to hi as torch.linspace does: the first half
// counted from lo, the second from hi, one fused multiply-add each.
func linspace(lo, hi float32, n int) []float32 {
	step := (hi - lo) / float32(n-1)
	out := make([]float32, n)
	for i := range out {
		if i < n/2 {
			out[i] = quant.FMA32(step, float32(i), lo)
		} else {
			out[i] = quant.FMA32(-step, float32(n-1-i), hi)
		}
	}
	return out
}
