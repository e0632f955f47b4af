package main

import "fmt"

// The fields of channels32.pass.
const (
	passX, passUp, passOut, passMask = "0(DI)", "8(DI)", "16(DI)", "24(DI)"
	passRows, passSize, passStride   = "32(DI)", "40(DI)", "48(DI)"
	passTail                         = "56(DI)"
	passParam                        = 64 // six pointers
	passLo, passHi                   = "112(DI)", "116(DI)"
	passQMin, passQMax               = "120(DI)", "124(DI)"
)

func channels32AVX512(p *printer) { channels32{p, avx512}.routines() }
func channels32AVX2(p *printer)   { channels32{p, avx2}.routines() }

// channels32 writes passes over a few rows of channels: for as many vectors of channels as
// registers allow, then for single vectors, then for the remaining channels under a mask. AX is
// the byte offset of the channel; SI, DX, R8 and R9 point to the rows of x, of the incoming
// gradient, of the result and of the mask.
type channels32 struct {
	*printer
	lanes
}

// pass describes a routine. Its registers, from 0 on: those that params loads for each vector
// of channels, those shared by all vectors, temporaries.
type pass struct {
	name    string
	vectors int // at a time
	shared  func()
	params  func(j int)              // load, before the rows
	row     func(j int, masked bool) // one vector of one row
	done    func(j int)              // behind the rows
}

func (c channels32) routine(r pass) {
	c.text(r.name+c.isa, "arg *pass")
	c.op("MOVQ %s, R11 // bytes of a row", passSize)
	c.op("MOVQ %s, R13 // bytes of a row of the mask", passStride)
	c.loadTail(c.printer, tailRegister, passTail)
	r.shared()
	c.op("XORQ AX, AX")
	if r.vectors > 1 {
		c.group(r, "several", r.vectors, false)
	}
	c.group(r, "single", 1, false)
	c.op("CMPQ AX, R11")
	c.op("JGE end")
	c.columns(r, "rest", 1, true)
	c.line("end:")
	c.op("VZEROUPPER")
	c.op("RET")
}

// group processes that many vectors of channels at a time, while as many remain.
func (c channels32) group(r pass, name string, vectors int, masked bool) {
	c.line("%s:", name)
	c.op("LEAQ %d(AX), BX", vectors*c.bytes)
	c.op("CMPQ BX, R11")
	c.op("JGT %sEnd", name)
	c.columns(r, name, vectors, masked)
	c.op("ADDQ $%d, AX", vectors*c.bytes)
	c.op("JMP %s", name)
	c.line("%sEnd:", name)
}

// columns loops over the rows for the vectors of channels that begin at AX.
func (c channels32) columns(r pass, name string, vectors int, masked bool) {
	for i, field := range []string{passX, passUp, passOut} {
		c.op("MOVQ %s, %s", field, []string{"SI", "DX", "R8"}[i])
		c.op("ADDQ AX, %s", []string{"SI", "DX", "R8"}[i])
	}
	c.op("MOVQ AX, R9")
	c.op("SHRQ $5, R9")
	c.op("ADDQ %s, R9", passMask)
	for j := range vectors {
		r.params(j)
	}
	c.op("MOVQ %s, CX", passRows)
	c.line("%sRow:", name)
	for j := range vectors {
		r.row(j, masked)
	}
	for _, reg := range []string{"SI", "DX", "R8"} {
		c.op("ADDQ R11, %s", reg)
	}
	c.op("ADDQ R13, R9")
	c.op("DECQ CX")
	c.op("JNZ %sRow", name)
	if r.done != nil {
		for j := range vectors {
			r.done(j)
		}
	}
}

// Registers of AVX2: the mask of the last vector, and a bit for each lane.
const tailRegister, bitsRegister = 15, 14

