package main

import "fmt"

// The fields of depthwise8.block.
var (
	depthX, depthPad, depthOffset      = "0(DI)", "8(DI)", "16(DI)"
	depthNextTap, depthTaps, depthRows = "24(DI)", "32(DI)", "40(DI)"
	depthEnds, depthAt, depthStep      = "48(DI)", "56(DI)", "64(DI)"
	depthWeights, depthInit            = "72(DI)", "80(DI)"
	depthOut, depthStride              = "88(DI)", "96(DI)"
	depthBias, depthMult               = "104(DI)", "112(DI)"
	depthRule                          = ruleAt(func(at int) string { return fmt.Sprintf("%d(DI)", at) }, 120)
	depthPixels                        = "144(DI)" // of the taps, up to the next
	depthChannels, depthPart           = "560(DI)", "568(DI)"
	depthRun, depthRunOut              = "576(DI)", "584(DI)"
)

// depthwise8AVX2 and its sibling write one routine for each width of a block of channels. Bytes
// are interleaved by tap within lanes of 128 bits, so accumulator k of four holds, for each
// lane L, the channels 16*L+4*k and the three after it. Weights, initial accumulators and
// multipliers are stored in that order, and packing to bytes, which works within lanes too,
// restores the order of channels.
//
// Accumulators are in vectors 0 to 3, the constants of the requantization rule in 11 to 14.
func depthwise8AVX2(p *printer) {
	p.line("")
	for i := range 8 {
		p.line("DATA nibbles<>+%d(SB)/4, $0x00100001", 4*i)
	}
	p.line("GLOBL nibbles<>(SB), RODATA|NOPTR, $32")
	realLimit(p)
	depthwiseRows(p, "AVX2", 16, nibbles)
	depthwiseRows(p, "AVX2", 32, nibbles)
}

func depthwise8AVX512VNNI(p *printer) {
	realLimit(p)
	for width := 16; width <= 64; width *= 2 {
		depthwiseRows(p, "AVX512VNNI", width, fourTaps)
	}
}

// dots multiplies the codes of some taps at once. load loads the codes of tap i to a vector;
// the weights are at DX, four bytes for each channel.
type dots struct {
	taps  int
	start func(p *printer, v func(int) string, load string, width int)
	add   func(p *printer, v func(int) string, load func(i, to int), width int)
	end   func(p *printer, v func(int) string, width int)
}

// nibbles splits weights into 16*high + low, both in -8..8, and accumulates the products of
// each part in 16 bits: up to 16 of them, at most 255*8 each, cannot overflow. Vectors 0 and 1
// are the accumulators of the low parts, 2 and 3 of the high parts.
var nibbles = dots{
	taps: 2,
	start: func(p *printer, v func(int) string, _ string, _ int) {
		for k := range 4 {
			p.op("VPXOR %s, %s, %s", v(k), v(k), v(k))
		}
	},
	add: func(p *printer, v func(int) string, load func(i, to int), width int) {
		load(0, 4)
		load(1, 5)
		p.op("VPUNPCKLBW %s, %s, %s", v(5), v(4), v(6))
		p.op("VPUNPCKHBW %s, %s, %s", v(5), v(4), v(7))
		for k := range 4 {
			p.op("VPMADDUBSW %d(DX), %s, %s", width*k, v(6+k%2), v(8+k%2))
			p.op("VPADDW %s, %s, %s", v(8+k%2), v(k), v(k))
		}
	},
	end: func(p *printer, v func(int) string, width int) {
		for k := range 4 {
			p.op("VPUNPCK%cWD %s, %s, %s", "LH"[k%2], v(2+k/2), v(k/2), v(4+k))
		}
		p.op("MOVQ %s, AX", depthInit)
		for k := range 4 {
			p.op("VPMADDWD %s, %s, %s", v(15), v(4+k), v(k))
			p.op("VPADDD %d(AX), %s, %s", width*k, v(k), v(k))
		}
	},
}

