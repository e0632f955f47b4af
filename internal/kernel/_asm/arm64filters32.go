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
		d.op("ADD %s, %s, %s", depth32AtReg, depth32OutReg, temp)
		for pixel := range pixels {
			d.print(d.numbers(size, temp, d.sum(pixel, 0)))
			d.op("ADD %s, %s", depth32SizeReg, temp)
		}
	}
	d.end = func(int, int) {}
	d.text("filterNEON", "arg *pixels")
	for _, f := range []struct{ field, register string }{
		{filterOffset, depth32OffsetReg}, {filterW, depth32WReg}, {filterOut, depth32OutReg},
		{filterTaps, taps}, {filterCount, depth32CountReg}, {filterSize, depth32SizeReg},
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
	d.op("MOVD %s, %s", at(filterSize), depth32SizeReg)
	d.op("MOVD ZR, %s", depth32AtReg)
	for _, size := range []int{64, 16, 4} {
		label := fmt.Sprintf("channels%d", size/4)
		d.line("%s:", label)
		d.op("ADD $%d, %s, %s", size, depth32AtReg, temp)
		d.op("CMP %s, %s", depth32SizeReg, temp)
		d.op("BGT %sEnd", label)
		for _, f := range []struct{ field, register string }{
			{filterX, depth32XReg}, {filterPad, depth32PadReg}, {filterW, depth32WReg}, {filterOut, depth32OutReg},
		} {
			d.op("MOVD %s, %s", at(f.field), f.register)
			d.op("ADD %s, %s", depth32AtReg, f.register)
		}
		d.op("MOVD %s, %s", at(filterOffset), depth32TapReg)
		d.op("MOVD %s, %s", at(filterCount), depth32CountReg)
		d.print(d.numbers(size, depth32OutReg, sum))
		d.line("%sPixel:", label)
		d.op("MOVW (%s), %s", depth32TapReg, pixel)
		d.print(d.numbers(size, depth32WReg, y))
		d.op("ADD %s, %s", taps, depth32TapReg)
		d.op("ADD %s, %s", depth32SizeReg, depth32WReg)
		d.op("CMP $0, %s", pixel)
		d.op("ADD %s<<2, %s, %[1]s", pixel, depth32XReg)
		d.op("CSEL LT, %s, %s, %[2]s // padding", depth32PadReg, pixel)
		d.print(d.numbers(size, pixel, x))
		for j := range d.vectors(size) {
			d.fused(y+j, x+j, sum+j)
		}
		d.op("SUBS $1, %s", depth32CountReg)
		d.op("BNE %sPixel", label)
		if size == 4 {
			d.op("FMOVS F%d, (%s)", sum, depth32OutReg)
		} else {
			d.print(d.stores(sum, d.vectors(size), 0, depth32OutReg))
		}
		d.op("ADD $%d, %s", size, depth32AtReg)
		d.op("B %s", label)
		d.line("%sEnd:", label)
	}
	d.op("RET")
}
