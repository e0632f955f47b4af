package main

import "fmt"

// The fields of depthwise8.block.
const (
	depthX, depthPad, depthOffset      = "0(DI)", "8(DI)", "16(DI)"
	depthNextTap, depthTaps, depthRows = "24(DI)", "32(DI)", "40(DI)"
	depthWeights, depthInit            = "48(DI)", "56(DI)"
	depthOut, depthStride              = "64(DI)", "72(DI)"
	depthBias, depthMult, depthRule    = "80(DI)", "88(DI)", "96(DI)"
	depthBiasMul, depthZero            = "104(DI)", "108(DI)"
	depthLo, depthHi                   = "110(DI)", "111(DI)"
)

// depthwise8AVX2 and its siblings write one routine for each width of a block of
// channels. Bytes are interleaved by tap within lanes of 128 bits, so sum k of
// four holds, for each lane L, the channels 16*L+4*k and the three after it.
// Weights, starting values and factors lie in that order, and packing the sums
// to bytes, which works within lanes too, undoes it.
//
// Sums are in vectors 0 to 3, codes and what becomes of them in 4 to 9.
func depthwise8AVX2(p *printer) {
	depthwiseRows(p, "AVX2", 16, pairOfTaps)
	depthwiseRows(p, "AVX2", 32, pairOfTaps)
}

func depthwise8AVX512(p *printer) { depthwiseRows(p, "AVX512", 64, pairOfTaps) }

func depthwise8AVX512VNNI(p *printer) {
	for width := 16; width <= 64; width *= 2 {
		depthwiseRows(p, "AVX512VNNI", width, fourTaps)
	}
}

// tapStep multiplies the codes of some taps at once; the position of each is in
// depthPointers and the weights are at DX.
type tapStep struct {
	taps int
	add  func(p *printer, v func(int) string, load string, width int)
}

var depthPointers = [...]string{"R8", "R9", "R10", "R11"}

// pairOfTaps widens the codes of two taps to 16 bits, side by side.
var pairOfTaps = tapStep{2, func(p *printer, v func(int) string, load string, width int) {
	p.op("%s (R8), %s", load, v(4))
	p.op("%s (R9), %s", load, v(5))
	p.op("VPUNPCKLBW %s, %s, %s", v(5), v(4), v(6))
	p.op("VPUNPCKHBW %s, %s, %s", v(5), v(4), v(7))
	for k, from := range []int{6, 6, 7, 7} {
		p.op("VPUNPCK%cBW %s, %s, %s", "LH"[k%2], v(15), v(from), v(8+k%2))
		p.op("VPMADDWD %d(DX), %s, %s", width*k, v(8+k%2), v(8+k%2))
		p.op("VPADDD %s, %s, %s", v(8+k%2), v(k), v(k))
	}
}}

// fourTaps puts the codes of four taps side by side.
var fourTaps = tapStep{4, func(p *printer, v func(int) string, load string, width int) {
	for i, at := range depthPointers {
		p.op("%s (%s), %s", load, at, v(4+i))
	}
	p.op("VPUNPCKLBW %s, %s, %s", v(5), v(4), v(8))
	p.op("VPUNPCKHBW %s, %s, %s", v(5), v(4), v(9))
	p.op("VPUNPCKLBW %s, %s, %s", v(7), v(6), v(4))
	p.op("VPUNPCKHBW %s, %s, %s", v(7), v(6), v(5))
	for k := range 4 {
		p.op("VPUNPCK%cWD %s, %s, %s", "LH"[k%2], v(4+k/2), v(8+k/2), v(6))
		p.op("VPDPBUSD %d(DX), %s, %s", width*k, v(6), v(k))
	}
}}

