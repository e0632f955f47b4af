package vision

import (
	"math"

	"github.com/octet-ml/octet/internal/kernel/pixels8"
)

// Pillow resamples 8-bit images with weights in 22-bit fixed point along
// one axis, and pixels rounded to 8 bits along the other.

// filter is a reconstruction kernel and the radius beyond which it is zero.
type filter struct {
	radius float64
	weight func(x float64) float64
}

var filters = map[Interpolation]filter{
	Bilinear: {1, triangle},
	Bicubic:  {2, cubic},
}

func triangle(x float64) float64 { return max(0, 1-math.Abs(x)) }

// cubic is the convolution kernel of Keys with a = -1/2.
func cubic(x float64) float64 {
	const a = -0.5
	x = math.Abs(x)
	switch {
	case x < 1:
		return float64(float64((float64((a+2)*x)-(a+3))*x)*x) + 1
	case x < 2:
		return float64((float64((float64((x-5)*x)+8)*x) - 4) * a)
	default:
		return 0
	}
}

// axis says which samples along an axis make each output sample: as many of all, with weights of
// zero where the filter takes fewer.
type axis struct {
	taps    int
	starts  []int32 // of the first sample
	weights []int32 // taps of each output sample
}

// axis computes the weights of output positions first to last-1 of out. When the axis shrinks,
// the filter is stretched by the ratio: that is the antialiasing. An even number of taps is
// preferred where there is a choice.
func (f filter) axis(in, out, first, last int, even bool) axis {
	scale := float64(in) / float64(out)
	stretch := max(scale, 1)
	radius := float64(f.radius * stretch)
	inverse := 1 / stretch
	window := func(i int) (center float64, start, end int) {
		center = float64((float64(i) + 0.5) * scale)
		return center, max(int(center-radius+0.5), 0), min(int(center+radius+0.5), in)
	}
	a := axis{starts: make([]int32, last-first)}
	for i := first; i < last; i++ {
		_, start, end := window(i)
		a.taps = max(a.taps, end-start)
	}
	if even && a.taps%2 != 0 && a.taps < in {
		a.taps++
	}
	a.weights = make([]int32, len(a.starts)*a.taps)
	weights := make([]float64, 0, a.taps)
	for i := range a.starts {
		center, start, end := window(first + i)
		weights = weights[:0]
		sum := 0.0
		for x := start; x < end; x++ {
			w := f.weight(float64((float64(x) - center + 0.5) * inverse))
			weights = append(weights, w)
			sum += w
		}
		from := min(start, in-a.taps)
		a.starts[i] = int32(from)
		for k, w := range weights {
			if sum != 0 {
				w /= sum
			}
			a.weights[i*a.taps+start-from+k] = fixed(w)
		}
	}
	return a
}

// span is the range of samples that the axis takes.
func (a axis) span() (first, last int) {
	return int(a.starts[0]), int(a.starts[len(a.starts)-1]) + a.taps
}

// move counts samples from another one.
func (a axis) move(origin int) {
	for i := range a.starts {
		a.starts[i] -= int32(origin)
	}
}

// fixed rounds half away from zero. A normalised weight is of the order of 1,
// so the conversion cannot overflow.
func fixed(w float64) int32 {
	const one = 1 << pixels8.WeightBits
	if w < 0 {
		return int32(float64(w*one) - 0.5)
	}
	return int32(float64(w*one) + 0.5)
}

// resampleRows changes the width of the rows first to last-1 of m.
func resampleRows(m *Image, first, last int, a axis) *Image {
	out := blankImage(len(a.starts), last-first)
	run := kernelsHere()[pixels8.Row]
	call := pixels8.Call{Taps: a.taps, Starts: a.starts, Weights: a.weights}
	for y := range out.Height {
		call.A, call.Out = m.Pix[3*m.Width*(first+y):], out.row(y) // what follows the row has no weight
		run(&call)
	}
	return out
}

// resampleColumns makes the output rows of an axis of columns left to right-1 of m.
func resampleColumns(m *Image, left, right int, a axis) *Image {
	out := blankImage(right-left, len(a.starts))
	run := kernelsHere()[pixels8.Column]
	call := pixels8.Call{Taps: a.taps, Stride: 3 * m.Width}
	for y := range out.Height {
		call.Weights = a.weights[y*a.taps:]
		call.A, call.Out = m.Pix[3*(m.Width*int(a.starts[y])+left):], out.row(y)
		run(&call)
	}
	return out
}
