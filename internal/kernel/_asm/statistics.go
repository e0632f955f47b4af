package main

import "fmt"

// The fields of statistics.ranging and of statistics.binning, which begins with one.
const (
	rangingX, rangingCount              = "0(DI)", "8(DI)"
	rangingLo, rangingHi, rangingZeros  = "16(DI)", "48(DI)", "80(DI)"
	binningTables, binningStride        = "112(DI)", "120(DI)"
	binningQueue, binningQueued         = "128(DI)", "136(DI)"
	binningLo, binningSpan, binningMany = "144(DI)", "148(DI)", "152(DI)"
	binningLast, binningSpare           = "156(DI)", "160(DI)"
)

// The fields of statistics.powers.
const (
	powersX, powersY, powersCount = "0(DI)", "8(DI)", "16(DI)"
	powersSignal, powersNoise     = "24(DI)", "56(DI)"
)

func statisticsAVX2(p *printer) {
	// VMINPS and VMAXPS return their second source, the extreme so far, for NaN. Non-finite
	// numbers show in a sum: times zero they are NaN, which stays.
	begin := func() {
		p.op("MOVQ %s, SI", rangingX)
		p.op("MOVQ %s, CX", rangingCount)
		p.op("VMOVUPS %s, Y0", rangingLo)
		p.op("VMOVUPS %s, Y1", rangingHi)
		p.op("VMOVUPS %s, Y2", rangingZeros)
		p.op("VXORPS Y3, Y3, Y3")
	}
	look := func() {
		p.op("VMOVUPS (SI), Y4")
		p.op("VMINPS Y0, Y4, Y0")
		p.op("VMAXPS Y1, Y4, Y1")
		p.op("VMULPS Y3, Y4, Y5")
		p.op("VADDPS Y5, Y2, Y2")
	}
	next := func() {
		p.op("ADDQ $32, SI")
		p.op("DECQ CX")
		p.op("JNZ vector")
		p.op("VMOVUPS Y0, %s", rangingLo)
		p.op("VMOVUPS Y1, %s", rangingHi)
		p.op("VMOVUPS Y2, %s", rangingZeros)
	}
	p.text("rangeAVX2", "arg *ranging")
	begin()
	p.line("vector:")
	look()
	next()
	p.op("VZEROUPPER")
	p.op("RET")

	// The bins of elements that are not zero are packed into a buffer, in order, and counted
	// from there. Elements outside the range go to the first or the last bin.
	compressions(p)
	p.text("histogramAVX2", "arg *binning")
	begin()
	p.op("MOVQ %s, R12", binningQueue)
	p.op("VBROADCASTSS %s, Y6", binningLo)
	p.op("VBROADCASTSS %s, Y7", binningSpan)
	p.op("VBROADCASTSS %s, Y8", binningMany)
	p.op("VPBROADCASTD %s, Y9", binningLast)
	p.op("VPBROADCASTD %s, Y10", binningSpare)
	p.op("LEAQ compress<>(SB), R13")
	p.line("vector:")
	look()
	p.op("PREFETCHT0 2048(SI)")
	p.op("VCMPPS $4, Y3, Y4, Y5 // not zero")
	p.op("VMOVMSKPS Y5, AX")
	p.op("VSUBPS Y6, Y4, Y4")
	p.op("VMULPS Y8, Y4, Y4")
	p.op("VDIVPS Y7, Y4, Y4")
	p.op("VCVTTPS2DQ Y4, Y4")
	p.op("VPMINSD Y9, Y4, Y4")
	p.op("VPMAXSD Y3, Y4, Y4")
	p.op("VPMOVZXBD (R13)(AX*8), Y5")
	p.op("VPERMD Y4, Y5, Y4")
	p.op("VMOVUPS Y4, (R12)")
	p.op("POPCNTL AX, AX")
	p.op("LEAQ (R12)(AX*4), R12")
	next()

	p.op("VMOVDQU Y10, (R12) // up to a multiple of eight")
	p.op("VZEROUPPER")
	p.op("MOVQ %s, SI", binningQueue)
	p.op("SUBQ SI, R12")
	p.op("SHRQ $2, R12")
	p.op("MOVQ R12, %s", binningQueued)
	p.op("ADDQ $7, R12")
	p.op("SHRQ $3, R12")
	p.op("JZ counted")
	p.op("MOVQ %s, R8", binningTables)
	p.op("MOVQ %s, AX", binningStride)
	tables := []string{"R8", "R9", "R10", "R11"}
	for i := range len(tables) - 1 {
		p.op("LEAQ (%s)(AX*2), %s", tables[i], tables[i+1])
	}
	p.line("count:")
	for i := range 8 {
		bin := []string{"AX", "BX"}[i%2]
		p.op("MOVL %d(SI), %s", 4*i, bin)
		p.op("INCW (%s)(%s*2)", tables[i%len(tables)], bin)
	}
	p.op("ADDQ $32, SI")
	p.op("DECQ R12")
	p.op("JNZ count")
	p.line("counted:")
	p.op("RET")
	noiseAVX2(p)
}

// noiseAVX2 writes the routine of the noise, whose four accumulators are the lanes of a
// vector.
func noiseAVX2(p *printer) {
	p.text("noiseAVX2", "arg *powers")
	p.op("MOVQ %s, SI", powersX)
	p.op("MOVQ %s, R8", powersY)
	p.op("MOVQ %s, CX", powersCount)
	p.op("VMOVUPD %s, Y0", powersSignal)
	p.op("VMOVUPD %s, Y1", powersNoise)
	p.line("group:")
	p.op("VCVTPS2PD (SI), Y2")
	p.op("VCVTPS2PD (R8), Y3")
	p.op("VSUBPD Y3, Y2, Y3")
	p.op("VMULPD Y2, Y2, Y2")
	p.op("VMULPD Y3, Y3, Y3")
	p.op("VADDPD Y2, Y0, Y0")
	p.op("VADDPD Y3, Y1, Y1")
	p.op("ADDQ $16, SI")
	p.op("ADDQ $16, R8")
	p.op("DECQ CX")
	p.op("JNZ group")
	p.op("VMOVUPD Y0, %s", powersSignal)
	p.op("VMOVUPD Y1, %s", powersNoise)
	p.op("VZEROUPPER")
	p.op("RET")
}

// compressions writes, for each mask of eight lanes, the indices of its set lanes, packed to
// the front.
func compressions(p *printer) {
	p.line("")
	for set := range 256 {
		lanes, n := uint64(0), 0
		for lane := range 8 {
			if set>>lane&1 != 0 {
				lanes |= uint64(lane) << (8 * n)
				n++
			}
		}
		p.line("DATA compress<>+%d(SB)/8, $%s", 8*set, fmt.Sprintf("0x%016x", lanes))
	}
	p.line("GLOBL compress<>(SB), RODATA|NOPTR, $%d", 8*256)
}
