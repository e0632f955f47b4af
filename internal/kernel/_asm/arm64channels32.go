package main

// Registers of arm64Channels32.
const (
	chanXReg, chanUpReg, chanOutReg   = "R1", "R4", "R5"
	chanMaskReg, chanRowsReg          = "R6", "R7"
	chanSizeReg, chanStrideReg        = "R8", "R9" // bytes of a row, and of a row of the mask
	chanAtReg, chanWholeReg, chanBits = "R10", "R11", "R12"

	chanShared = 12 // vectors: lo, hi, qmin, qmax, and those of the bits of a mask
	chanBit    = 16
	chanTemp   = 18 // pairs of vectors
)

// channels32NEON writes passes over a few rows of channels, eight at a time, which are two
// vectors and a byte of the mask. Other channels are left to the caller.
func channels32NEON(p *printer) {
	c := arm64Channels32{arm64{p}}
	c.line("")
	for i := range 8 {
		c.line("DATA bits<>+%d(SB)/4, $%d", 4*i, 1<<i)
	}
	c.line("GLOBL bits<>(SB), RODATA|NOPTR, $32")
	c.stats()
	c.finish("finish", false)
	c.finish("quantize", true)
	c.reduce()
	c.apply("apply", false)
	c.apply("applyAdd", true)
	c.learn()
	c.decode()
}

// arm64Channels32 has parameters in the first registers, two for each.
type arm64Channels32 struct{ arm64 }

// pair writes an instruction for both vectors; registers are those of the first, and
// those of chanShared the same for both.
func (c arm64Channels32) pair(name string, registers ...int) {
	for j := range 2 {
		c.v(name, c.of(j, registers)...)
	}
}

func (c arm64Channels32) of(j int, registers []int) []int {
	var of []int
	for _, r := range registers {
		if r < chanShared || r >= chanBit {
			r += j
		}
		of = append(of, r)
	}
	return of
}

// bits writes one that Go's assembler has, on bits: two operands, and the result.
func (c arm64Channels32) bits(name string, registers ...int) {
	for j := range 2 {
		r := c.of(j, registers)
		c.op("%s %s, %s, %s", name, bytes16(r[0]), bytes16(r[1]), bytes16(r[2]))
	}
}

// fma adds the products of two pairs of vectors to a third, with one rounding.
func (c arm64Channels32) fma(x, y, sum int) {
	for j := range 2 {
		c.fused(x+j, y+j, sum+j)
	}
}

func (c arm64Channels32) load(register string, to int)    { c.print(c.loads(2, 0, register, to)) }
func (c arm64Channels32) store(from int, register string) { c.print(c.stores(from, 2, 0, register)) }

// routine writes one with so many parameters, of which those from sums on are stored in the
// end.
func (c arm64Channels32) routine(name string, params, sums int, row func()) {
	param := func(i int) {
		c.op("MOVD %d(%s), %s", passParam+8*i, argument, temp)
		c.op("ADD %s, %s", chanAtReg, temp)
	}
	c.text(name+"NEON", "arg *pass")
	c.op("MOVD %s, %s", at(passSize), chanSizeReg)
	c.op("MOVD %s, %s", at(passStride), chanStrideReg)
	c.op("AND $~31, %s, %s", chanSizeReg, chanWholeReg)
	for i, f := range []string{passLo, passHi, passQMin, passQMax} {
		c.broadcast(f, chanShared+i)
	}
	c.bitVectors()
	c.op("MOVD ZR, %s", chanAtReg)
	c.line("channels:")
	for _, f := range []struct{ field, register string }{{passX, chanXReg}, {passUp, chanUpReg}, {passOut, chanOutReg}} {
		c.op("MOVD %s, %s", at(f.field), f.register)
		c.op("ADD %s, %s", chanAtReg, f.register)
	}
	c.op("MOVD %s, %s", at(passMask), chanMaskReg)
	c.op("ADD %s>>5, %s", chanAtReg, chanMaskReg)
	for i := range params {
		param(i)
		c.load(temp, 2*i)
	}
	c.op("MOVD %s, %s", at(passRows), chanRowsReg)
	c.line("row:")
	row()
	for _, register := range []string{chanXReg, chanUpReg, chanOutReg} {
		c.op("ADD %s, %s", chanSizeReg, register)
	}
	c.op("ADD %s, %s", chanStrideReg, chanMaskReg)
	c.op("SUBS $1, %s", chanRowsReg)
	c.op("BNE row")
	for i := sums; i < params; i++ {
		param(i)
		c.store(2*i, temp)
	}
	c.op("ADD $32, %s", chanAtReg)
	c.op("CMP %s, %s", chanWholeReg, chanAtReg)
	c.op("BLT channels")
	c.op("RET")
}

