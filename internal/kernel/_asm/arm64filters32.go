package main

import "fmt"

// filters32NEON writes the depthwise convolution of training, and the gradient of its weights.
func filters32NEON(p *printer) {
	const taps, taps2, taps3, step = "R8", "R21", "R22", "R3" // bytes of the offsets of pixels
	d := arm64Depthwise32{arm64: arm64{p}, x: filterX, pad: filterPad, taps: filterTaps, nextTap: step, nextPixel: []string{taps, taps2, taps3}}
	d.start = func(name string, pixels, size int) {
		for pixel := range pixels {
			for j := range d.vectors(size) {
				d.op("VEOR %s, %[1]s, %[1]s", bytes16(d.sum(pixel, j)))
			}
		}
		d.op("MOVD %s, %s", at(filterAdd), temp)
		d.op("CBZ %s, %sTap", temp, name)
		d.op("ADD %s, %s, %s", depthAtReg, depthOutReg, temp)
		for pixel := range pixels {
			d.print(d.numbers(size, temp, d.sum(pixel, 0)))
			d.op("ADD %s, %s", depthSizeReg, temp)
		}
	}
	d.end = func(int, int) {}
	d.text("filterNEON", "arg *pixels")
	for _, f := range []struct{ field, register string }{
		{filterOffset, depthOffsetReg}, {filterW, depthWReg}, {filterOut, depthOutReg},
		{filterTaps, taps}, {filterCount, depthCountReg}, {filterSize, depthSizeReg},
	} {
		d.op("MOVD %s, %s", at(f.field), f.register)
	}
	d.op("LSL $2, %s", taps)
	d.op("ADD %s, %[1]s, %s", taps, taps2)
	d.op("ADD %s, %s, %s", taps, taps2, taps3)
	d.op("MOVD $4, %s", step)
	d.write()
	d.filterWeights(taps)
}

// filterWeights writes the routine that adds, for one tap, the products of x and y of all
// pixels to out.
func (d arm64Depthwise32) filterWeights(taps string) {
	const pixel = "R23"
	const sum, y, x = 0, 4, 8
	d.text("weightsNEON", "arg *pixels")
	d.op("MOVD %s, %s", at(filterTaps), taps)
	d.op("LSL $2, %s", taps)
	d.op("MOVD %s, %s", at(filterSize), depthSizeReg)
	d.op("MOVD ZR, %s", depthAtReg)
	for _, size := range []int{64, 16, 4} {
		label := fmt.Sprintf("channels%d", size/4)
		d.line("%s:", label)
		d.op("ADD $%d, %s, %s", size, depthAtReg, temp)
		d.op("CMP %s, %s", depthSizeReg, temp)
		d.op("BGT %sEnd", label)
		for _, f := range []struct{ field, register string }{
			{filterX, depthXReg}, {filterPad, depthPadReg}, {filterW, depthWReg}, {filterOut, depthOutReg},
		} {
			d.op("MOVD %s, %s", at(f.field), f.register)
			d.op("ADD %s, %s", depthAtReg, f.register)
		}
		d.op("MOVD %s, %s", at(filterOffset), depthTapReg)
		d.op("MOVD %s, %s", at(filterCount), depthCountReg)
		d.print(d.numbers(size, depthOutReg, sum))
		d.line("%sPixel:", label)
		d.op("MOVW (%s), %s", depthTapReg, pixel)
		d.print(d.numbers(size, depthWReg, y))
		d.op("ADD %s, %s", taps, depthTapReg)
		d.op("ADD %s, %s", depthSizeReg, depthWReg)
		d.op("CMP $0, %s", pixel)
		d.op("ADD %s<<2, %s, %[1]s", pixel, depthXReg)
		d.op("CSEL LT, %s, %s, %[2]s // padding", depthPadReg, pixel)
		d.print(d.numbers(size, pixel, x))
		for j := range d.vectors(size) {
			d.fused(y+j, x+j, sum+j)
		}
		d.op("SUBS $1, %s", depthCountReg)
		d.op("BNE %sPixel", label)
		if size == 4 {
			d.op("FMOVS F%d, (%s)", sum, depthOutReg)
		} else {
			d.print(d.stores(sum, d.vectors(size), 0, depthOutReg))
		}
		d.op("ADD $%d, %s", size, depthAtReg)
		d.op("B %s", label)
		d.line("%sEnd:", label)
	}
	d.op("RET")
}
