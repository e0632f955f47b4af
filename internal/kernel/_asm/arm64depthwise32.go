package main

import "fmt"

// Registers of arm64Depthwise32.
const (
	depthXReg, depthPadReg, depthOffsetReg   = "R1", "R4", "R5" // of the channel at depthAtReg
	depthWReg, depthOutReg, depthNextTapReg  = "R6", "R7", "R8"
	depthCountReg, depthSizeReg, depthAtReg  = "R9", "R10", "R11"
	depthTapReg, depthWeightReg, depthTaps32 = "R12", "R13", "R14"
	depthStoreReg                            = "R20"
	depthPixel32                             = 23 // R23 to R26 point to the pixels of a tap
)

// depthwise32NEON writes the routine for consecutive pixels of one image: it adds to the bias,
// and clamps.
func depthwise32NEON(p *printer) {
	d := arm64Depthwise32{arm64: arm64{p}, x: pixelsX, pad: pixelsPad, taps: pixelsTaps, nextTap: depthNextTapReg}
	const lo, hi = 12, 13
	d.start = func(_ string, pixels, size int) {
		d.op("MOVD %s, %s", at(pixelsBias), temp)
		d.op("ADD %s, %s", depthAtReg, temp)
		d.print(d.numbers(size, temp, d.sum(0, 0)))
		for pixel := 1; pixel < pixels; pixel++ {
			for j := range d.vectors(size) {
				d.move(d.sum(0, j), d.sum(pixel, j))
			}
		}
	}
	d.end = func(pixels, size int) {
		var sums []int
		for pixel := range pixels {
			for j := range d.vectors(size) {
				sums = append(sums, d.sum(pixel, j))
			}
		}
		d.clamp(sums, lo, hi, 0)
	}
	d.text("pixelsNEON", "arg *pixels")
	for _, f := range []struct{ field, register string }{
		{pixelsOffset, depthOffsetReg}, {pixelsW, depthWReg}, {pixelsOut, depthOutReg},
		{pixelsNextTap, depthNextTapReg}, {pixelsCount, depthCountReg}, {pixelsSize, depthSizeReg},
	} {
		d.op("MOVD %s, %s", at(f.field), f.register)
	}
	d.broadcast(pixelsLo, lo)
	d.broadcast(pixelsHi, hi)
	d.write()
}

// arm64Depthwise32 writes routines that are divided as amd64's are: taps of four vectors of
// channels are accumulated for four pixels, which share the loaded weights, then those of
// single vectors and of single channels; at the end, the same for single pixels.
//
// Weights are in the first registers, then two buffers of numbers of a pixel, and sums in the
// last registers.
type arm64Depthwise32 struct {
	arm64
	x, pad, taps string // fields of the argument

	// Bytes from the offset of a tap to that of the next, and of pixels: registers, and twice
	// and three times as much; nil for pixels whose offsets are neighbours.
	nextTap   string
	nextPixel []string

	start func(name string, pixels, size int) // sets the sums of some bytes of channels
	end   func(pixels, size int)              // changes them before they are stored
}

func (d arm64Depthwise32) sum(pixel, j int) int { return 16 + 4*pixel + j }

// vectors is the number of registers for so many bytes of channels.
func (arm64Depthwise32) vectors(size int) int { return max(1, size/16) }

// numbers loads so many bytes of channels.
func (d arm64Depthwise32) numbers(size int, register string, to int) []string {
	if size == 4 {
		return d.lines(func() { d.op("FMOVS (%s), F%d", register, to) })
	}
	return d.loads(size/16, 0, register, to)
}

func (d arm64Depthwise32) write() {
	d.group("several", 4, "one")
	d.group("one", 1, "end")
	d.line("end:")
	d.op("RET")
}