func (c arm64Channels32) bitVectors() {
	c.op("MOVD $bits<>(SB), %s", chanBits)
	c.load(chanBits, chanBit)
}

// setMask stores a byte whose bits say which lanes of two vectors are set; these are
// overwritten.
func (c arm64Channels32) setMask(lanes int, to string) {
	c.bits("VAND", lanes, chanBit, lanes)
	c.op("VORR %s, %s, %s", bytes16(lanes+1), bytes16(lanes), bytes16(lanes))
	c.op("VADDV %s, V%d", words4(lanes), lanes)
	c.op("VST1 V%d.B[0], (%s)", lanes, to)
}

// learn accumulates the gradients of the scale and the zero point of finish's fake
// quantization: the gradient times (code - zero), less v/scale where the code was not clamped,
// and the gradient where it was.
func (c arm64Channels32) learn() {
	const alpha, beta, inverse, zero, steps, cut = 0, 2, 4, 6, 8, 10
	const lo, hi, qmin, qmax = chanShared, chanShared + 1, chanShared + 2, chanShared + 3
	const v, t, u, below, above, d = chanTemp, chanTemp + 2, chanTemp + 4, chanTemp + 6, chanTemp + 8, chanTemp + 10
	c.routine("learn", 6, 4, func() {
		c.load(chanXReg, v)
		c.load(chanUpReg, u)
		c.pair("fmul 4s", v, v, alpha)
		c.pair("fadd 4s", v, v, beta)
		c.pair("fmax 4s", v, v, lo)
		c.pair("fmin 4s", v, v, hi)
		c.pair("fmul 4s", v, v, inverse) // in steps
		c.pair("fadd 4s", t, v, zero)
		c.pair("frintn 4s", t, t)
		c.pair("fcmgt 4s", below, qmin, t)
		c.pair("fcmgt 4s", above, t, qmax)
		c.bits("VORR", below, above, above) // clamped
		c.pair("fmax 4s", t, t, qmin)
		c.pair("fmin 4s", t, t, qmax)
		c.pair("fsub 4s", t, t, zero)
		c.pair("fsub 4s", d, t, v)
		c.bits("VBIT", above, t, d)
		c.bits("VAND", above, u, above)
		c.pair("fadd 4s", cut, cut, above)
		c.fma(u, d, steps)
	})
}

// stats accumulates x-shift and its square, and keeps minimum and maximum.
func (c arm64Channels32) stats() {
	const shift, sum, square, smallest, largest = 0, 2, 4, 6, 8
	const x, d, less, more = chanTemp, chanTemp + 2, chanTemp + 4, chanTemp + 6
	c.routine("stats", 5, 1, func() {
		c.load(chanXReg, x)
		c.pair("fsub 4s", d, x, shift)
		c.pair("fcmgt 4s", less, smallest, x)
		c.pair("fcmgt 4s", more, x, largest)
		c.pair("fadd 4s", sum, sum, d)
		c.bits("VBIT", less, x, smallest)
		c.bits("VBIT", more, x, largest)
		c.fma(d, d, square)
	})
}

// finish applies scale and shift, clamps and, if rounds is set, fake-quantizes; it sets the
// mask bit of each element through which a gradient passes.
func (c arm64Channels32) finish(name string, rounds bool) {
	const alpha, beta, inverse, scale, zero = 0, 2, 4, 6, 8
	const lo, hi, qmin, qmax = chanShared, chanShared + 1, chanShared + 2, chanShared + 3
	const v, t, pass, m, n = chanTemp, chanTemp + 2, chanTemp + 4, chanTemp + 6, chanTemp + 8
	params := 2
	if rounds {
		params = 5
	}
	c.routine(name, params, params, func() {
		c.load(chanXReg, v)
		c.pair("fmul 4s", v, v, alpha)
		c.pair("fadd 4s", v, v, beta)
		c.pair("fcmgt 4s", pass, v, lo)
		c.pair("fcmgt 4s", m, hi, v)
		c.bits("VAND", m, pass, pass)
		c.clamp([]int{v, v + 1}, lo, hi, m)
		if rounds {
			c.pair("fmul 4s", t, v, inverse)
			c.pair("frintn 4s", t, t)
			c.pair("fadd 4s", t, t, zero)
			c.pair("fcmge 4s", m, t, qmin)
			c.pair("fcmge 4s", n, qmax, t)
			c.bits("VAND", m, pass, pass)
			c.bits("VAND", n, pass, pass)
			for j := range 2 { // NaN becomes the lowest code
				c.op("VBIF %s, %s, %s", bytes16(m+j), bytes16(qmin), bytes16(t+j))
			}
			c.pair("fmin 4s", t, t, qmax)
			c.pair("fsub 4s", t, t, zero)
			c.pair("fmul 4s", v, t, scale)
		}
		c.store(v, chanOutReg)
		c.setMask(pass, chanMaskReg)
	})
}

