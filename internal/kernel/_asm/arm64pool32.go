package main

import "fmt"

// Registers of arm64Pool32.
const (
	poolXReg, poolCellsReg, poolStartReg = "R1", "R4", "R5"
	poolFactorReg, poolCountReg          = "R6", "R7"
	poolSizeReg, poolChannelReg          = "R8", "R9" // bytes of a pixel, and of its first channel
	poolFirstReg, poolEndReg, poolAtReg  = "R10", "R11", "R12"
	poolPixelReg, poolStoreReg           = "R13", "R14"
)

// pool32NEON writes the routines for consecutive windows of one image: four vectors of channels
// at a time, single ones, then single channels.
//
// Maxima are compared, since of two zeros FMAX does not take the first. It lets NaN pass, and
// finds it: its results are in registers 4 to 7. Sums are of float64.
func pool32NEON(p *printer) {
	const sums, x, masks, least = 0, 16, 20, 24
	a := arm64Pool32{arm64{p}}
	each := func(vectors int, do func(j int)) {
		for j := range vectors {
			do(j)
		}
	}
	a.write("max", func() { a.broadcast(windowsZero, least) }, func(vectors int) {
		each(vectors, func(j int) { a.move(least, sums+j) })
		each(vectors, func(j int) { a.move(least, sums+4+j) })
	}, func(vectors int) {
		each(vectors, func(j int) { a.v("fcmgt 4s", masks+j, x+j, sums+j) })
		each(vectors, func(j int) { a.v("fmax 4s", sums+4+j, sums+4+j, x+j) })
		each(vectors, func(j int) { a.op("VBIT %s, %s, %s", bytes16(masks+j), bytes16(x+j), bytes16(sums+j)) })
	}, func(vectors int) {
		each(vectors, func(j int) { a.v("fcmeq 4s", masks+j, sums+4+j, sums+4+j) })
		each(vectors, func(j int) { a.op("VBIF %s, %s, %s", bytes16(masks+j), bytes16(sums+4+j), bytes16(sums+j)) })
	})
	const low, high, divisor = 8, 20, 25 // of the halves of vectors; of sums, high ones begin at 4
	a.write("average", func() {}, func(vectors int) {
		each(vectors, func(j int) { a.op("VEOR %s, %[1]s, %[1]s", bytes16(sums+j)) })
		each(vectors, func(j int) { a.op("VEOR %s, %[1]s, %[1]s", bytes16(sums+4+j)) })
	}, func(vectors int) {
		each(vectors, func(j int) { a.v("fcvtl 2d", low+j, x+j) })
		each(vectors, func(j int) { a.v("fcvtl2 2d", high+j, x+j) })
		each(vectors, func(j int) { a.v("fadd 2d", sums+j, sums+j, low+j) })
		each(vectors, func(j int) { a.v("fadd 2d", sums+4+j, sums+4+j, high+j) })
	}, func(vectors int) {
		a.op("MOVWU (%s), %s", poolFactorReg, temp)
		a.op("VDUP %s, %s", temp, words4(divisor))
		each(vectors, func(j int) { a.v("fcvtn 2s", sums+j, sums+j) })
		each(vectors, func(j int) { a.v("fcvtn2 4s", sums+j, sums+4+j) })
		each(vectors, func(j int) { a.v("fdiv 4s", sums+j, sums+j, divisor) })
	})
}

type arm64Pool32 struct{ arm64 }

// write writes a routine. cell finds the numbers of a pixel in registers 16 to 19; last leaves
// results in registers 0 to 3.
func (a arm64Pool32) write(name string, begin func(), first, cell, last func(vectors int)) {
	a.text(name+"NEON", "arg *windows")
	for _, f := range []struct{ field, register string }{
		{windowsStart, poolStartReg}, {windowsOut, outReg}, {windowsMult, poolFactorReg},
		{windowsCount, poolCountReg}, {windowsSize, poolSizeReg},
	} {
		a.op("MOVD %s, %s", at(f.field), f.register)
	}
	begin()
	a.line("window:")
	a.op("MOVD %s, %s", at(windowsCells), poolCellsReg)
	for i, register := range []string{poolFirstReg, poolEndReg} {
		a.op("MOVW %d(%s), %s", 4*i, poolStartReg, temp)
		a.op("ADD %s<<2, %s, %s", temp, poolCellsReg, register)
	}
	a.op("MOVD ZR, %s", poolChannelReg)
	for _, size := range []int{64, 16, 4} {
		vectors := max(1, size/16)
		label := fmt.Sprintf("channels%d", size/4)
		a.line("%s:", label)
		a.op("ADD $%d, %s, %s", size, poolChannelReg, temp)
		a.op("CMP %s, %s", poolSizeReg, temp)
		a.op("BGT %sEnd", label)
		first(vectors)
		a.op("MOVD %s, %s", at(windowsX), poolXReg)
		a.op("ADD %s, %s", poolChannelReg, poolXReg)
		a.op("MOVD %s, %s", poolFirstReg, poolAtReg)
		a.op("B %sNext", label)
		a.line("%sCell:", label)
		a.op("MOVW.P 4(%s), %s", poolAtReg, poolPixelReg)
		a.op("ADD %s<<2, %s, %[1]s", poolPixelReg, poolXReg)
		if size == 4 {
			a.op("FMOVS (%s), F16", poolPixelReg)
		} else {
			a.print(a.loads(vectors, 0, poolPixelReg, 16))
		}
		cell(vectors)
		a.line("%sNext:", label)
		a.op("CMP %s, %s", poolEndReg, poolAtReg)
		a.op("BLT %sCell", label)
		last(vectors)
		a.op("ADD %s, %s, %s", poolChannelReg, outReg, poolStoreReg)
		if size == 4 {
			a.op("FMOVS F0, (%s)", poolStoreReg)
		} else {
			a.print(a.stores(0, vectors, 0, poolStoreReg))
		}
		a.op("ADD $%d, %s", size, poolChannelReg)
		a.op("B %s", label)
		a.line("%sEnd:", label)
	}
	a.op("ADD $4, %s", poolStartReg)
	a.op("ADD %s, %s", poolSizeReg, outReg)
	if name == "average" {
		a.op("ADD $4, %s", poolFactorReg)
	}
	a.op("SUBS $1, %s", poolCountReg)
	a.op("BNE window")
	a.op("RET")
}
