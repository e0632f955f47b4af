package main

import "fmt"

// The fields of statistics.ranging and of statistics.binning.
const (
	rangingX, rangingCount              = "0(DI)", "8(DI)"
	rangingLo, rangingHi, rangingZeros  = "16(DI)", "48(DI)", "80(DI)"
	binningX, binningCount              = "0(DI)", "8(DI)"
	binningCounts, binningBins          = "16(DI)", "24(DI)"
	binningLo, binningSpan, binningMany = "32(DI)", "36(DI)", "40(DI)"
	binningLast, binningSpares          = "44(DI)", "48(DI)"
	binningVector                       = 56
)

func statisticsAVX2(p *printer) {
	// A minimum or maximum gives its second source for NaN, the extreme so far; a
	// number that is not finite, times zero, is NaN, which stays in the sum.
	p.text("rangeAVX2", "arg *ranging")
	p.op("MOVQ %s, SI", rangingX)
	p.op("MOVQ %s, CX", rangingCount)
	p.op("MOVL $0x7f800000, AX")
	p.op("VMOVD AX, X0")
	p.op("VPBROADCASTD X0, Y0 // smallest")
	p.op("MOVL $0xff800000, AX")
	p.op("VMOVD AX, X1")
	p.op("VPBROADCASTD X1, Y1 // largest")
	p.op("VXORPS Y2, Y2, Y2")
	p.op("VXORPS Y3, Y3, Y3")
	p.line("vector:")
	p.op("VMOVUPS (SI), Y4")
	p.op("VMINPS Y0, Y4, Y0")
	p.op("VMAXPS Y1, Y4, Y1")
	p.op("VMULPS Y3, Y4, Y4")
	p.op("VADDPS Y4, Y2, Y2")
	p.op("ADDQ $32, SI")
	p.op("DECQ CX")
	p.op("JNZ vector")
	p.op("VMOVUPS Y0, %s", rangingLo)
	p.op("VMOVUPS Y1, %s", rangingHi)
	p.op("VMOVUPS Y2, %s", rangingZeros)
	p.op("VZEROUPPER")
	p.op("RET")

	// Zeros, which are every other number behind a ReLU, take turns in spare bins.
	p.line("")
	for i := range 8 {
		p.line("DATA lanes<>+%d(SB)/4, $%d", 4*i, i)
		p.line("DATA eight<>+%d(SB)/4, $8", 4*i)
		p.line("DATA spares<>+%d(SB)/4, $63", 4*i)
	}
	for _, name := range []string{"lanes", "eight", "spares"} {
		p.line("GLOBL %s<>(SB), RODATA|NOPTR, $32", name)
	}
	p.text("histogramAVX2", "arg *binning")
	p.op("MOVQ %s, SI", binningX)
	p.op("MOVQ %s, CX", binningCount)
	p.op("MOVQ %s, R8", binningCounts)
	p.op("MOVQ %s, AX", binningBins)
	p.op("LEAQ (R8)(AX*4), R9")
	p.op("LEAQ (R9)(AX*4), R10")
	p.op("LEAQ (R10)(AX*4), R11")
	p.op("VBROADCASTSS %s, Y0", binningLo)
	p.op("VBROADCASTSS %s, Y1", binningSpan)
	p.op("VBROADCASTSS %s, Y2", binningMany)
	p.op("VPBROADCASTD %s, Y3", binningLast)
	p.op("VXORPS Y5, Y5, Y5")
	p.op("VPBROADCASTD %s, Y6 // first spare", binningSpares)
	p.op("VMOVDQU eight<>(SB), Y7")
	p.op("VMOVDQU spares<>(SB), Y8")
	p.op("VMOVDQU lanes<>(SB), Y9")
	p.line("vector:")
	p.op("VMOVUPS (SI), Y4")
	p.op("VCMPPS $0, Y5, Y4, Y10 // zeros")
	p.op("VPADDD Y6, Y9, Y11")
	p.op("VPADDD Y7, Y9, Y9")
	p.op("VPAND Y8, Y9, Y9")
	p.op("VSUBPS Y0, Y4, Y4")
	p.op("VMULPS Y2, Y4, Y4")
	p.op("VDIVPS Y1, Y4, Y4")
	p.op("VCVTTPS2DQ Y4, Y4")
	p.op("VPMINSD Y3, Y4, Y4")
	p.op("VBLENDVPS Y10, Y11, Y4, Y4")
	p.op("VMOVDQU Y4, %d(DI)", binningVector)
	for lane := range 8 {
		reg := []string{"AX", "BX", "DX", "R12"}[lane%4]
		p.op("MOVL %d(DI), %s", binningVector+4*lane, reg)
		p.op("INCL (%s)(%s*4)", fmt.Sprintf("R%d", 8+lane%4), reg)
	}
	p.op("ADDQ $32, SI")
	p.op("DECQ CX")
	p.op("JNZ vector")
	p.op("VZEROUPPER")
	p.op("RET")
}