// gradient loads the gradient, with zeros where the mask bit is not set.
func (c arm64Channels32) gradient(g, temp int) {
	c.op("VLD1R (%s), [%s]", chanMaskReg, bytes16(temp))
	c.load(chanUpReg, g)
	c.v("cmtst 4s", temp+1, temp, chanBit+1)
	c.v("cmtst 4s", temp, temp, chanBit)
	c.bits("VAND", temp, g, g)
}

// reduce accumulates the gradient, and its product with x-mean.
func (c arm64Channels32) reduce() {
	const mean, sum, sumX = 0, 2, 4
	const g, x, m = chanTemp, chanTemp + 2, chanTemp + 4
	c.routine("reduce", 3, 1, func() {
		c.load(chanXReg, x)
		c.gradient(g, m)
		c.pair("fsub 4s", x, x, mean)
		c.pair("fadd 4s", sum, sum, g)
		c.fma(g, x, sumX)
	})
}

// apply combines the gradient, x and a constant, with coefficients for each channel.
func (c arm64Channels32) apply(name string, add bool) {
	const a, b, k = 0, 2, 4
	const g, x, m, sum, before = chanTemp, chanTemp + 2, chanTemp + 4, chanTemp + 6, chanTemp + 8
	c.routine(name, 3, 3, func() {
		c.load(chanXReg, x)
		c.gradient(g, m)
		if add {
			c.load(chanOutReg, before)
		}
		for j := range 2 {
			c.move(k+j, sum+j)
		}
		c.fma(b, x, sum)
		c.fma(a, g, sum)
		if add {
			c.pair("fadd 4s", sum, sum, before)
		}
		c.store(sum, chanOutReg)
	})
}

// decode dequantizes blocks of 16 codes, and sets the mask bit of codes strictly between lo and
// hi.
func (c arm64Channels32) decode() {
	const codes, out, mask, blocks = "R1", "R5", "R6", "R7"
	const zero, scale, lo, hi = 12, 13, 14, 15
	const words, above, below = 0, 4, 8 // four of each
	c.text("decodeNEON", "arg *codes")
	c.op("MOVD %s, %s", at(decodeCodes), codes)
	c.op("MOVD %s, %s", at(decodeOut), out)
	c.op("MOVD %s, %s", at(decodeMask), mask)
	c.op("MOVD %s, %s", at(decodeBlocks), blocks)
	for i, f := range []string{decodeZero, decodeScale, decodeLo, decodeHi} {
		c.broadcast(f, zero+i)
	}
	c.bitVectors()
	c.line("block:")
	c.op("FMOVQ.P 16(%s), F%d", codes, words)
	c.op("VUXTL2 V%d.B16, V%d.H8", words, words+2)
	c.op("VUXTL V%d.B8, V%d.H8", words, words)
	for _, i := range []int{words, words + 2} {
		c.op("VUXTL2 V%d.H8, V%d.S4", i, i+1)
		c.op("VUXTL V%d.H4, V%d.S4", i, i)
	}
	each := func(name string, to int, operands ...int) {
		for j := range 4 {
			of := []int{to + j}
			for _, r := range operands {
				if r < zero {
					r += j
				}
				of = append(of, r)
			}
			c.v(name, of...)
		}
	}
	each("cmgt 4s", above, words, lo)
	each("cmgt 4s", below, hi, words)
	each("scvtf 4s", words, words)
	each("fsub 4s", words, words, zero)
	each("fmul 4s", words, words, scale)
	for j := range 4 {
		c.op("VAND %s, %s, %[2]s", bytes16(below+j), bytes16(above+j))
	}
	c.print(c.stores(words, 4, 0, out))
	c.op("ADD $64, %s", out)
	for i := range 2 {
		for j := range 2 {
			c.op("VAND %s, %s, %[2]s", bytes16(chanBit+j), bytes16(above+2*i+j))
		}
		c.op("VORR %s, %s, %[2]s", bytes16(above+2*i+1), bytes16(above+2*i))
		c.op("VADDV %s, V%d", words4(above+2*i), above+2*i)
		c.op("VST1.P V%d.B[0], 1(%s)", above+2*i, mask)
	}
	c.op("SUBS $1, %s", blocks)
	c.op("BNE block")
	c.op("RET")
}
