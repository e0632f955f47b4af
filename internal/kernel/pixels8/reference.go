package pixels8

// Reference is the oracle of all rows.
func Reference(c *Call, f Function) {
	switch f {
	case Transform:
		for b := range len(c.Coeff) / 64 {
			referenceTransform(c.Out[8*b:], c.Stride, c.Coeff[64*b:64*b+64], c.Quant)
		}
	case Double:
		at := func(i int) int { return int(c.A[min(max(i, 0), len(c.A)-1)]) }
		for i := range c.A {
			c.Out[2*i] = uint8((3*at(i) + at(i-1) + 1) >> 2)
			c.Out[2*i+1] = uint8((3*at(i) + at(i+1) + 2) >> 2)
		}
	case Both:
		at := func(i int) int {
			i = min(max(i, 0), len(c.A)-1)
			return 3*int(c.A[i]) + int(c.B[i])
		}
		for i := range c.A {
			c.Out[2*i] = uint8((3*at(i) + at(i-1) + 8) >> 4)
			c.Out[2*i+1] = uint8((3*at(i) + at(i+1) + 7) >> 4)
		}
	case Color:
		for i, y := range c.A {
			c.Out[3*i], c.Out[3*i+1], c.Out[3*i+2] = RGB(y, c.B[i], c.C[i])
		}
	case Row:
		for i, s := range c.Starts {
			for channel := range 3 {
				sum := int32(half)
				for k := range c.Taps {
					sum += int32(c.A[3*(int(s)+k)+channel]) * c.Weights[i*c.Taps+k]
				}
				c.Out[3*i+channel] = clip(sum >> WeightBits)
			}
		}
	case Column:
		for i := range c.Out {
			sum := int32(half)
			for k, w := range c.Weights[:c.Taps] {
				sum += int32(c.A[k*c.Stride+i]) * w
			}
			c.Out[i] = clip(sum >> WeightBits)
		}
	}
}

// half is one half in units of 2^-WeightBits.
const half = 1 << (WeightBits - 1)

func clip(v int32) uint8 { return uint8(min(max(v, 0), 255)) }

// RGB converts a pixel by the JFIF equations in 16-bit fixed point, each
// product rounded on its own save the two of green, as libjpeg does.
func RGB(y, cb, cr uint8) (r, g, b uint8) {
	const one = 1 << 16
	const rounding = one / 2
	// 1.402, 1.772, 0.71414 and 0.34414 in units of 1/one, rounded.
	const rv, bu, gv, gu = 91881, 116130, 46802, 22554
	u, v, luma := int32(cb)-128, int32(cr)-128, int32(y)
	return clip(luma + (rv*v+rounding)>>16),
		clip(luma + (-gu*u-gv*v+rounding)>>16),
		clip(luma + (bu*u+rounding)>>16)
}

// The inverse cosine transform is that of Loeffler, Ligtenberg and Moschytz
// ("Practical fast 1-D DCT algorithms with 11 multiplications", 1989) in
// integers: constants of 13 bits, two more bits kept between the passes, as
// libjpeg's accurate transform, whose results it equals. Damaged files exceed the
// range of the values; then it does what libjpeg-turbo's vector code does, which has
// 16 bits for the coefficients, some sums, which wrap, and the results of a pass.
const (
	cosineBits = 13
	passBits   = 2

	firstShift  = cosineBits - passBits     // after the first pass
	secondShift = cosineBits + passBits + 3 // after the second
)

// rotate transforms the eight values; the result is 2^cosineBits times too large.
func rotate(v *[8]int32) {
	// Even part: two butterflies and a rotation by 3 pi / 8 of v2, v6.
	z := (v[2] + v[6]) * 4433 // sqrt(2) cos(3 pi/8)
	r2 := z - v[6]*15137      // sqrt(2) (cos(3 pi/8) + sin(3 pi/8))
	r3 := z + v[2]*6270       // sqrt(2) (sin(3 pi/8) - cos(3 pi/8))
	s0 := int32(int16(v[0]+v[4])) << cosineBits
	s1 := int32(int16(v[0]-v[4])) << cosineBits
	e0, e3 := s0+r3, s0-r3
	e1, e2 := s1+r2, s1-r2

	// Odd part.
	a, b, c, d := v[7], v[5], v[3], v[1]
	ac, bd := int32(int16(a+c)), int32(int16(b+d))
	z5 := (ac + bd) * 9633
	z1 := -(a + d) * 7373
	z2 := -(b + c) * 20995
	z3 := z5 - ac*16069
	z4 := z5 - bd*3196
	a = a*2446 + z1 + z3
	b = b*16819 + z2 + z4
	c = c*25172 + z2 + z3
	d = d*12299 + z1 + z4

	v[0], v[7] = e0+d, e0-d
	v[1], v[6] = e1+c, e1-c
	v[2], v[5] = e2+b, e2-b
	v[3], v[4] = e3+a, e3-a
}

// referenceTransform is the inverse transform of one block: first its columns, then its lines.
func referenceTransform(out []uint8, stride int, coeff []int16, quant *[64]int16) {
	var work [64]int32
	var v [8]int32
	for x := range 8 {
		for y := range v {
			v[y] = int32(coeff[8*y+x] * quant[8*y+x])
		}
		rotate(&v)
		for y := range v {
			work[8*y+x] = saturate((v[y] + 1<<(firstShift-1)) >> firstShift)
		}
	}
	for y := range 8 {
		copy(v[:], work[8*y:])
		rotate(&v)
		for x := range v {
			out[y*stride+x] = clip((v[x]+1<<(secondShift-1))>>secondShift + 128)
		}
	}
}

// saturate is the nearest number of 16 bits.
func saturate(v int32) int32 { return min(max(v, -1<<15), 1<<15-1) }