// fourTaps interleaves the codes of four taps byte by byte.
var fourTaps = dots{
	taps: 4,
	start: func(p *printer, v func(int) string, load string, width int) {
		p.op("MOVQ %s, AX", depthInit)
		for k := range 4 {
			p.op("%s %d(AX), %s", load, width*k, v(k))
		}
	},
	add: func(p *printer, v func(int) string, load func(i, to int), width int) {
		for i := range 4 {
			load(i, 4+i)
		}
		p.op("VPUNPCKLBW %s, %s, %s", v(5), v(4), v(8))
		p.op("VPUNPCKHBW %s, %s, %s", v(5), v(4), v(9))
		p.op("VPUNPCKLBW %s, %s, %s", v(7), v(6), v(4))
		p.op("VPUNPCKHBW %s, %s, %s", v(7), v(6), v(5))
		for k := range 4 {
			p.op("VPUNPCK%cWD %s, %s, %s", "LH"[k%2], v(4+k/2), v(8+k/2), v(6))
			p.op("VPDPBUSD %d(DX), %s, %s", width*k, v(6), v(k))
		}
	},
	end: func(*printer, func(int) string, int) {},
}

// depthwiseRows writes the routine for a block of width channels. It takes runs of
// pixels that are equally spaced under all taps.
func depthwiseRows(p *printer, isa string, width int, d dots) {
	prefix := map[int]string{16: "X", 32: "Y", 64: "Z"}[width]
	v := func(i int) string { return fmt.Sprintf("%s%d", prefix, i) }
	load := "VMOVDQU"
	if width == 64 {
		load = "VMOVDQU32"
	}
	p.text(fmt.Sprintf("rows%d%s", width, isa), "arg *block")
	p.op("MOVQ %s, R10", depthEnds)
	p.op("MOVQ %s, R11", depthAt)
	p.op("MOVQ %s, R13", depthRows)
	p.op("MOVQ %s, R14", depthOffset)
	p.op("MOVQ %s, R15", depthOut)
	p.op("VBROADCASTSS %s, %s", depthRule.biasMul, v(11))
	p.op("VPBROADCASTW %s, %s", depthRule.zero, v(12))
	p.op("VPBROADCASTB %s, %s", depthRule.lo, v(13))
	p.op("VPBROADCASTB %s, %s", depthRule.hi, v(14))
	if d.taps == 2 {
		p.op("VMOVDQU nibbles<>(SB), Y15")
	}
	p.line("run:")
	p.op("MOVL (R10), CX")
	p.op("SUBQ R11, CX")
	p.op("CMPQ CX, R13")
	p.op("JGE last // of this call")
	p.op("ADDQ $4, R10")
	p.op("JMP pixels")
	p.line("last:")
	p.op("MOVQ R13, CX")
	p.line("pixels:")
	p.tapPixels()
	p.op("ADDQ CX, R11")
	p.op("SUBQ CX, R13")
	p.op("LEAQ (R14)(CX*4), R14")
	p.op("XORQ R8, R8")
	p.line("pixel:")
	d.start(p, v, load, width)
	p.op("MOVQ %s, DX", depthWeights)
	p.op("LEAQ %s, R9", depthPixels)
	p.op("MOVQ %s, BX", depthTaps)
	p.line("taps:")
	d.add(p, v, func(i, to int) {
		p.op("MOVQ %d(R9), AX", 8*i)
		p.op("%s (AX)(R8*1), %s", load, v(to))
	}, width)
	p.op("ADDQ $%d, DX", 4*width)
	p.op("ADDQ $%d, R9", 8*d.taps)
	p.op("SUBQ $%d, BX", d.taps)
	p.op("JG taps")
	d.end(p, v, width)
	depthwiseFinish(p, v, load, width)
	p.line("next:")
	p.op("ADDQ %s, R8", depthStep)
	p.op("ADDQ %s, R15", depthStride)
	p.op("DECQ CX")
	p.op("JNZ pixel")
	p.op("TESTQ R13, R13")
	p.op("JNZ run")
	p.op("VZEROUPPER")
	p.op("RET")
}

