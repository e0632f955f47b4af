package main

import "fmt"

// The fields of requant8.columns.
var (
	columnsAcc, columnsPitch = "0(DI)", "8(DI)"
	columnsRows              = "16(DI)"
	columnsOut, columnsLD    = "24(DI)", "32(DI)"
	columnsBias, columnsMult = "40(DI)", "48(DI)"
	columnsRule              = ruleAt(func(at int) string { return fmt.Sprintf("%d(DI)", at) }, 56)
)

// requant8NEON writes the routines for sixteen columns of any number of rows.
func requant8NEON(p *printer) {
	const acc, pitch, rows = panelReg, "R6", "R7"
	g := arm64Results{arm64: arm64{p}, rows: 1, vectors: 4, keeps: true, rule: columnsRule, bias: columnsBias, mult: columnsMult}
	g.text("columnsNEON", "arg *columns")
	g.prepare()
	g.op("MOVD %s, %s", at(columnsAcc), acc)
	g.op("MOVD %s, %s", at(columnsPitch), pitch)
	g.op("MOVD %s, %s", at(columnsRows), rows)
	g.op("MOVD %s, %s", at(columnsOut), outReg)
	g.op("MOVD %s, %s", at(columnsLD), ldReg)
	g.line("row:")
	g.print(g.loads(4, 0, acc, g.sum(0, 0)))
	g.op("ADD %s, %s", pitch, acc)
	g.results()
	g.op("SUBS $1, %s", rows)
	g.op("BNE row")
	g.op("RET")
	realsNEON(p, "realsNEON", false, false)
	realsNEON(p, "byRowNEON", true, false)
	realsNEON(p, "realsFusedNEON", false, true)
}

// The fields of requant8.scaled.
const (
	scaledAcc, scaledPitch  = "0(DI)", "8(DI)"
	scaledRows              = "16(DI)"
	scaledOut, scaledLD     = "24(DI)", "32(DI)"
	scaledScale, scaledBias = "40(DI)", "48(DI)"
	scaledLo, scaledHi      = "56(DI)", "60(DI)"
	scaledScales            = "64(DI)"
	scaledZeros, scaledSums = "72(DI)", "80(DI)"
)

// realsNEON writes a routine for sixteen columns whose results are float32, with the bias added
// behind the product or by a fused multiply-add. Numbers beyond the clamps are replaced one by
// one, so that NaN and the sign of a zero stay. With byRow each row has a scale and a zero point
// of its own.
func realsNEON(p *printer, name string, byRow, fused bool) {
	const acc, pitch, rows, scales, zeros = panelReg, "R6", "R7", "R8", "R9"
	const scale, bias, lo, hi, beyond, sums, zero, times = 4, 16, 20, 21, 22, 26, 30, 31
	result := 0
	if fused {
		result = 26 // where byRow has sums
	}
	a := arm64{p}
	a.text(name, "arg *scaled")
	for _, f := range [][2]string{{scaledAcc, acc}, {scaledPitch, pitch}, {scaledRows, rows}, {scaledOut, outReg}, {scaledLD, ldReg}, {scaledScale, temp}, {scaledBias, temp2}} {
		a.op("MOVD %s, %s", at(f[0]), f[1])
	}
	a.print(a.loads(4, 0, temp, scale))
	a.print(a.loads(4, 0, temp2, bias))
	if byRow {
		a.op("MOVD %s, %s", at(scaledScales), scales)
		a.op("MOVD %s, %s", at(scaledZeros), zeros)
		a.op("MOVD %s, %s", at(scaledSums), temp)
		a.print(a.loads(4, 0, temp, sums))
	}
	a.op("MOVWU %s, %s", at(scaledLo), temp)
	a.op("VDUP %s, %s", temp, words4(lo))
	a.op("MOVWU %s, %s", at(scaledHi), temp)
	a.op("VDUP %s, %s", temp, words4(hi))
	each := func(do func(j int)) {
		for j := range 4 {
			do(j)
		}
	}
	a.line("row:")
	a.print(a.loads(4, 0, acc, 0))
	a.op("ADD %s, %s", pitch, acc)
	if byRow {
		a.op("MOVBU.P 1(%s), %s", zeros, temp)
		a.op("MOVWU.P 4(%s), %s", scales, temp2)
		a.op("NEG %s, %s", temp, temp)
		a.op("VDUP %s, %s", temp, words4(zero))
		a.op("VDUP %s, %s", temp2, words4(times))
		each(func(j int) { a.v("mla 4s", j, sums+j, zero) })
		each(func(j int) { a.v("fmul 4s", beyond+j, scale+j, times) })
	}
	each(func(j int) { a.v("scvtf 4s", j, j) })
	switch {
	case fused:
		each(func(j int) { a.op("VMOV %s, %s", bytes16(bias+j), bytes16(result+j)) })
		each(func(j int) { a.op("VFMLA %s, %s, %s", words4(scale+j), words4(j), words4(result+j)) })
	case byRow:
		each(func(j int) { a.v("fmul 4s", j, j, beyond+j) })
	default:
		each(func(j int) { a.v("fmul 4s", j, j, scale+j) })
	}
	if !fused {
		each(func(j int) { a.v("fadd 4s", j, j, bias+j) })
	}
	each(func(j int) { a.v("fcmgt 4s", beyond+j, lo, result+j) })
	each(func(j int) { a.op("VBIT %s, %s, %s", bytes16(beyond+j), bytes16(lo), bytes16(result+j)) })
	each(func(j int) { a.v("fcmgt 4s", beyond+j, result+j, hi) })
	each(func(j int) { a.op("VBIT %s, %s, %s", bytes16(beyond+j), bytes16(hi), bytes16(result+j)) })
	a.op("FSTPQ (F%d, F%d), (%s)", result, result+1, outReg)
	a.op("FSTPQ (F%d, F%d), 32(%s)", result+2, result+3, outReg)
	a.op("ADD %s, %s", ldReg, outReg)
	a.op("SUBS $1, %s", rows)
	a.op("BNE row")
	a.op("RET")
}