// param is the operand for vector j of parameter i, which has an entry for each channel.
func (c channels32) param(i, j int) string {
	c.op("MOVQ %d(DI), BX", passParam+8*i)
	return fmt.Sprintf("%d(BX)(AX*1)", j*c.bytes)
}

func (c channels32) at(reg string, j int) string { return fmt.Sprintf("%d(%s)", j*c.bytes, reg) }

// maskAt is where the bits of vector j are.
func (c channels32) maskAt(j int) string { return fmt.Sprintf("%d(R9)", j*c.bytes/32) }

// scalars broadcasts fields to registers from first on.
func (c channels32) scalars(first int, fields ...string) {
	for i, f := range fields {
		c.op("VBROADCASTSS %s, %s", f, c.r(first+i))
	}
}

func (c channels32) routines() {
	if c.lanes == avx2 {
		c.line("")
		for i := range 8 {
			c.line("DATA bits<>+%d(SB)/4, $%d", 4*i, 1<<i)
		}
		c.line("GLOBL bits<>(SB), RODATA|NOPTR, $32")
	}
	c.stats()
	c.finish("finish", false)
	c.finish("quantize", true)
	c.reduce()
	c.apply("apply", false)
	c.apply("applyAdd", true)
	c.learn()
	c.decode()
}

// learn accumulates the gradients of the scale and the zero point of finish's fake
// quantization: the gradient times (code - zero), less v/scale where the code was not clamped,
// and the gradient where it was.
func (c channels32) learn() {
	vectors := 4
	if c.lanes == avx2 {
		vectors = 1
	}
	reg := func(i, j int) string { return c.r(6*j + i) } // alpha, beta, inverse, zero and the two sums
	s := 6 * vectors
	lo, hi, qmin, qmax := c.r(s), c.r(s+1), c.r(s+2), c.r(s+3)
	v, t, u, m, n := c.r(s+4), c.r(s+5), c.r(s+6), c.r(s+7), c.r(s+8)
	const lt, gt = 0x11, 0x1e
	c.routine(pass{
		name: "learn", vectors: vectors,
		shared: func() { c.scalars(s, passLo, passHi, passQMin, passQMax) },
		params: func(j int) {
			for i := range 6 {
				c.op("VMOVUPS %s, %s", c.param(i, j), reg(i, j))
			}
		},
		row: func(j int, masked bool) {
			c.load(c.printer, tailRegister, masked, c.at("SI", j), v)
			c.load(c.printer, tailRegister, masked, c.at("DX", j), u)
			c.op("VMULPS %s, %s, %s", reg(0, j), v, v)
			c.op("VADDPS %s, %s, %s", reg(1, j), v, v)
			c.op("VMAXPS %s, %s, %s", v, lo, v)
			c.op("VMINPS %s, %s, %s", v, hi, v)
			c.op("VMULPS %s, %s, %s", reg(2, j), v, v) // in steps
			c.op("VADDPS %s, %s, %s", reg(3, j), v, t)
			if c.lanes == avx512 {
				c.op("VRNDSCALEPS $8, %s, %s", t, t)
				c.op("VCMPPS $%d, %s, %s, K2", lt, qmin, t)
				c.op("VCMPPS $%d, %s, %s, K3", gt, qmax, t)
				c.op("KORW K2, K3, K2 // clamped")
			} else {
				c.op("VROUNDPS $8, %s, %s", t, t)
				c.op("VCMPPS $%d, %s, %s, %s", lt, qmin, t, m)
				c.op("VCMPPS $%d, %s, %s, %s", gt, qmax, t, n)
				c.op("VORPS %s, %s, %s", n, m, m)
			}
			c.op("VMAXPS %s, %s, %s", qmin, t, t)
			c.op("VMINPS %s, %s, %s", qmax, t, t)
			c.op("VSUBPS %s, %s, %s", reg(3, j), t, t)
			if c.lanes == avx512 {
				c.op("KNOTW K2, K3")
				c.op("VSUBPS %s, %s, K3, %s", v, t, t)
				c.op("VADDPS %s, %s, K2, %s", u, reg(5, j), reg(5, j))
			} else {
				c.op("VANDNPS %s, %s, %s", v, m, v)
				c.op("VSUBPS %s, %s, %s", v, t, t)
				c.op("VANDPS %s, %s, %s", u, m, m)
				c.op("VADDPS %s, %s, %s", m, reg(5, j), reg(5, j))
			}
			c.op("VFMADD231PS %s, %s, %s", t, u, reg(4, j))
		},
		done: func(j int) {
			for i := 4; i < 6; i++ {
				c.op("VMOVUPS %s, %s", reg(i, j), c.param(i, j))
			}
		},
	})
}

