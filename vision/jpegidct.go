package vision

// The inverse cosine transform is that of Loeffler, Ligtenberg and Moschytz
// ("Practical fast 1-D DCT algorithms with 11 multiplications", 1989) in
// integers: constants of 13 bits, two more bits kept between the passes, as
// libjpeg's accurate transform, whose results it equals. Damaged files exceed the
// range of the values; then it does what libjpeg-turbo's vector code does, which has
// 16 bits for the coefficients, some sums, which wrap, and the results of a pass.
const (
	idctBits = 13
	passBits = 2
)

// rotate8 transforms the eight values; the result is 2^idctBits times too large.
func rotate8(v *[8]int32) {
	// Even part: two butterflies and a rotation by 3 pi / 8 of v2, v6.
	z := (v[2] + v[6]) * 4433 // sqrt(2) cos(3 pi/8)
	r2 := z - v[6]*15137      // sqrt(2) (cos(3 pi/8) + sin(3 pi/8))
	r3 := z + v[2]*6270       // sqrt(2) (sin(3 pi/8) - cos(3 pi/8))
	s0 := int32(int16(v[0]+v[4])) << idctBits
	s1 := int32(int16(v[0]-v[4])) << idctBits
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

// inverseDCT writes the 8x8 samples of a block of coefficients (raster order)
// to dst.
func inverseDCT(dst []uint8, stride int, c *[64]int16, quant *[64]int32) {
	var work [64]int32
	var v [8]int32
	for x := range 8 {
		for y := range v {
			v[y] = int32(int16(int32(c[8*y+x]) * quant[8*y+x]))
		}
		rotate8(&v)
		const shift = idctBits - passBits
		for y := range v {
			work[8*y+x] = min(max((v[y]+1<<(shift-1))>>shift, -1<<15), 1<<15-1)
		}
	}
	for y := range 8 {
		copy(v[:], work[8*y:])
		rotate8(&v)
		const shift = idctBits + passBits + 3
		row := dst[y*stride : y*stride+8]
		for x := range v {
			row[x] = clamp8((v[x]+1<<(shift-1))>>shift + 128)
		}
	}
}

// samples transforms all blocks of a component.
func (c *jpegComponent) samples(zigzagQuant *[64]int32) plane {
	var quant [64]int32
	for k, at := range zigzag {
		quant[at] = zigzagQuant[k]
	}
	p := plane{pix: make([]uint8, c.columns*c.rows*64), stride: 8 * c.columns, width: c.width, height: c.height}
	for y := range c.rows {
		for x := range c.columns {
			inverseDCT(p.pix[8*y*p.stride+8*x:], p.stride, (*[64]int16)(c.coeff[(y*c.columns+x)*64:]), &quant)
		}
	}
	return p
}
