package op

import "github.com/octet-ml/octet/tensor"

// convolve computes the accumulators of a convolution of x, of shape xs, by weights of shape
// ws, with result shape out = [N, O, OH, OW]. emit gets the index of an image, of an output
// channel, and their OH*OW accumulators, valid during the call. Padding contributes zero. The
// reduction goes over (input channel, kernel row, kernel column), in that order; int32
// accumulators wrap.
func convolve[T int32 | float64](c Conv2D, x, w []T, xs, ws, out tensor.Shape, emit func(n, o int, sums []T)) {
	c = c.at(xs, ws)
	perGroup := ws[0] / c.Groups
	cells := ws[2] * ws[3]
	sums := make([]T, out[2]*out[3])
	for n := range xs[0] {
		for o := range ws[0] {
			clear(sums)
			for ci := range ws[1] {
				plane := (n*xs[1] + o/perGroup*ws[1] + ci) * xs[2] * xs[3]
				for k := range cells {
					weight := w[(o*ws[1]+ci)*cells+k]
					c.tap(k/ws[3], k%ws[3], xs, out, func(dst, src, n int) {
						accumulate(sums[dst:dst+n], x[plane+src:], weight, c.Stride[1])
					})
				}
			}
			emit(n, o, sums)
		}
	}
}

// accumulate adds weight times every stride-th element of src to sums. In
// float64 the product of two float32 numbers is exact, so it does not matter
// whether the machine fuses it with the addition.
func accumulate[T int32 | float64](sums, src []T, weight T, stride int) {
	for i := range sums {
		sums[i] += src[i*stride] * weight
	}
}

// tap calls row for each row of the result for which kernel element (ky, kx) lies inside the
// input: n results from index dst on read the plane from index src on, Stride[1] apart.
func (c Conv2D) tap(ky, kx int, xs, out tensor.Shape, row func(dst, src, n int)) {
	stride := c.Stride[1]
	left := kx*c.Dilation[1] - c.Padding[1] // the column that result column 0 reads
	right := xs[3] - 1 - left               // how far the last column is from it
	if right < 0 {
		return
	}
	first := max(0, (-left+stride-1)/stride)
	last := min(out[3], right/stride+1)
	if first >= last {
		return
	}
	for y := range out[2] {
		sy := y*c.Stride[0] - c.Padding[0] + ky*c.Dilation[0]
		if sy >= 0 && sy < xs[2] {
			row(y*out[3]+first, sy*xs[3]+first*stride+left, last-first)
		}
	}
}
