package main

// depthwise8NEON writes routines for blocks of sixteen channels. Codes are made signed, 128
// less, by flipping a bit. Products of two taps are added in 16 bits, which hold them whatever
// the codes are, unless both weights are -128: for filters with such a pair there is a
// routine that takes one tap at a time.
func depthwise8NEON(p *printer) {
	g := arm64Results{arm64: arm64{p}, rows: 1, vectors: 4, keeps: true, rule: depthRule, bias: depthBias, mult: depthMult}
	g.depthwiseRows("rows16NEON", 2)
	g.depthwiseRows("rows16ApartNEON", 1)
}

// depthwiseRows writes the routine that takes so many taps at a time, and runs of pixels that
// are equally spaced under all taps.
func (g arm64Results) depthwiseRows(name string, taps int) {
	const (
		ends, first, left, offsets = "R6", "R7", "R10", "R11"
		pixel, pixels, step        = "R8", "R13", "R14"
		table, tapsLeft            = "R9", "R12"
		pad, at0, nextTap          = temp2, "R15", "R16"
		codes, weights, short      = 0, 2, 4
		flip                       = 15
		tablePlace                 = 144 // depthPixels
	)
	g.text(name, "arg *block")
	g.prepare()
	g.op("VMOVI $0x80, %s", bytes16(flip))
	g.op("MOVD %s, %s", at(depthEnds), ends)
	g.op("MOVD %s, %s", at(depthAt), first)
	g.op("MOVD %s, %s", at(depthRows), left)
	g.op("MOVD %s, %s", at(depthOffset), offsets)
	g.op("MOVD %s, %s", at(depthStep), step)
	g.op("MOVD %s, %s", at(depthOut), outReg)
	g.op("MOVD %s, %s", at(depthStride), ldReg)
	g.line("run:")
	g.op("MOVW (%s), %s", ends, pixels)
	g.op("SUB %s, %s", first, pixels)
	g.op("CMP %s, %s", left, pixels)
	g.op("BGE last // of this call")
	g.op("ADD $4, %s", ends)
	g.op("B pixels")
	g.line("last:")
	g.op("MOVD %s, %s", left, pixels)
	// The first pixel of the run under each tap. The last one stands in for a tap that does
	// not exist; its weights are zero.
	g.line("pixels:")
	g.op("MOVD %s, %s", at(depthX), temp)
	g.op("MOVD %s, %s", at(depthPad), pad)
	g.op("MOVD %s, %s", at(depthTaps), tapsLeft)
	g.op("MOVD %s, %s", at(depthNextTap), nextTap)
	g.op("MOVD %s, %s", offsets, at0)
	g.op("ADD $%d, %s, %s", tablePlace, argument, table)
	g.line("find:")
	g.op("MOVW (%s), R4", at0)
	g.op("ADD %s, %s", nextTap, at0)
	g.op("CMP $0, R4")
	g.op("ADD %s, R4, R4", temp)
	g.op("CSEL LT, %s, R4, R4", pad)
	g.op("MOVD R4, (%s)", table)
	g.op("ADD $8, %s", table)
	g.op("SUBS $1, %s", tapsLeft)
	g.op("BNE find")
	g.op("MOVD R4, (%s)", table)
	g.op("ADD %s, %s", pixels, first)
	g.op("SUB %s, %s", pixels, left)
	g.op("ADD %s<<2, %s", pixels, offsets)
	g.op("MOVD ZR, %s", pixel)
	g.line("pixel:")
	g.op("MOVD %s, %s", at(depthInit), temp)
	g.op("MOVD %s, %s", at(depthWeights), panelReg)
	g.op("MOVD %s, %s", at(depthTaps), tapsLeft)
	g.op("ADD $%d, %s, %s", tablePlace, argument, table)
	g.print(g.loads(4, 0, temp, g.sum(0, 0)))
	g.line("taps:")
	for i := range taps {
		g.op("MOVD %d(%s), R%d", 8*i, table, 4+i)
	}
	for i := range taps {
		g.op("ADD %s, R%d", pixel, 4+i)
		g.op("FMOVQ (R%d), F%d", 4+i, codes+i)
	}
	g.print(g.loads(taps, 0, panelReg, weights))
	g.op("ADD $%d, %s", 8*taps, table)
	g.op("ADD $%d, %s", 16*taps, panelReg)
	for i := range taps {
		g.op("VEOR %s, %s, %s", bytes16(flip), bytes16(codes+i), bytes16(codes+i))
	}
	for i := range taps {
		multiply := []string{"smull", "smlal"}[i]
		g.v(multiply+" 8h", short, codes+i, weights+i)
		g.v(multiply+"2 8h", short+1, codes+i, weights+i)
	}
	for j := range 4 {
		add := []string{"saddw 4s", "saddw2 4s"}[j%2]
		g.v(add, g.sum(0, j), g.sum(0, j), short+j/2)
	}
	g.op("SUBS $%d, %s", taps, tapsLeft)
	g.op("BGT taps")
	g.results()
	g.op("ADD %s, %s", step, pixel)
	g.op("SUBS $1, %s", pixels)
	g.op("BNE pixel")
	g.op("CBNZ %s, run", left)
	g.op("RET")
}