// group computes that many pixels at a time while as many remain, then goes to next.
func (d arm64Depthwise32) group(name string, pixels int, next string) {
	d.line("%s:", name)
	d.op("CMP $%d, %s", pixels, depthCountReg)
	d.op("BLT %s", next)
	d.op("MOVD ZR, %s", depthAtReg)
	for _, size := range []int{64, 16, 4} {
		label := fmt.Sprintf("%s%d", name, size/4)
		d.line("%s:", label)
		d.op("ADD $%d, %s, %s", size, depthAtReg, temp)
		d.op("CMP %s, %s", depthSizeReg, temp)
		d.op("BGT %sEnd", label)
		d.channels(label, pixels, size)
		d.op("ADD $%d, %s", size, depthAtReg)
		d.op("B %s", label)
		d.line("%sEnd:", label)
	}
	if d.nextPixel == nil {
		d.op("ADD $%d, %s", 4*pixels, depthOffsetReg)
	}
	for range pixels {
		if d.nextPixel != nil {
			d.op("ADD %s, %s", d.nextPixel[0], depthOffsetReg)
		}
		d.op("ADD %s, %s", depthSizeReg, depthOutReg)
	}
	d.op("SUB $%d, %s", pixels, depthCountReg)
	d.op("B %s", name)
}

// offsets loads those of the pixels at one tap.
func (d arm64Depthwise32) offsets(pixels int, pointer func(pixel int) string) {
	if d.nextPixel != nil || pixels == 1 {
		d.op("MOVW (%s), %s", depthTapReg, pointer(0))
		for pixel := 1; pixel < pixels; pixel++ {
			d.op("MOVW (%s)(%s), %s", depthTapReg, d.nextPixel[pixel-1], pointer(pixel))
		}
		return
	}
	for pixel := 0; pixel < pixels; pixel += 2 {
		d.op("LDPSW %d(%s), (%s, %s)", 4*pixel, depthTapReg, pointer(pixel), pointer(pixel+1))
	}
}

// channels accumulates all taps for size bytes of channels: vectors, or one channel.
func (d arm64Depthwise32) channels(name string, pixels, size int) {
	vectors := d.vectors(size)
	x := func(pixel int) int { return 4 + pixel%2*4 }
	pointer := func(pixel int) string { return fmt.Sprintf("R%d", depthPixel32+pixel) }
	d.op("MOVD %s, %s", at(d.x), depthXReg)
	d.op("MOVD %s, %s", at(d.pad), depthPadReg)
	d.op("MOVD %s, %s", at(d.taps), depthTaps32)
	d.op("ADD %s, %s", depthAtReg, depthXReg)
	d.op("ADD %s, %s", depthAtReg, depthPadReg)
	d.op("ADD %s, %s, %s", depthAtReg, depthWReg, depthWeightReg)
	d.op("MOVD %s, %s", depthOffsetReg, depthTapReg)
	d.start(name, pixels, size)
	d.line("%sTap:", name)
	d.offsets(pixels, pointer)
	d.print(d.numbers(size, depthWeightReg, 0))
	d.op("ADD %s, %s", d.nextTap, depthTapReg)
	d.op("ADD %s, %s", depthSizeReg, depthWeightReg)
	for pixel := range pixels {
		d.op("CMP $0, %s", pointer(pixel))
		d.op("ADD %s<<2, %s, %[1]s", pointer(pixel), depthXReg)
		d.op("CSEL LT, %s, %s, %[2]s // padding", depthPadReg, pointer(pixel))
	}
	d.print(d.numbers(size, pointer(0), x(0)))
	for pixel := range pixels {
		var next []string
		if pixel+1 < pixels {
			next = d.numbers(size, pointer(pixel+1), x(pixel+1))
		}
		d.spread(d.lines(func() {
			for j := range vectors {
				d.fused(j, x(pixel)+j, d.sum(pixel, j))
			}
		}), next)
	}
	d.op("SUBS $1, %s", depthTaps32)
	d.op("BNE %sTap", name)
	d.end(pixels, size)
	d.op("ADD %s, %s, %s", depthAtReg, depthOutReg, depthStoreReg)
	for pixel := range pixels {
		if size == 4 {
			d.op("FMOVS F%d, (%s)", d.sum(pixel, 0), depthStoreReg)
		} else {
			d.print(d.stores(d.sum(pixel, 0), vectors, 0, depthStoreReg))
		}
		d.op("ADD %s, %s", depthSizeReg, depthStoreReg)
	}
}