// The fields of channels32.codes.
const (
	decodeCodes, decodeOut, decodeMask, decodeBlocks = "0(DI)", "8(DI)", "16(DI)", "24(DI)"
	decodeZero, decodeScale, decodeLo, decodeHi      = "32(DI)", "36(DI)", "40(DI)", "44(DI)"
)

// decode dequantizes blocks of 16 codes, and sets the mask bit of codes strictly between lo and
// hi.
func (c channels32) decode() {
	zero, scale, lo, hi := c.r(0), c.r(1), c.r(2), c.r(3)
	c.text("decode"+c.isa, "arg *codes")
	c.op("MOVQ %s, SI", decodeCodes)
	c.op("MOVQ %s, R8", decodeOut)
	c.op("MOVQ %s, R9", decodeMask)
	c.op("MOVQ %s, CX", decodeBlocks)
	c.op("VBROADCASTSS %s, %s", decodeZero, zero)
	c.op("VBROADCASTSS %s, %s", decodeScale, scale)
	c.op("VPBROADCASTD %s, %s", decodeLo, lo)
	c.op("VPBROADCASTD %s, %s", decodeHi, hi)
	c.line("block:")
	n := c.bytes / 4
	for at := 0; at < 16; at += n {
		x, v, m := c.r(4), c.r(5), c.r(6)
		c.op("VPMOVZXBD %d(SI), %s", at, x)
		if c.lanes == avx512 {
			c.op("VPCMPGTD %s, %s, K1", lo, x)
			c.op("VPCMPGTD %s, %s, K1, K1", x, hi)
		} else {
			c.op("VPCMPGTD %s, %s, %s", lo, x, m)
			c.op("VPCMPGTD %s, %s, %s", x, hi, v)
			c.op("VANDPS %s, %s, %s", v, m, m)
		}
		c.op("VCVTDQ2PS %s, %s", x, v)
		c.op("VSUBPS %s, %s, %s", zero, v, v)
		c.op("VMULPS %s, %s, %s", scale, v, v)
		c.op("VMOVUPS %s, %d(R8)", v, 4*at)
		if c.lanes == avx512 {
			c.op("KMOVW K1, (R9)")
		} else {
			c.op("VMOVMSKPS %s, BX", m)
			c.op("MOVB BX, %d(R9)", at/8)
		}
	}
	c.op("ADDQ $16, SI")
	c.op("ADDQ $64, R8")
	c.op("ADDQ $2, R9")
	c.op("DECQ CX")
	c.op("JNZ block")
	c.op("VZEROUPPER")
	c.op("RET")
}

