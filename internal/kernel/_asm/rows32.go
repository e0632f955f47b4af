package main

import (
	"fmt"
	"strings"
)

// The fields of rows32.pass.
const (
	rowX, rowOut, rowWeight, rowBias = "0(DI)", "8(DI)", "16(DI)", "24(DI)"
	rowVectors, rowMean, rowScale    = "32(DI)", "40(DI)", "48(DI)"
	rowValue, rowSums, rowMost       = "56(DI)", 64, "128(DI)"
)

func rows32AVX512(p *printer) { rows32(p, avx512) }
func rows32AVX2(p *printer)   { rows32(p, avx2) }

// rows32 writes the passes over a row. Sums of float64 are in registers 1 and 2: element i is
// added to sum i%8, and with AVX2 sums 4 to 7 are in register 2.
func rows32(p *printer, l lanes) {
	r := &passes32{p, l}
	f := newFunctions32(p, l, 0, 7)
	r.pass("largest", func() {
		p.op("VMOVUPS %s, %s", rowMost, l.r(1))
	}, func() {
		p.op("VMOVUPS (SI)(AX*1), %s", l.r(0))
		p.op("VMAXPS %s, %s, %[1]s // NaN is left out", l.r(1), l.r(0))
	}, func() {
		p.op("VMOVUPS %s, %s", l.r(1), rowMost)
	})
	r.exponentials(f)
	r.pass("scale", func() {
		p.op("VBROADCASTSS %s, %s", rowValue, l.r(3))
	}, func() {
		p.op("VMULPS (SI)(AX*1), %s, %s", l.r(3), l.r(0))
		p.op("VMOVUPS %s, (R8)(AX*1)", l.r(0))
	}, nil)
	r.pass("sums", r.loadSums, func() {
		for j := range 2 {
			p.op("VCVTPS2PD %d(SI)(AX*1), %s", j*l.bytes/2, l.r(4))
			p.op("VADDPD %s, %s, %[2]s", l.r(4), r.sum(j))
		}
	}, r.storeSums)
	r.pass("squares", func() {
		p.op("VBROADCASTSD %s, %s", rowMean, l.r(3))
		r.loadSums()
	}, func() {
		for j := range 2 {
			p.op("VCVTPS2PD %d(SI)(AX*1), %s", j*l.bytes/2, l.r(4))
			p.op("VSUBPD %s, %s, %[2]s", l.r(3), l.r(4))
			p.op("VMULPD %s, %[1]s, %[1]s", l.r(4))
			p.op("VADDPD %s, %s, %[2]s", l.r(4), r.sum(j))
		}
	}, r.storeSums)
	r.pass("normalize", func() {
		p.op("VBROADCASTSD %s, %s", rowMean, l.r(3))
		p.op("VBROADCASTSD %s, %s", rowScale, l.r(5))
		p.op("MOVQ %s, DX", rowWeight)
		p.op("MOVQ %s, R9", rowBias)
	}, func() {
		for j := range 2 {
			at := j * l.bytes / 2
			p.op("VCVTPS2PD %d(SI)(AX*1), %s", at, l.r(4))
			p.op("VSUBPD %s, %s, %[2]s", l.r(3), l.r(4))
			p.op("VMULPD %s, %s, %[2]s", l.r(5), l.r(4))
			p.op("VCVTPS2PD %d(DX)(AX*1), %s", at, l.r(6))
			p.op("VMULPD %s, %s, %[2]s", l.r(6), l.r(4))
			p.op("%s %s, %s", l.either("VCVTPD2PSY", "VCVTPD2PS"), l.r(4), r.half(4))
			p.op("VADDPS %d(R9)(AX*1), %s, %[2]s", at, r.half(4))
			p.op("VMOVUPS %s, %d(R8)(AX*1)", r.half(4), at)
		}
	}, nil)
	f.constants()
}

type passes32 struct {
	*printer
	lanes
}

// exponentials takes two vectors at a time: see functionRoutine in elementwise32.go. The sums take
// the first before the second.
func (r *passes32) exponentials(f *functions32) {
	second := r.r(5)
	load := func(at int, to string) {
		r.op("VMOVUPS %d(SI)(AX*1), %s", at, to)
		r.op("VSUBPS %s, %s, %[2]s", r.r(3), to)
	}
	store := func(from string, at int) {
		r.op("VMOVUPS %s, %d(R8)(AX*1)", from, at)
		for j := range 2 {
			r.op("VCVTPS2PD %d(R8)(AX*1), %s", at+j*r.bytes/2, r.r(4))
			r.op("VADDPD %s, %s, %[2]s", r.r(4), r.sum(j))
		}
	}
	r.begin("exponentials")
	r.op("VBROADCASTSS %s, %s", rowValue, r.r(3))
	r.loadSums()
	r.op("XORQ AX, AX")
	r.op("SUBQ $2, CX")
	r.op("JLT rest")
	r.line("pair:")
	load(0, r.r(0))
	load(r.bytes, second)
	f.twice(f.exp, second, []string{r.r(6), r.r(13), r.r(14), r.r(15), "", ""})
	store(r.r(0), 0)
	store(second, r.bytes)
	r.op("ADDQ $%d, AX", 2*r.bytes)
	r.op("SUBQ $2, CX")
	r.op("JGE pair")
	r.line("rest:")
	r.op("ADDQ $2, CX")
	r.op("JZ end")
	load(0, r.r(0))
	f.exp()
	store(r.r(0), 0)
	r.line("end:")
	r.storeSums()
	r.op("VZEROUPPER")
	r.op("RET")
}

// half is the register of half the width.
func (r *passes32) half(i int) string {
	return fmt.Sprint(strings.Map(func(c rune) rune { return map[rune]rune{'Z': 'Y', 'Y': 'X'}[c] }, r.reg), i)
}

// sum is the accumulator register for half j of a vector.
func (r *passes32) sum(j int) string {
	if r.evex() {
		return r.r(1)
	}
	return r.r(1 + j)
}

func (r *passes32) loadSums() {
	for at := 0; at < 64; at += r.bytes {
		r.op("VMOVUPD %d(DI), %s", rowSums+at, r.r(1+at/r.bytes))
	}
}

func (r *passes32) storeSums() {
	for at := 0; at < 64; at += r.bytes {
		r.op("VMOVUPD %s, %d(DI)", r.r(1+at/r.bytes), rowSums+at)
	}
}

// begin opens a routine.
func (r *passes32) begin(name string) {
	r.text(name+r.isa, "arg *pass")
	r.op("MOVQ %s, SI", rowX)
	r.op("MOVQ %s, R8", rowOut)
	r.op("MOVQ %s, CX", rowVectors)
}

// pass writes a routine over whole vectors.
func (r *passes32) pass(name string, begin, vector, end func()) {
	r.begin(name)
	begin()
	r.op("XORQ AX, AX")
	r.line("vector:")
	vector()
	r.op("ADDQ $%d, AX", r.bytes)
	r.op("DECQ CX")
	r.op("JNZ vector")
	if end != nil {
		end()
	}
	r.op("VZEROUPPER")
	r.op("RET")
}
