package main

import "fmt"

// The fields of gemm8.grid.
var (
	gridX, gridOffset, gridNextTap  = "0(DI)", "8(DI)", "16(DI)"
	gridStep, gridTaps, gridBlocks  = "24(DI)", "32(DI)", "40(DI)"
	gridPanel, gridPairs, gridCount = "48(DI)", "56(DI)", "64(DI)"
	gridOut, gridLD, gridColumns    = "72(DI)", "80(DI)", "88(DI)"
	gridInit, gridBias, gridMult    = "96(DI)", "104(DI)", "112(DI)"
	gridRule                        = ruleAt(func(at int) string { return fmt.Sprintf("%d(DI)", at) }, 120)
	gridSums, gridConfig            = "144(DI)", "152(DI)"
	gridRows                        = 160 // of the two segments of a pair
	gridNext, gridLines             = "176(DI)", "184(DI)"
)

// gemm8AMX writes the routine for pairs of segments of up to 16 rows and 32 columns. Tiles 0 to
// 3 hold the accumulators, all rows of which are initialised from one line of memory; 4 and 5
// hold the codes of the segments, 6 and 7 weights. The accumulators of a pair are stored and
// then requantized in vectors, two rows at a time. The next weights are prefetched meanwhile,
// some lines with every block.
func gemm8AMX(p *printer) {
	g := gemm8{printer: p, lanes: lanes{"AMX", "Z", 64}, rows: 2, vectors: 2, free: 28}
	g.packOrder(p, "orderAMX")
	realLimit(p)
	p.text("gridAMX", "arg *grid")
	p.op("MOVQ %s, AX", gridConfig)
	p.tileConfig("AX")
	p.op("MOVQ %s, R8", gridPairs)
	p.op("MOVQ %s, R9", gridStep)
	p.op("MOVQ $128, R10 // bytes of a group's weights")
	p.op("MOVQ %s, R15", gridSums)
	p.op("MOVQ %s, R14", gridNext)
	// Constants of the rule, and masks of the columns.
	p.op("VBROADCASTSS %s, Z20", gridRule.biasMul)
	p.op("VPBROADCASTW %s, Z21", gridRule.zero)
	p.op("VPBROADCASTB %s, Z22", gridRule.lo)
	p.op("VPBROADCASTB %s, Z23", gridRule.hi)
	p.op("VMOVDQU64 orderAMX<>(SB), Z24")
	p.op("VBROADCASTSS %s, Z25", gridRule.realZero)
	p.op("VBROADCASTSS realLimit<>(SB), Z26")
	p.op("CMPQ %s, $0", gridRule.rule)
	p.op("JEQ masks")
	p.op("MOVQ %s, AX", gridBias)
	p.op("VMOVDQU32 (AX), Z16")
	p.op("VMOVDQU32 64(AX), Z17")
	p.op("MOVQ %s, AX", gridMult)
	p.op("VMOVDQU32 (AX), Z18")
	p.op("VMOVDQU32 64(AX), Z19")
	p.line("masks:")
	p.op("MOVQ %s, AX", gridColumns)
	p.op("KMOVD AX, K1")
	p.op("KMOVW AX, K2")
	p.op("SHRQ $16, AX")
	p.op("KMOVW AX, K3")
	p.line("pair:")
	p.op("MOVQ %s, AX", gridInit)
	p.op("XORL BX, BX // every row is the first")
	for t := range 4 {
		p.tileLoad(t, "AX", "BX", t%2*64)
	}
	p.op("MOVQ %s, DX", gridPanel)
	p.op("MOVQ %s, CX", gridTaps)
	p.op("MOVQ (R8), SI")
	p.op("MOVQ 8(R8), R11")
	p.op("CMPQ %s, $0", gridOffset)
	p.op("JNE offsets")
	p.op("ADDQ %s, SI", gridX)
	p.op("ADDQ %s, R11", gridX)
	p.op("JMP blocks")
	p.line("offsets:")
	p.op("ADDQ %s, SI", gridOffset)
	p.op("ADDQ %s, R11", gridOffset)
	p.op("MOVQ SI, R12")
	p.op("MOVQ R11, R13")
	p.line("tap:")
	p.op("MOVLQSX (R12), SI")
	p.op("MOVLQSX (R13), R11")
	p.op("ADDQ %s, R12", gridNextTap)
	p.op("ADDQ %s, R13", gridNextTap)
	p.op("ADDQ %s, SI", gridX)
	p.op("ADDQ %s, R11", gridX)
	p.line("blocks:")
	p.op("MOVQ %s, BX", gridBlocks)
	p.line("block:")
	p.tileLoad(6, "DX", "R10", 0)
	p.tileLoad(4, "SI", "R9", 0)
	p.tileDot(0, 4, 6)
	p.tileLoad(7, "DX", "R10", 64)
	p.tileDot(1, 4, 7)
	p.tileLoad(5, "R11", "R9", 0)
	p.tileDot(2, 5, 6)
	p.tileDot(3, 5, 7)
	p.op("ADDQ $64, SI")
	p.op("ADDQ $64, R11")
	p.op("MOVQ %s, AX", gridLines)
	p.op("TESTQ AX, AX")
	p.op("JZ fetched")
	p.line("fetch:")
	p.op("PREFETCHT1 (R14)")
	p.op("ADDQ $64, R14")
	p.op("DECQ AX")
	p.op("JNZ fetch")
	p.line("fetched:")
	p.op("ADDQ $2048, DX")
	p.op("DECQ BX")
	p.op("JNZ block")
	p.op("DECQ CX")
	p.op("JNZ tap")
	for t := range 4 {
		p.tileStore(t, "R15", "R10", t/2*16*128+t%2*64)
	}
	for segment := range 2 {
		g.segment(segment)
	}
	p.op("ADDQ $32, R8")
	p.op("DECQ %s", gridCount)
	p.op("JNZ pair")
	p.tileRelease()
	p.op("VZEROUPPER")
	p.op("RET")
}