// stats accumulates x-shift and its square, and keeps minimum and maximum.
func (c channels32) stats() {
	vectors := 4
	if c.lanes == avx2 {
		vectors = 2
	}
	reg := func(i, j int) string { return c.r(5*j + i) }
	x, d := c.r(5*vectors), c.r(5*vectors+1)
	c.routine(pass{
		name: "stats", vectors: vectors, shared: func() {},
		params: func(j int) {
			for i := range 5 {
				c.op("VMOVUPS %s, %s", c.param(i, j), reg(i, j))
			}
		},
		row: func(j int, masked bool) {
			c.load(c.printer, tailRegister, masked, c.at("SI", j), x)
			c.op("VSUBPS %s, %s, %s", reg(0, j), x, d)
			c.op("VADDPS %s, %s, %s", d, reg(1, j), reg(1, j))
			c.op("VFMADD231PS %s, %s, %s", d, d, reg(2, j))
			c.op("VMINPS %s, %s, %s", x, reg(3, j), reg(3, j))
			c.op("VMAXPS %s, %s, %s", x, reg(4, j), reg(4, j))
		},
		done: func(j int) {
			for i := 1; i < 5; i++ {
				c.op("VMOVUPS %s, %s", reg(i, j), c.param(i, j))
			}
		},
	})
}

// finish applies scale and shift, clamps and, if rounds is set, fake-quantizes; it sets the
// mask bit of each element through which a gradient passes.
func (c channels32) finish(name string, rounds bool) {
	params, vectors := 2, 4
	if rounds {
		params = 5
	}
	shared := 2 // lo, hi
	if rounds {
		shared = 4
	}
	if c.lanes == avx2 {
		vectors = 1
	}
	reg := func(i, j int) string { return c.r(params*j + i) }
	s := params * vectors
	lo, hi, qmin, qmax := c.r(s), c.r(s+1), c.r(s+2), c.r(s+3)
	v, t, m, n := c.r(s+shared), c.r(s+shared+1), c.r(s+shared+2), c.r(s+shared+3)
	const gt, lt, ge, le = 0x1e, 0x11, 0x1d, 0x12
	first := true
	compare := func(kind int, bound, x string) {
		switch {
		case c.lanes == avx512 && first:
			c.op("VCMPPS $%d, %s, %s, K2", kind, bound, x)
		case c.lanes == avx512:
			c.op("VCMPPS $%d, %s, %s, K2, K2", kind, bound, x)
		case first:
			c.op("VCMPPS $%d, %s, %s, %s", kind, bound, x, m)
		default:
			c.op("VCMPPS $%d, %s, %s, %s", kind, bound, x, n)
			c.op("VANDPS %s, %s, %s", n, m, m)
		}
		first = false
	}
	c.routine(pass{
		name: name, vectors: vectors,
		shared: func() {
			c.scalars(s, []string{passLo, passHi, passQMin, passQMax}[:shared]...)
		},
		params: func(j int) {
			for i := range params {
				c.op("VMOVUPS %s, %s", c.param(i, j), reg(i, j))
			}
		},
		row: func(j int, masked bool) {
			first = true
			c.load(c.printer, tailRegister, masked, c.at("SI", j), v)
			c.op("VMULPS %s, %s, %s", reg(0, j), v, v)
			c.op("VADDPS %s, %s, %s", reg(1, j), v, v)
			compare(gt, lo, v)
			compare(lt, hi, v)
			c.op("VMAXPS %s, %s, %s", v, lo, v) // NaN passes as the second source
			c.op("VMINPS %s, %s, %s", v, hi, v)
			if rounds {
				c.op("VMULPS %s, %s, %s", reg(2, j), v, t)
				if c.lanes == avx512 {
					c.op("VRNDSCALEPS $8, %s, %s", t, t)
				} else {
					c.op("VROUNDPS $8, %s, %s", t, t)
				}
				c.op("VADDPS %s, %s, %s", reg(4, j), t, t)
				compare(ge, qmin, t)
				compare(le, qmax, t)
				c.op("VMAXPS %s, %s, %s", qmin, t, t) // NaN becomes the lowest code
				c.op("VMINPS %s, %s, %s", qmax, t, t)
				c.op("VSUBPS %s, %s, %s", reg(4, j), t, t)
				c.op("VMULPS %s, %s, %s", reg(3, j), t, v)
			}
			c.store(c.printer, tailRegister, masked, v, c.at("R8", j))
			if c.lanes == avx512 {
				c.op("KMOVW K2, %s", c.maskAt(j))
			} else {
				c.op("VMOVMSKPS %s, BX", m)
				c.op("MOVB BX, %s", c.maskAt(j))
			}
		},
	})
}

