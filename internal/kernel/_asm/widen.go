package main

import "fmt"

// The fields of sgemm.widening.
const (
	widenTo, widenCodes     = "0(DI)", "8(DI)"
	widenScales, widenZeros = "16(DI)", "24(DI)"
	widenRows               = "32(DI)"
)

// widen writes the routines that make numbers of rows of one or two vectors of codes.
func widen(p *printer, l lanes) {
	for vectors := 1; vectors <= 2; vectors++ {
		p.text(fmt.Sprintf("widen%d%s", vectors, l.isa), "arg *widening")
		p.op("MOVQ %s, R8", widenTo)
		p.op("MOVQ %s, SI", widenCodes)
		p.op("MOVQ %s, AX", widenScales)
		p.op("MOVQ %s, BX", widenZeros)
		p.op("MOVQ %s, CX", widenRows)
		for j := range vectors {
			p.op("VMOVUPS %d(AX), %s", j*l.bytes, l.r(4+j))
			p.op("VMOVUPS %d(BX), %s", j*l.bytes, l.r(6+j))
		}
		p.line("row:")
		for j := range vectors {
			p.op("VPMOVSXBD %d(SI), %s", j*l.bytes/4, l.r(j))
			p.op("VCVTDQ2PS %s, %s", l.r(j), l.r(j))
			p.op("VSUBPS %s, %s, %s", l.r(6+j), l.r(j), l.r(j))
			p.op("VMULPS %s, %s, %s", l.r(4+j), l.r(j), l.r(j))
			p.op("VMOVUPS %s, %d(R8)", l.r(j), j*l.bytes)
		}
		p.op("ADDQ $%d, SI", vectors*l.bytes/4)
		p.op("ADDQ $%d, R8", vectors*l.bytes)
		p.op("DECQ CX")
		p.op("JNZ row")
		p.op("VZEROUPPER")
		p.op("RET")
	}
}

// widen writes the routines for NEON.
func (a arm64) widen() {
	const from, to, rows = "R1", "R4", "R5"
	const code, number, scale, zero = 0, 2, 4, 6
	for vectors := 1; vectors <= 2; vectors++ {
		a.text(fmt.Sprintf("widen%dNEON", vectors), "arg *widening")
		a.op("MOVD %s, %s", at(widenTo), to)
		a.op("MOVD %s, %s", at(widenCodes), from)
		a.op("MOVD %s, %s", at(widenRows), rows)
		for _, c := range []struct {
			field string
			to    int
		}{{widenScales, scale}, {widenZeros, zero}} {
			a.op("MOVD %s, %s", at(c.field), temp)
			for j := range vectors {
				a.op("FMOVQ %d(%s), F%d", 16*j, temp, c.to+j)
			}
		}
		a.line("row:")
		if vectors == 1 {
			a.op("FMOVS.P 4(%s), F%d", from, code)
		} else {
			a.op("FMOVD.P 8(%s), F%d", from, code)
		}
		a.v("sxtl 8h", code, code)
		if vectors == 2 {
			a.v("sxtl2 4s", number+1, code)
		}
		a.v("sxtl 4s", number, code)
		for j := range vectors {
			a.v("scvtf 4s", number+j, number+j)
			a.v("fsub 4s", number+j, number+j, zero+j)
			a.v("fmul 4s", number+j, number+j, scale+j)
			a.op("FMOVQ.P F%d, 16(%s)", number+j, to)
		}
		a.op("SUBS $1, %s", rows)
		a.op("BNE row")
		a.op("RET")
	}
}