func depthwiseRows(p *printer, isa string, width int, step tapStep) {
	prefix := map[int]string{16: "X", 32: "Y", 64: "Z"}[width]
	v := func(i int) string { return fmt.Sprintf("%s%d", prefix, i) }
	load := "VMOVDQU"
	if width == 64 {
		load = "VMOVDQU32"
	}
	p.text(fmt.Sprintf("rows%d%s", width, isa), "arg *block")
	p.op("MOVQ %s, SI", depthX)
	p.op("MOVQ %s, BX", depthPad)
	p.op("MOVQ %s, R14", depthOffset)
	p.op("MOVQ %s, R13", depthRows)
	p.op("MOVQ %s, R15", depthOut)
	p.op("VBROADCASTSS %s, %s", depthBiasMul, v(11))
	p.op("VPBROADCASTW %s, %s", depthZero, v(12))
	p.op("VPBROADCASTB %s, %s", depthLo, v(13))
	p.op("VPBROADCASTB %s, %s", depthHi, v(14))
	p.op("VPXOR X15, X15, X15")
	p.line("row:")
	p.op("MOVQ R14, R12")
	p.op("MOVQ %s, CX", depthTaps)
	p.op("MOVQ %s, DX", depthWeights)
	p.op("MOVQ %s, AX", depthInit)
	for k := range 4 {
		p.op("%s %d(AX), %s", load, width*k, v(k))
	}
	p.line("tap:")
	p.tapPointers(step.taps)
	step.add(p, v, load, width)
	p.op("ADDQ $%d, DX", 4*width)
	p.op("SUBQ $%d, CX", step.taps)
	p.op("JG tap")
	depthwiseFinish(p, v, load, width)
	p.line("next:")
	p.op("ADDQ $4, R14")
	p.op("ADDQ %s, R15", depthStride)
	p.op("DECQ R13")
	p.op("JNZ row")
	p.op("VZEROUPPER")
	p.op("RET")
}

// tapPointers finds the pixels of the next taps, from the offset at R12 on. Behind
// the last tap the first of the group stands in for those that do not exist; their
// weights are zero.
func (p *printer) tapPointers(taps int) {
	find := func(i int) {
		p.op("MOVLQSX (R12), AX")
		p.op("ADDQ %s, R12", depthNextTap)
		p.op("LEAQ (SI)(AX*1), %s", depthPointers[i])
		p.op("TESTQ AX, AX")
		p.op("CMOVQLT BX, %s", depthPointers[i])
	}
	p.op("CMPQ CX, $%d", taps)
	p.op("JLT last")
	for i := range taps {
		find(i)
	}
	p.op("JMP step")
	p.line("last:")
	find(0)
	for _, other := range depthPointers[1:taps] {
		p.op("MOVQ %s, %s", depthPointers[0], other)
	}
	for i := 1; i < taps-1; i++ {
		p.op("CMPQ CX, $%d", i)
		p.op("JEQ step")
		find(i)
	}
	p.line("step:")
}

// depthwiseFinish stores the sums, or the codes that a rule makes of them.
func depthwiseFinish(p *printer, v func(int) string, load string, width int) {
	p.op("MOVQ %s, AX", depthRule)
	p.op("MOVQ %s, R8", depthBias)
	p.op("MOVQ %s, R9", depthMult)
	for i, label := range []string{"addBias", "intBias", "fusedBias"} {
		p.op("CMPQ AX, $%d", i+1)
		p.op("JEQ %s", label)
	}
	for k := range 4 {
		p.op("VMOVDQU X%d, %d(R15)", k, 16*k)
		for lane := 1; lane < width/16; lane++ {
			extract := "VEXTRACTI128"
			if width == 64 {
				extract = "VEXTRACTI32X4"
			}
			p.op("%s $%d, %s, %d(R15)", extract, lane, v(k), 64*lane+16*k)
		}
	}
	p.op("JMP next")
	p.line("addBias:")
	for k := range 4 {
		p.op("VCVTDQ2PS %s, %s", v(k), v(k))
		p.op("VADDPS %d(R8), %s, %s", width*k, v(k), v(k))
	}
	p.op("JMP codes")
	p.line("intBias:")
	for k := range 4 {
		p.op("VPADDD %d(R8), %s, %s", width*k, v(k), v(k))
		p.op("VCVTDQ2PS %s, %s", v(k), v(k))
	}
	p.op("JMP codes")
	p.line("fusedBias:")
	for k := range 4 {
		p.op("VCVTDQ2PS %s, %s", v(k), v(k))
		p.op("VFMADD231PS %d(R8), %s, %s", width*k, v(11), v(k))
	}
	p.line("codes:")
	for k := range 4 {
		p.op("VMULPS %d(R9), %s, %s", width*k, v(k), v(k))
		p.op("VCVTPS2DQ %s, %s", v(k), v(k))
	}
	for k := 0; k < 4; k += 2 {
		p.op("VPACKSSDW %s, %s, %s", v(k+1), v(k), v(k))
		p.op("VPADDSW %s, %s, %s", v(12), v(k), v(k))
	}
	p.op("VPACKUSWB %s, %s, %s", v(2), v(0), v(0))
	p.op("VPMAXUB %s, %s, %s", v(13), v(0), v(0))
	p.op("VPMINUB %s, %s, %s", v(14), v(0), v(0))
	p.op("%s %s, (R15)", load, v(0))
}