// shareBits loads the bit of each lane, with which AVX2 expands mask bits to lanes.
func (c channels32) shareBits() {
	if c.lanes == avx2 {
		c.op("VMOVDQU bits<>(SB), %s", c.r(bitsRegister))
	}
}

// gradient loads to g the gradient at DX, with zeros where the mask bit is not set.
func (c channels32) gradient(j int, masked bool, g, temp string) {
	if c.lanes == avx512 {
		c.op("KMOVW %s, K2", c.maskAt(j))
		if masked {
			c.op("KANDW K1, K2, K2")
		}
		c.op("VMOVUPS.Z %s, K2, %s", c.at("DX", j), g)
		return
	}
	c.op("MOVBLZX %s, BX", c.maskAt(j))
	c.op("VMOVD BX, %s", "X"+temp[1:])
	c.op("VPBROADCASTD %s, %s", "X"+temp[1:], temp)
	c.op("VPAND %s, %s, %s", c.r(bitsRegister), temp, temp)
	c.op("VPCMPEQD %s, %s, %s", c.r(bitsRegister), temp, temp)
	c.load(c.printer, tailRegister, masked, c.at("DX", j), g)
	c.op("VANDPS %s, %s, %s", temp, g, g)
}

// reduce accumulates the gradient, and its product with x-mean.
func (c channels32) reduce() {
	vectors := 4
	if c.lanes == avx2 {
		vectors = 2
	}
	reg := func(i, j int) string { return c.r(3*j + i) }
	g, x, temp := c.r(3*vectors), c.r(3*vectors+1), c.r(3*vectors+2)
	c.routine(pass{
		name: "reduce", vectors: vectors, shared: c.shareBits,
		params: func(j int) {
			for i := range 3 {
				c.op("VMOVUPS %s, %s", c.param(i, j), reg(i, j))
			}
		},
		row: func(j int, masked bool) {
			c.gradient(j, masked, g, temp)
			c.load(c.printer, tailRegister, masked, c.at("SI", j), x)
			c.op("VSUBPS %s, %s, %s", reg(0, j), x, x)
			c.op("VADDPS %s, %s, %s", g, reg(1, j), reg(1, j))
			c.op("VFMADD231PS %s, %s, %s", x, g, reg(2, j))
		},
		done: func(j int) {
			for i := 1; i < 3; i++ {
				c.op("VMOVUPS %s, %s", reg(i, j), c.param(i, j))
			}
		},
	})
}

// apply combines the gradient, x and a constant, with coefficients for each channel.
func (c channels32) apply(name string, add bool) {
	vectors := 4
	if c.lanes == avx2 {
		vectors = 2
	}
	reg := func(i, j int) string { return c.r(3*j + i) }
	g, x, temp := c.r(3*vectors), c.r(3*vectors+1), c.r(3*vectors+2)
	c.routine(pass{
		name: name, vectors: vectors, shared: c.shareBits,
		params: func(j int) {
			for i := range 3 {
				c.op("VMOVUPS %s, %s", c.param(i, j), reg(i, j))
			}
		},
		row: func(j int, masked bool) {
			c.gradient(j, masked, g, temp)
			c.load(c.printer, tailRegister, masked, c.at("SI", j), x)
			c.op("VFMADD213PS %s, %s, %s", reg(2, j), reg(1, j), x)
			c.op("VFMADD231PS %s, %s, %s", reg(0, j), g, x)
			if add {
				c.load(c.printer, tailRegister, masked, c.at("R8", j), temp)
				c.op("VADDPS %s, %s, %s", temp, x, x)
			}
			c.store(c.printer, tailRegister, masked, x, c.at("R8", j))
		},
	})
}