// segment is the epilogue of a segment, whose rows are two vectors of accumulators each.
func (g gemm8) segment(s int) {
	label := func(name string) string { return fmt.Sprintf("%s%d", name, s) }
	g.op("LEAQ %d(R15), SI", s*16*128)
	g.op("MOVQ %d(R8), AX", 16+8*s)
	g.op("IMULQ %s, AX", gridLD)
	g.op("ADDQ %s, AX", gridOut)
	g.op("MOVQ %d(DI), BX", gridRows+8*s)
	g.op("MOVQ %s, R11", gridLD)
	g.op("MOVQ %s, CX", gridRule.rule)
	g.op("TESTQ BX, BX")
	g.op("JZ %s", label("end"))
	g.line("%s:", label("rows"))
	for r := range 2 {
		for j := range 2 {
			g.op("VMOVDQU32 %d(SI), %s", r*128+j*64, g.sum(r, j))
		}
	}
	g.op("ADDQ $256, SI")
	g.branch("CX", fmt.Sprint(s))
	// Accumulators without an epilogue.
	for r := range 2 {
		if r == 1 {
			g.op("CMPQ BX, $1")
			g.op("JEQ %s", label("end"))
		}
		g.op("VMOVDQU32 %s, K2, (AX)", g.sum(r, 0))
		g.op("VMOVDQU32 %s, K3, 64(AX)", g.sum(r, 1))
		g.op("ADDQ R11, AX")
	}
	g.op("JMP %s", label("next"))
	each := func(f func(s string, j int)) {
		for r := range 2 {
			for j := range 2 {
				f(g.sum(r, j), j)
			}
		}
	}
	g.line("%s:", label("addBias"))
	each(func(s string, j int) {
		g.op("VCVTDQ2PS %s, %s", s, s)
		g.op("VADDPS Z%d, %s, %s", 16+j, s, s)
	})
	g.op("JMP %s", label("scale"))
	g.line("%s:", label("intBias"))
	each(func(s string, j int) {
		g.op("VPADDD Z%d, %s, %s", 16+j, s, s)
		g.op("VCVTDQ2PS %s, %s", s, s)
	})
	g.op("JMP %s", label("scale"))
	g.line("%s:", label("fusedBias"))
	each(func(s string, j int) {
		g.op("VCVTDQ2PS %s, %s", s, s)
		g.op("VFMADD231PS Z%d, Z20, %s", 16+j, s)
	})
	g.line("%s:", label("scale"))
	each(func(s string, j int) {
		g.op("VMULPS Z%d, %s, %s", 18+j, s, s)
		g.op("VCVTPS2DQ %s, %s", s, s)
	})
	g.op("JMP %s", label("codes"))
	g.line("%s:", label("realBias"))
	each(func(s string, j int) {
		g.op("VCVTDQ2PS %s, %s", s, s)
		g.op("VMULPS Z%d, %s, %s", 18+j, s, s)
		g.op("VADDPS Z%d, %s, %s", 16+j, s, s)
		g.op("VMULPS Z20, %s, %s", s, s)
		g.op("VADDPS Z25, %s, %s", s, s)
		g.op("VMINPS %s, Z26, %s // NaN stays", s, s)
		g.op("VCVTPS2DQ %s, %s", s, s)
	})
	g.line("%s:", label("codes"))
	for r := range 2 {
		g.op("VPACKSSDW %s, %s, %s", g.sum(r, 1), g.sum(r, 0), g.sum(r, 0))
		g.op("VPADDSW Z21, %s, %s", g.sum(r, 0), g.sum(r, 0))
	}
	g.op("VPACKUSWB %s, %s, Z0", g.sum(1, 0), g.sum(0, 0))
	g.op("VPMAXUB Z22, Z0, Z0")
	g.op("VPMINUB Z23, Z0, Z0")
	g.op("VPERMD Z0, Z24, Z0")
	g.op("VMOVDQU8 Y0, K1, (AX)")
	g.op("ADDQ R11, AX")
	g.op("CMPQ BX, $1")
	g.op("JEQ %s", label("end"))
	g.op("VEXTRACTI64X4 $1, Z0, Y0")
	g.op("VMOVDQU8 Y0, K1, (AX)")
	g.op("ADDQ R11, AX")
	g.line("%s:", label("next"))
	g.op("SUBQ $2, BX")
	g.op("JG %s", label("rows"))
	g.line("%s:", label("end"))
}
