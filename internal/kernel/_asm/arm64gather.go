package main

// The fields of gemm8.gather.
const (
	gatherX, gatherPad, gatherOffset = "0(DI)", "8(DI)", "16(DI)"
	gatherNextTap, gatherTaps        = "24(DI)", "32(DI)"
	gatherRows, gatherDepth          = "40(DI)", "48(DI)"
	gatherTo, gatherPitch, gatherRun = "56(DI)", "64(DI)", "72(DI)"
)

// gemm8Gather writes the routine that copies runs of rows. There is a loop for each length
// that is copied otherwise: the last part of a run ends with it, and overlaps the one before.
func gemm8Gather(p *printer) {
	const (
		x, pad, offset, nextTap = "R1", "R2", "R3", "R4"
		taps, rows, depth       = "R5", "R6", "R7"
		to, pitch, runBy        = "R8", "R9", "R10"
		tap, left, dst, src     = "R11", "R12", "R13", "R14"
		value, last, end        = "R15", "R16", "R17"
		more                    = "R19"
	)
	a := arm64{p}
	a.text("gatherNEON", "arg *gather")
	for _, f := range [][2]string{{gatherX, x}, {gatherPad, pad}, {gatherOffset, offset}, {gatherNextTap, nextTap}, {gatherTaps, taps},
		{gatherRows, rows}, {gatherDepth, depth}, {gatherTo, to}, {gatherPitch, pitch}, {gatherRun, runBy}} {
		a.op("MOVD %s, %s", at(f[0]), f[1])
	}
	// loop copies each run with body; the length is at least least.
	loop := func(name string, least int, body func()) {
		a.line("%s:", name)
		a.op("SUB $%d, %s, %s", least, depth, last)
		a.line("%sRow:", name)
		a.op("MOVD %s, %s", offset, tap)
		a.op("MOVD %s, %s", taps, left)
		a.op("MOVD %s, %s", to, dst)
		a.line("%sTap:", name)
		a.op("MOVW (%s), %s", tap, src)
		a.op("ADD %s, %s", nextTap, tap)
		a.op("CMP $0, %s", src)
		a.op("ADD %s, %s", x, src)
		a.op("CSEL LT, %s, %s, %s", pad, src, src)
		body()
		a.op("ADD %s, %s", runBy, dst)
		a.op("SUBS $1, %s", left)
		a.op("BNE %sTap", name)
		a.op("ADD $4, %s", offset)
		a.op("ADD %s, %s", pitch, to)
		a.op("SUBS $1, %s", rows)
		a.op("BNE %sRow", name)
		a.op("RET")
	}
	a.op("CMP $16, %s", depth)
	a.op("BGE sixteen")
	a.op("CMP $8, %s", depth)
	a.op("BGE eight")
	a.op("CMP $4, %s", depth)
	a.op("BGE four")
	a.op("CMP $2, %s", depth)
	a.op("BGT three")
	a.op("BEQ two")
	loop("one", 1, func() {
		a.op("MOVBU (%s), %s", src, value)
		a.op("MOVB %s, (%s)", value, dst)
	})
	loop("two", 2, func() {
		a.op("MOVHU (%s), %s", src, value)
		a.op("MOVH %s, (%s)", value, dst)
	})
	loop("three", 3, func() {
		a.op("MOVHU (%s), %s", src, value)
		a.op("MOVBU 2(%s), %s", src, end)
		a.op("MOVH %s, (%s)", value, dst)
		a.op("MOVB %s, 2(%s)", end, dst)
	})
	loop("four", 4, func() {
		a.op("MOVWU (%s), %s", src, value)
		a.op("MOVWU (%s)(%s), %s", src, last, end)
		a.op("MOVW %s, (%s)", value, dst)
		a.op("MOVW %s, (%s)(%s)", end, dst, last)
	})
	loop("eight", 8, func() {
		a.op("MOVD (%s), %s", src, value)
		a.op("MOVD (%s)(%s), %s", src, last, end)
		a.op("MOVD %s, (%s)", value, dst)
		a.op("MOVD %s, (%s)(%s)", end, dst, last)
	})
	loop("sixteen", 16, func() {
		a.op("MOVD %s, %s", dst, more)
		a.op("ADD %s, %s, %s", last, src, end)
		a.line("vector:")
		a.op("CMP %s, %s", end, src)
		a.op("BGE end")
		a.op("FMOVQ.P 16(%s), F0", src)
		a.op("FMOVQ.P F0, 16(%s)", more)
		a.op("B vector")
		a.line("end:")
		a.op("FMOVQ (%s), F0", end)
		a.op("ADD %s, %s, %s", last, dst, more)
		a.op("FMOVQ F0, (%s)", more)
	})
}
