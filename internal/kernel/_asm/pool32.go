package main

import (
	"fmt"
	"strings"
)

func pool32AVX512(p *printer) { pool32(p, avx512) }
func pool32AVX2(p *printer)   { pool32(p, avx2) }

// pool32 writes the routines for consecutive windows of one image. Maxima are in registers 0 to
// 3: VMAXPS returns its second source, the maximum so far, where an operand is NaN, so NaN is
// merged in by an instruction of its own. Sums are in the same registers, in float64: those of
// a vector of channels in 0 and 1.
func pool32(p *printer, l lanes) {
	most := poolLoop{p: p, l: l, size: 4, overlap: l == avx2, begin: func() { p.op("VBROADCASTSS %s, %s // -Inf", windowsZero, l.r(6)) }}
	most.write("max", 4, func(vectors int, _ bool) {
		for j := range vectors {
			p.op("VMOVAPS %s, %s", l.r(6), l.r(j))
		}
	}, func(vectors int, masked bool) {
		for j := range vectors {
			at := fmt.Sprintf("%d(BX)(AX*1)", j*l.bytes)
			if masked {
				p.op("VMOVUPS.Z %s, K1, %s", at, l.r(4))
			} else {
				p.op("VMOVUPS %s, %s", at, l.r(4))
			}
			p.op("VMAXPS %s, %s, %s", l.r(j), l.r(4), l.r(j))
			if l == avx512 {
				p.op("VCMPPS $3, %s, %s, K2 // NaN", l.r(4), l.r(4))
				p.op("VMOVAPS %s, K2, %s", l.r(4), l.r(j))
			} else {
				p.op("VCMPPS $3, %s, %s, %s // NaN", l.r(4), l.r(4), l.r(5))
				p.op("VBLENDVPS %s, %s, %s, %s", l.r(5), l.r(4), l.r(j), l.r(j))
			}
		}
	}, func(vectors int, masked bool) {
		for j := range vectors {
			if masked {
				p.op("VMOVUPS %s, K1, (R8)(AX*1)", l.r(j))
				continue
			}
			p.op("VMOVUPS %s, %d(R8)(AX*1)", l.r(j), j*l.bytes)
		}
	})

	half := func(i int) string {
		return strings.Map(func(c rune) rune { return map[rune]rune{'Z': 'Y', 'Y': 'X'}[c] }, l.reg) + fmt.Sprint(i)
	}
	mean := poolLoop{p: p, l: l, size: 4, overlap: true}
	mean.write("average", 1, func(int, bool) {
		for j := range 2 {
			p.op("%s %s, %s, %s", l.either("VPXOR", "VPXORD"), l.r(j), l.r(j), l.r(j))
		}
	}, func(int, bool) {
		for j := range 2 {
			p.op("VCVTPS2PD %d(BX)(AX*1), %s", j*l.bytes/2, l.r(4))
			p.op("VADDPD %s, %s, %s", l.r(4), l.r(j), l.r(j))
		}
	}, func(int, bool) {
		p.op("MOVQ %s, BX", windowsMult)
		p.op("VBROADCASTSS (BX), %s", half(5))
		for j := range 2 {
			p.op("%s %s, %s", l.either("VCVTPD2PSY", "VCVTPD2PS"), l.r(j), half(j))
			p.op("VDIVPS %s, %s, %s", half(5), half(j), half(j))
			p.op("VMOVUPS %s, %d(R8)(AX*1)", half(j), j*l.bytes/2)
		}
	})
}
