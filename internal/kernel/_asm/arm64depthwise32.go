package main

import "fmt"

// Registers of arm64Depthwise32.
const (
	depth32XReg, depth32PadReg, depth32OffsetReg  = "R1", "R4", "R5" // of the channel at depth32AtReg
	depth32WReg, depth32OutReg, depth32NextTapReg = "R6", "R7", "R8"
	depth32CountReg, depth32SizeReg, depth32AtReg = "R9", "R10", "R11"
	depth32TapReg, depth32WeightReg, depth32Taps  = "R12", "R13", "R14"
	depth32StoreReg                               = "R20"
	depth32Pixel                                  = 23 // R23 to R26 point to the pixels of a tap
)

// depthwise32NEON writes the routine for consecutive pixels of one image: it adds to the bias,
// and clamps.
func depthwise32NEON(p *printer) {
	d := arm64Depthwise32{arm64: arm64{p}, x: pixelsX, pad: pixelsPad, taps: pixelsTaps, nextTap: depth32NextTapReg}
	const lo, hi = 12, 13
	d.start = func(_ string, pixels, size int) {
		d.op("MOVD %s, %s", at(pixelsBias), temp)
		d.op("ADD %s, %s", depth32AtReg, temp)
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
		{pixelsOffset, depth32OffsetReg}, {pixelsW, depth32WReg}, {pixelsOut, depth32OutReg},
		{pixelsNextTap, depth32NextTapReg}, {pixelsCount, depth32CountReg}, {pixelsSize, depth32SizeReg},
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
	d.op("CMP $%d, %s", pixels, depth32CountReg)
	d.op("BLT %s", next)
	d.op("MOVD ZR, %s", depth32AtReg)
	for _, size := range []int{64, 16, 4} {
		label := fmt.Sprintf("%s%d", name, size/4)
		d.line("%s:", label)
		d.op("ADD $%d, %s, %s", size, depth32AtReg, temp)
		d.op("CMP %s, %s", depth32SizeReg, temp)
		d.op("BGT %sEnd", label)
		d.channels(label, pixels, size)
		d.op("ADD $%d, %s", size, depth32AtReg)
		d.op("B %s", label)
		d.line("%sEnd:", label)
	}
	if d.nextPixel == nil {
		d.op("ADD $%d, %s", 4*pixels, depth32OffsetReg)
	}
	for range pixels {
		if d.nextPixel != nil {
			d.op("ADD %s, %s", d.nextPixel[0], depth32OffsetReg)
		}
		d.op("ADD %s, %s", depth32SizeReg, depth32OutReg)
	}
	d.op("SUB $%d, %s", pixels, depth32CountReg)
	d.op("B %s", name)
}

// offsets loads those of the pixels at one tap.
func (d arm64Depthwise32) offsets(pixels int, pointer func(pixel int) string) {
	if d.nextPixel != nil || pixels == 1 {
		d.op("MOVW (%s), %s", depth32TapReg, pointer(0))
		for pixel := 1; pixel < pixels; pixel++ {
			d.op("MOVW (%s)(%s), %s", depth32TapReg, d.nextPixel[pixel-1], pointer(pixel))
		}
		return
	}
	for pixel := 0; pixel < pixels; pixel += 2 {
		d.op("LDPSW %d(%s), (%s, %s)", 4*pixel, depth32TapReg, pointer(pixel), pointer(pixel+1))
	}
}

// channels accumulates all taps for size bytes of channels: vectors, or one channel.
func (d arm64Depthwise32) channels(name string, pixels, size int) {
	vectors := d.vectors(size)
	x := func(pixel int) int { return 4 + pixel%2*4 }
	pointer := func(pixel int) string { return fmt.Sprintf("R%d", depth32Pixel+pixel) }
	d.op("MOVD %s, %s", at(d.x), depth32XReg)
	d.op("MOVD %s, %s", at(d.pad), depth32PadReg)
	d.op("MOVD %s, %s", at(d.taps), depth32Taps)
	d.op("ADD %s, %s", depth32AtReg, depth32XReg)
	d.op("ADD %s, %s", depth32AtReg, depth32PadReg)
	d.op("ADD %s, %s, %s", depth32AtReg, depth32WReg, depth32WeightReg)
	d.op("MOVD %s, %s", depth32OffsetReg, depth32TapReg)
	d.start(name, pixels, size)
	d.line("%sTap:", name)
	d.offsets(pixels, pointer)
	d.print(d.numbers(size, depth32WeightReg, 0))
	d.op("ADD %s, %s", d.nextTap, depth32TapReg)
	d.op("ADD %s, %s", depth32SizeReg, depth32WeightReg)
	for pixel := range pixels {
		d.op("CMP $0, %s", pointer(pixel))
		d.op("ADD %s<<2, %s, %[1]s", pointer(pixel), depth32XReg)
		d.op("CSEL LT, %s, %s, %[2]s // padding", depth32PadReg, pointer(pixel))
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
	d.op("SUBS $1, %s", depth32Taps)
	d.op("BNE %sTap", name)
	d.end(pixels, size)
	d.op("ADD %s, %s, %s", depth32AtReg, depth32OutReg, depth32StoreReg)
	for pixel := range pixels {
		if size == 4 {
			d.op("FMOVS F%d, (%s)", d.sum(pixel, 0), depth32StoreReg)
		} else {
			d.print(d.stores(d.sum(pixel, 0), vectors, 0, depth32StoreReg))
		}
		d.op("ADD %s, %s", depth32SizeReg, depth32StoreReg)
	}
}
