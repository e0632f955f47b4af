package main

import "fmt"

// The fields of gemm8.tile.
const (
	tileRuns, tilePanel, tileInit  = "0(DI)", "8(DI)", "16(DI)"
	tileTaps, tileGroups, tileTail = "24(DI)", "32(DI)", "40(DI)"
	tileMask                       = "48(DI)"
	tileAcc                        = 56
)

// rowRegs hold the position in the run of each row.
var rowRegs = [...]string{"R8", "R9", "R10", "R11", "R12", "R13"}

// gemm8AVX512VNNI writes tiles of 6 rows by 16, 32, 48 and 64 columns. A step takes
// four codes of each row, broadcast to all columns, and multiplies them by four
// weights of each column with VPDPBUSD, whose sums are exact.
func gemm8AVX512VNNI(p *printer) {
	for vectors := 1; vectors <= 4; vectors++ {
		vnniTile(p, vectors)
	}
}

func vnniTile(p *printer, nz int) {
	mr := len(rowRegs)
	acc := func(r, j int) string { return fmt.Sprintf("Z%d", r*nz+j) }
	weight := func(j int) string { return fmt.Sprintf("Z%d", 24+j) }
	step := func(load func(r int, reg string)) {
		for j := range nz {
			p.op("VMOVDQU32 %d(DX), %s", 64*j, weight(j))
		}
		for r := range mr {
			code := fmt.Sprintf("Z%d", 28+r%2)
			load(r, code)
			for j := range nz {
				p.op("VPDPBUSD %s, %s, %s", weight(j), code, acc(r, j))
			}
		}
		p.op("ADDQ $%d, DX", 64*nz)
	}
	p.text(fmt.Sprintf("tile%dx%dAVX512VNNI", mr, 16*nz), "arg *tile")
	p.op("MOVQ %s, SI", tileRuns)
	p.op("MOVQ %s, DX", tilePanel)
	p.op("MOVQ %s, AX", tileInit)
	for j := range nz {
		p.op("VMOVDQU32 %d(AX), %s", 64*j, acc(0, j))
	}
	for r := 1; r < mr; r++ {
		for j := range nz {
			p.op("VMOVDQA32 %s, %s", acc(0, j), acc(r, j))
		}
	}
	p.op("MOVQ %s, CX", tileTaps)
	p.op("MOVQ %s, R15", tileTail)
	p.op("KMOVW R15, K1")
	p.line("tap:")
	p.loadRuns()
	p.op("XORQ AX, AX")
	p.op("MOVQ %s, BX", tileGroups)
	p.op("TESTQ BX, BX")
	p.op("JZ tail")
	p.line("group:")
	step(func(r int, reg string) { p.op("VPBROADCASTD (%s)(AX*4), %s", rowRegs[r], reg) })
	p.op("INCQ AX")
	p.op("CMPQ AX, BX")
	p.op("JLT group")
	p.line("tail:")
	p.op("TESTQ R15, R15")
	p.op("JZ next")
	step(func(r int, reg string) {
		x := "X" + reg[1:]
		p.op("VMOVDQU8.Z (%s)(AX*4), K1, %s", rowRegs[r], x)
		p.op("VPBROADCASTD %s, %s", x, reg)
	})
	p.line("next:")
	p.op("DECQ CX")
	p.op("JNZ tap")
	p.op("MOVQ %s, AX", tileMask)
	p.op("KMOVW AX, K2")
	for r := range mr {
		p.op("MOVQ %d(DI), AX", tileAcc+8*r)
		for j := range nz - 1 {
			p.op("VMOVDQU32 %s, %d(AX)", acc(r, j), 64*j)
		}
		p.op("VMOVDQU32 %s, K2, %d(AX)", acc(r, nz-1), 64*(nz-1))
	}
	p.op("VZEROUPPER")
	p.op("RET")
}
