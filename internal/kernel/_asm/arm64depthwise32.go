package main

import "fmt"

// Registers of arm64Depthwise32.
const (
	depthXReg, depthPadReg, depthOffsetReg   = "R1", "R4", "R5" // of the channel at depthAtReg
	depthWReg, depthOutReg, depthNextTapReg  = "R6", "R7", "R8"
	depthCountReg, depthSizeReg, depthAtReg  = "R9", "R10", "R11"
	depthTapReg, depthWeightReg, depthTaps32 = "R12", "R13", "R14"
	depthStoreReg                            = "R20"
	depthPixel                               = 23 // R23 to R26 point to the pixels of a tap
)

// depthwise32NEON writes the routine for consecutive pixels of one image, which is divided as
// amd64's is: taps of four vectors of channels are accumulated for four pixels, which share
// the loaded weights, then those of single vectors and of single channels; at the end, the
// same for single pixels.
func depthwise32NEON(p *printer) {
	d := arm64Depthwise32{arm64{p}}
	d.text("pixelsNEON", "arg *pixels")
	for _, f := range []struct{ field, register string }{
		{pixelsOffset, depthOffsetReg}, {pixelsW, depthWReg}, {pixelsOut, depthOutReg},
		{pixelsNextTap, depthNextTapReg}, {pixelsCount, depthCountReg}, {pixelsSize, depthSizeReg},
	} {
		d.op("MOVD %s, %s", at(f.field), f.register)
	}
	d.broadcast(pixelsLo, d.lo())
	d.broadcast(pixelsHi, d.lo()+1)
	d.group("several", 4, "one")
	d.group("one", 1, "end")
	d.line("end:")
	d.op("RET")
}

// arm64Depthwise32 has weights in the first registers, two buffers of numbers of a pixel, and
// sums in the last registers.
type arm64Depthwise32 struct{ arm64 }

func (d arm64Depthwise32) sum(pixel, j int) int { return 16 + 4*pixel + j }
func (d arm64Depthwise32) x(pixel int) int      { return 4 + pixel%2*4 }
func (d arm64Depthwise32) lo() int              { return 12 }

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
	d.op("ADD $%d, %s", 4*pixels, depthOffsetReg)
	for range pixels {
		d.op("ADD %s, %s", depthSizeReg, depthOutReg)
	}
	d.op("SUB $%d, %s", pixels, depthCountReg)
	d.op("B %s", name)
}

// channels accumulates all taps for size bytes of channels: vectors, or one channel.
func (d arm64Depthwise32) channels(name string, pixels, size int) {
	vectors := max(1, size/16)
	load := func(register string, to int) []string {
		if size == 4 {
			return d.lines(func() { d.op("FMOVS (%s), F%d", register, to) })
		}
		return d.loads(vectors, 0, register, to)
	}
	pointer := func(pixel int) string { return fmt.Sprintf("R%d", depthPixel+pixel) }
	d.op("MOVD %s, %s", at(pixelsX), depthXReg)
	d.op("MOVD %s, %s", at(pixelsPad), depthPadReg)
	d.op("MOVD %s, %s", at(pixelsBias), temp)
	d.op("MOVD %s, %s", at(pixelsTaps), depthTaps32)
	for _, r := range []string{depthXReg, depthPadReg, temp} {
		d.op("ADD %s, %s", depthAtReg, r)
	}
	d.op("ADD %s, %s, %s", depthAtReg, depthWReg, depthWeightReg)
	d.op("MOVD %s, %s", depthOffsetReg, depthTapReg)
	d.print(load(temp, d.sum(0, 0)))
	for pixel := 1; pixel < pixels; pixel++ {
		for j := range vectors {
			d.move(d.sum(0, j), d.sum(pixel, j))
		}
	}
	d.line("%sTap:", name)
	if pixels == 1 {
		d.op("MOVW (%s), %s", depthTapReg, pointer(0))
	}
	for pixel := 0; pixel+1 < pixels; pixel += 2 {
		d.op("LDPSW %d(%s), (%s, %s)", 4*pixel, depthTapReg, pointer(pixel), pointer(pixel+1))
	}
	d.print(load(depthWeightReg, 0))
	d.op("ADD %s, %s", depthNextTapReg, depthTapReg)
	d.op("ADD %s, %s", depthSizeReg, depthWeightReg)
	for pixel := range pixels {
		d.op("CMP $0, %s", pointer(pixel))
		d.op("ADD %s<<2, %s, %[1]s", pointer(pixel), depthXReg)
		d.op("CSEL LT, %s, %s, %[2]s // padding", depthPadReg, pointer(pixel))
	}
	d.print(load(pointer(0), d.x(0)))
	for pixel := range pixels {
		var next []string
		if pixel+1 < pixels {
			next = load(pointer(pixel+1), d.x(pixel+1))
		}
		d.spread(d.lines(func() {
			for j := range vectors {
				d.fused(j, d.x(pixel)+j, d.sum(pixel, j))
			}
		}), next)
	}
	d.op("SUBS $1, %s", depthTaps32)
	d.op("BNE %sTap", name)
	d.op("ADD %s, %s, %s", depthAtReg, depthOutReg, depthStoreReg)
	var sums []int
	for pixel := range pixels {
		for j := range vectors {
			sums = append(sums, d.sum(pixel, j))
		}
	}
	d.clamp(sums, d.lo(), d.lo()+1, 0)
	for pixel := range pixels {
		for j := range vectors {
			if size == 4 {
				d.op("FMOVS F%d, (%s)", d.sum(pixel, j), depthStoreReg)
			} else {
				d.op("FMOVQ F%d, %d(%s)", d.sum(pixel, j), 16*j, depthStoreReg)
			}
		}
		d.op("ADD %s, %s", depthSizeReg, depthStoreReg)
	}
}
