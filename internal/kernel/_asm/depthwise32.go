package main

import "fmt"

// The fields of depthwise32.pixels.
const (
	pixelsX, pixelsPad, pixelsOffset = "0(DI)", "8(DI)", "16(DI)"
	pixelsNextTap                    = "24(DI)"
	pixelsW, pixelsBias, pixelsOut   = "32(DI)", "40(DI)", "48(DI)"
	pixelsCount, pixelsTaps          = "56(DI)", "64(DI)"
	pixelsSize, pixelsMask           = "72(DI)", "80(DI)"
	pixelsLo, pixelsHi               = "88(DI)", "92(DI)"
)

func depthwise32AVX512(p *printer) {
	depthwise32{printer: p, lanes: avx512, pixels: 4, weight: 16, lo: 20, hi: 21, x: 22}.write()
}

func depthwise32AVX2(p *printer) {
	depthwise32{printer: p, lanes: avx2, pixels: 2, weight: 8, lo: 12, hi: 13, x: 15, mask: 14}.write()
}

// depthwise32 writes the routine for consecutive pixels of one image. It accumulates the taps
// of four vectors of channels for a few pixels, which share the loaded weights, then of single
// vectors, then of the remaining channels under a mask; at the end, the same for single pixels.
// The accumulators of pixel p begin at register 4*p.
type depthwise32 struct {
	*printer
	lanes
	pixels            int // that are computed together
	weight, lo, hi, x int // registers
	mask              int // register of the mask; K1 with AVX-512
}

func (d depthwise32) write() {
	d.text("pixels"+d.isa, "arg *pixels")
	d.op("MOVQ %s, SI", pixelsX)
	d.op("MOVQ %s, DX", pixelsPad)
	d.op("MOVQ %s, R11", pixelsOffset)
	d.op("MOVQ %s, R8", pixelsW)
	d.op("MOVQ %s, R15", pixelsOut)
	d.op("MOVQ %s, R13", pixelsNextTap)
	d.op("VBROADCASTSS %s, %s", pixelsLo, d.r(d.lo))
	d.op("VBROADCASTSS %s, %s", pixelsHi, d.r(d.hi))
	d.op("MOVQ %s, AX", pixelsMask)
	if d.lanes == avx512 {
		d.op("KMOVW (AX), K1")
	} else {
		d.op("VMOVDQU (AX), %s", d.r(d.mask))
	}
	d.group("several", d.pixels, "single")
	d.group("single", 1, "end")
	d.line("end:")
	d.op("VZEROUPPER")
	d.op("RET")
}

// group computes that many pixels at a time while as many remain, then goes to next.
func (d depthwise32) group(name string, pixels int, next string) {
	d.line("%s:", name)
	d.op("CMPQ %s, $%d", pixelsCount, pixels)
	d.op("JLT %s", next)
	d.op("XORQ AX, AX")
	for _, vectors := range []int{4, 1} {
		label := fmt.Sprintf("%s%d", name, vectors)
		d.line("%s:", label)
		d.op("LEAQ %d(AX), BX", vectors*d.bytes)
		d.op("CMPQ BX, %s", pixelsSize)
		d.op("JGT %sEnd", label)
		d.channels(label, pixels, vectors, false)
		d.op("ADDQ $%d, AX", vectors*d.bytes)
		d.op("JMP %s", label)
		d.line("%sEnd:", label)
	}
	d.op("CMPQ AX, %s", pixelsSize)
	d.op("JGE %sNext", name)
	d.channels(name+"Rest", pixels, 1, true)
	d.line("%sNext:", name)
	d.op("ADDQ $%d, R11", 4*pixels)
	for range pixels {
		d.op("ADDQ %s, R15", pixelsSize)
	}
	d.op("SUBQ $%d, %s", pixels, pixelsCount)
	d.op("JMP %s", name)
}

// channels accumulates all taps for some vectors of channels, from byte AX on.
func (d depthwise32) channels(name string, pixels, vectors int, masked bool) {
	sum := func(pixel, j int) string { return d.r(4*pixel + j) }
	d.op("MOVQ %s, R10", pixelsBias)
	for j := range vectors {
		d.load(masked, fmt.Sprintf("%d(R10)(AX*1)", j*d.bytes), sum(0, j))
		for pixel := 1; pixel < pixels; pixel++ {
			d.op("VMOVAPS %s, %s", sum(0, j), sum(pixel, j))
		}
	}
	d.op("LEAQ (R8)(AX*1), R10")
	d.op("MOVQ R11, R12 // offsets of the first pixel")
	d.op("MOVQ %s, CX", pixelsTaps)
	d.line("%sTap:", name)
	for j := range vectors {
		d.load(masked, fmt.Sprintf("%d(R10)", j*d.bytes), d.r(d.weight+j))
	}
	for pixel := range pixels {
		d.op("MOVLQSX %d(R12), BX", 4*pixel)
		d.op("TESTQ BX, BX")
		d.op("LEAQ (SI)(BX*4), BX")
		d.op("CMOVQLT DX, BX // padding")
		for j := range vectors {
			x := fmt.Sprintf("%d(BX)(AX*1)", j*d.bytes)
			if masked {
				d.load(true, x, d.r(d.x))
				x = d.r(d.x)
			}
			d.op("VFMADD231PS %s, %s, %s", x, d.r(d.weight+j), sum(pixel, j))
		}
	}
	d.op("ADDQ R13, R12")
	d.op("ADDQ %s, R10", pixelsSize)
	d.op("DECQ CX")
	d.op("JNZ %sTap", name)
	d.op("LEAQ (R15)(AX*1), BX")
	for pixel := range pixels {
		for j := range vectors {
			// NaN passes as the second source.
			d.op("VMAXPS %s, %s, %s", sum(pixel, j), d.r(d.lo), sum(pixel, j))
			d.op("VMINPS %s, %s, %s", sum(pixel, j), d.r(d.hi), sum(pixel, j))
			d.store(masked, sum(pixel, j), fmt.Sprintf("%d(BX)", j*d.bytes))
		}
		if pixel+1 < pixels {
			d.op("ADDQ %s, BX", pixelsSize)
		}
	}
}

func (d depthwise32) load(masked bool, from, to string) {
	switch {
	case !masked:
		d.op("VMOVUPS %s, %s", from, to)
	case d.lanes == avx512:
		d.op("VMOVUPS.Z %s, K1, %s", from, to)
	default:
		d.op("VMASKMOVPS %s, %s, %s", from, d.r(d.mask), to)
	}
}

func (d depthwise32) store(masked bool, from, to string) {
	switch {
	case !masked:
		d.op("VMOVUPS %s, %s", from, to)
	case d.lanes == avx512:
		d.op("VMOVUPS %s, K1, %s", from, to)
	default:
		d.op("VMASKMOVPS %s, %s, %s", from, d.r(d.mask), to)
	}
}