// tapPixels finds the first pixel of a run under each tap. Taps beyond the last one read the
// same pixels as the last; their weights are zero.
func (p *printer) tapPixels() {
	p.op("MOVQ %s, SI", depthX)
	p.op("MOVQ %s, BX", depthPad)
	p.op("MOVQ R14, R12")
	p.op("LEAQ %s, R9", depthPixels)
	p.op("MOVQ %s, DX", depthTaps)
	p.line("find:")
	p.op("MOVLQSX (R12), AX")
	p.op("ADDQ %s, R12", depthNextTap)
	p.op("TESTQ AX, AX")
	p.op("LEAQ (SI)(AX*1), AX")
	p.op("CMOVQLT BX, AX")
	p.op("MOVQ AX, (R9)")
	p.op("ADDQ $8, R9")
	p.op("DECQ DX")
	p.op("JNZ find")
	for i := range 3 {
		p.op("MOVQ AX, %d(R9)", 8*i)
	}
}

// depthwiseFinish stores the accumulators, or requantizes them and stores the codes.
func depthwiseFinish(p *printer, v func(int) string, load string, width int) {
	p.op("MOVQ %s, AX", depthRule.rule)
	p.op("MOVQ %s, SI", depthBias)
	p.op("MOVQ %s, R12", depthMult)
	p.branch("AX", "")
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
		p.op("VADDPS %d(SI), %s, %s", width*k, v(k), v(k))
	}
	p.op("JMP scale")
	p.line("intBias:")
	for k := range 4 {
		p.op("VPADDD %d(SI), %s, %s", width*k, v(k), v(k))
		p.op("VCVTDQ2PS %s, %s", v(k), v(k))
	}
	p.op("JMP scale")
	p.line("fusedBias:")
	for k := range 4 {
		p.op("VCVTDQ2PS %s, %s", v(k), v(k))
		p.op("VFMADD231PS %d(SI), %s, %s", width*k, v(11), v(k))
	}
	p.line("scale:")
	for k := range 4 {
		p.op("VMULPS %d(R12), %s, %s", width*k, v(k), v(k))
		p.op("VCVTPS2DQ %s, %s", v(k), v(k))
	}
	p.op("JMP codes")
	p.line("realBias:")
	p.op("VBROADCASTSS %s, %s", depthRule.realZero, v(4))
	p.op("VBROADCASTSS realLimit<>(SB), %s", v(5))
	for k := range 4 {
		p.op("VCVTDQ2PS %s, %s", v(k), v(k))
		p.op("VMULPS %d(R12), %s, %s", width*k, v(k), v(k))
		p.op("VADDPS %d(SI), %s, %s", width*k, v(k), v(k))
		p.op("VMULPS %s, %s, %s", v(11), v(k), v(k))
		p.op("VADDPS %s, %s, %s", v(4), v(k), v(k))
		p.op("VMINPS %s, %s, %s // NaN stays", v(k), v(5), v(k))
		p.op("VCVTPS2DQ %s, %s", v(k), v(k))
	}
	p.line("codes:")
	for k := 0; k < 4; k += 2 {
		p.op("VPACKSSDW %s, %s, %s", v(k+1), v(k), v(k))
		p.op("VPADDSW %s, %s, %s", v(12), v(k), v(k))
	}
	p.op("VPACKUSWB %s, %s, %s", v(2), v(0), v(0))
	p.op("VPMAXUB %s, %s, %s", v(13), v(0), v(0))
	p.op("VPMINUB %s, %s, %s", v(14), v(0), v(0))
	p.op("%s %s, (R15)", load, v(0))
}
