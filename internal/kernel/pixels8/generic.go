package pixels8

// transform leaves out what coefficients of zero, which are most, do not change.
func transform(c *Call) {
	for b := range len(c.Coeff) / 64 {
		transformBlock(c.Out[8*b:], c.Stride, (*[64]int16)(c.Coeff[64*b:]), c.Quant)
	}
}

func transformBlock(out []uint8, stride int, coeff, quant *[64]int16) {
	var work [64]int32
	var v [8]int32
	for x := range 8 {
		rest := coeff[8+x] | coeff[16+x] | coeff[24+x] | coeff[32+x] | coeff[40+x] | coeff[48+x] | coeff[56+x]
		if rest == 0 {
			level := saturate(int32(coeff[x]*quant[x]) << passBits)
			for y := range v {
				work[8*y+x] = level
			}
			continue
		}
		for y := range v {
			v[y] = int32(coeff[8*y+x] * quant[8*y+x])
		}
		rotate(&v)
		for y := range v {
			work[8*y+x] = saturate((v[y] + 1<<(firstShift-1)) >> firstShift)
		}
	}
	for y := range 8 {
		v = [8]int32(work[8*y:])
		rotate(&v)
		line := out[y*stride : y*stride+8]
		for x := range line {
			line[x] = clip((v[x]+1<<(secondShift-1))>>secondShift + 128)
		}
	}
}

// double computes the samples of A from first up to last.
func double(c *Call, first, last int) {
	a := c.A
	end := len(a) - 1
	for i := first; i < last; i++ {
		this := 3 * int(a[i])
		c.Out[2*i] = uint8((this + int(a[max(i-1, 0)]) + 1) >> 2)
		c.Out[2*i+1] = uint8((this + int(a[min(i+1, end)]) + 2) >> 2)
	}
}

// both computes the samples of A and B from first up to last.
func both(c *Call, first, last int) {
	if first >= last {
		return
	}
	a := c.A
	b := c.B[:len(a)]
	at := func(i int) int { return 3*int(a[i]) + int(b[i]) }
	before, this := at(max(first-1, 0)), at(first)
	for i := first; i < last; i++ {
		next := at(min(i+1, len(a)-1))
		c.Out[2*i] = uint8((3*this + before + 8) >> 4)
		c.Out[2*i+1] = uint8((3*this + next + 7) >> 4)
		before, this = this, next
	}
}

// color computes the pixels from first on.
func color(c *Call, first int) {
	luma := c.A
	cb, cr := c.B[:len(luma)], c.C[:len(luma)]
	out := c.Out[:3*len(luma)]
	for x := first; x < len(luma); x++ {
		out[3*x], out[3*x+1], out[3*x+2] = RGB(luma[x], cb[x], cr[x])
	}
}

// row computes the pixels from first on.
func row(c *Call, first int) {
	for x := first; x < len(c.Starts); x++ {
		r, g, b := int32(half), int32(half), int32(half)
		weights := c.Weights[x*c.Taps : (x+1)*c.Taps]
		p := c.A[3*c.Starts[x]:][:3*len(weights)]
		for _, w := range weights {
			r += int32(p[0]) * w
			g += int32(p[1]) * w
			b += int32(p[2]) * w
			p = p[3:]
		}
		out := c.Out[3*x : 3*x+3]
		out[0], out[1], out[2] = clip(r>>WeightBits), clip(g>>WeightBits), clip(b>>WeightBits)
	}
}

// column computes the bytes from first on, some at a time, whose sums stay near.
func column(c *Call, first int) {
	var sums [256]int32
	for out := c.Out[first:]; len(out) > 0; {
		n := min(len(out), len(sums))
		for i := range sums[:n] {
			sums[i] = half
		}
		for k, w := range c.Weights[:c.Taps] {
			for i, v := range c.A[k*c.Stride+first:][:n] {
				sums[i] += int32(v) * w
			}
		}
		for i, s := range sums[:n] {
			out[i] = clip(s >> WeightBits)
		}
		out, first = out[n:], first+n
	}
}
