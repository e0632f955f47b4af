package vision

import "math"

// Pillow resamples 8-bit images with coefficients in 22-bit fixed point along
// one axis, and pixels rounded to 8 bits along the other.
const coeffBits = 32 - 8 - 2

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

// window is the input range that makes one output sample, and its weights.
type window struct {
	start int
	coeff []int32 // units of 2^-coeffBits
}

// windows computes the weights of every output position along one axis. When
// the axis shrinks, the kernel is stretched by the ratio: that is the
// antialiasing.
func (f filter) windows(in, out int) []window {
	scale := float64(in) / float64(out)
	stretch := max(scale, 1)
	radius := float64(f.radius * stretch)
	inverse := 1 / stretch
	result := make([]window, out)
	weights := make([]float64, 0, 2*int(math.Ceil(radius))+1)
	for i := range result {
		center := float64((float64(i) + 0.5) * scale)
		start := max(int(center-radius+0.5), 0)
		end := min(int(center+radius+0.5), in)
		weights = weights[:0]
		sum := 0.0
		for x := start; x < end; x++ {
			w := f.weight(float64((float64(x) - center + 0.5) * inverse))
			weights = append(weights, w)
			sum += w
		}
		coeff := make([]int32, len(weights))
		for k, w := range weights {
			if sum != 0 {
				w /= sum
			}
			coeff[k] = fixed(w)
		}
		result[i] = window{start, coeff}
	}
	return result
}

// fixed rounds half away from zero. A normalised weight is of the order of 1,
// so the conversion cannot overflow.
func fixed(w float64) int32 {
	if w < 0 {
		return int32(float64(w*(1<<coeffBits)) - 0.5)
	}
	return int32(float64(w*(1<<coeffBits)) + 0.5)
}

// clip8 rounds a fixed point sum (its half is already added) to 0..255.
func clip8(sum int32) uint8 { return uint8(min(max(sum>>coeffBits, 0), 255)) }

const half = 1 << (coeffBits - 1)

// resampleRows changes the width of the rows first to last-1 of m.
func resampleRows(m *Image, first, last, width int, f filter) *Image {
	out := NewImage(width, last-first)
	windows := f.windows(m.Width, width)
	for y := range out.Height {
		src, dst := m.row(first+y), out.row(y)
		for x, w := range windows {
			r, g, b := int32(half), int32(half), int32(half)
			p := src[3*w.start : 3*(w.start+len(w.coeff))]
			for _, c := range w.coeff {
				r += int32(p[0]) * c
				g += int32(p[1]) * c
				b += int32(p[2]) * c
				p = p[3:]
			}
			dst[3*x], dst[3*x+1], dst[3*x+2] = clip8(r), clip8(g), clip8(b)
		}
	}
	return out
}

// resampleColumns makes one output row of each window; row 0 of m is row
// `first` of the image that the windows speak of.
func resampleColumns(m *Image, first int, windows []window) *Image {
	out := NewImage(m.Width, len(windows))
	sum := make([]int32, 3*m.Width)
	for y, w := range windows {
		for i := range sum {
			sum[i] = half
		}
		for k, c := range w.coeff {
			for i, v := range m.row(w.start - first + k)[:len(sum)] {
				sum[i] += int32(v) * c
			}
		}
		dst := out.row(y)
		for i, s := range sum {
			dst[i] = clip8(s)
		}
	}
	return out
}
