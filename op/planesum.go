package op

import "math/bits"

// planeSum adds the pixels of channel c of an image with that many channels in
// the order in which PyTorch (AVX2, channels last) reduces rows of channels:
// whole blocks of 32 channels row by row, the other channels in four
// interleaved streams of rows.
func planeSum(pixels []float32, c, channels int) float32 {
	if c < channels/32*32 {
		return cascade(pixels, 0, 1, len(pixels))
	}
	rows := len(pixels) / 4
	var streams [4]float32
	for k := range streams {
		streams[k] = cascade(pixels, k, 4, rows)
	}
	sum := streams[0]
	for _, v := range pixels[4*rows:] {
		sum += v
	}
	return sum + streams[1] + streams[2] + streams[3]
}

// cascade adds n values, from start on with a step: partial sums of blocks flow
// into partial sums of larger blocks, over four levels.
func cascade(x []float32, start, step, n int) float32 {
	power := max(4, ceilLog2(n)/4)
	block := 1 << power
	var acc [4]float32
	i := 0
	for i+block <= n {
		for range block {
			acc[0] += x[start+i*step]
			i++
		}
		for j := 1; j < len(acc); j++ {
			acc[j] += acc[j-1]
			acc[j-1] = 0
			if i&((block-1)<<(j*power)) != 0 {
				break
			}
		}
	}
	for ; i < n; i++ {
		acc[0] += x[start+i*step]
	}
	return acc[0] + acc[1] + acc[2] + acc[3]
}

// ceilLog2 is the smallest e with 2^e >= n, 0 for n < 2.
func ceilLog2(n int) int {
	if n < 2 {
		return 0
	}
	return bits.Len(uint(n - 1))
}
