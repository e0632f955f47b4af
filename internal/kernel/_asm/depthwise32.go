package main

import "fmt"

// The fields of depthwise32.pixels.
const (
	pixelsX, pixelsPad, pixelsOffset = "0(DI)", "8(DI)", "16(DI)"
	pixelsW, pixelsBias, pixelsOut   = "24(DI)", "32(DI)", "40(DI)"
	pixelsCount, pixelsTaps          = "48(DI)", "56(DI)"
	pixelsSize, pixelsMask           = "64(DI)", "72(DI)"
	pixelsLo, pixelsHi               = "80(DI)", "84(DI)"
)

func depthwise32AVX512(p *printer) { depthwise32(p, avx512) }
func depthwise32AVX2(p *printer)   { depthwise32(p, avx2) }

// depthwise32 writes the routine for consecutive pixels of one image. It sums the
// taps of four vectors of channels in registers 0 to 3, then of single ones, then
// of what is left under a mask: K1, or register 7.
func depthwise32(p *printer, l lanes) {
	lo, hi, mask := l.r(5), l.r(6), l.r(7)
	load := func(masked bool, from, to string) {
		switch {
		case !masked:
			p.op("VMOVUPS %s, %s", from, to)
		case l == avx512:
			p.op("VMOVUPS.Z %s, K1, %s", from, to)
		default:
			p.op("VMASKMOVPS %s, %s, %s", from, mask, to)
		}
	}
	// channels sums the taps of vectors vectors from the channel at byte AX on.
	channels := func(name string, vectors int, masked bool) {
		for j := range vectors {
			load(masked, fmt.Sprintf("%d(R9)(AX*1)", j*l.bytes), l.r(j))
		}
		p.op("LEAQ (R8)(AX*1), R10")
		p.op("MOVQ R11, R12 // offsets of the pixel")
		p.op("MOVQ %s, CX", pixelsTaps)
		p.line("%s:", name)
		p.op("MOVLQSX (R12), R13")
		p.op("LEAQ (SI)(R13*4), BX")
		p.op("TESTQ R13, R13")
		p.op("CMOVQLT DX, BX // padding")
		for j := range vectors {
			load(masked, fmt.Sprintf("%d(BX)(AX*1)", j*l.bytes), l.r(4))
			if masked {
				load(true, "(R10)", l.r(8))
				p.op("VFMADD231PS %s, %s, %s", l.r(8), l.r(4), l.r(j))
				continue
			}
			p.op("VFMADD231PS %d(R10), %s, %s", j*l.bytes, l.r(4), l.r(j))
		}
		p.op("ADDQ $4, R12")
		p.op("ADDQ %s, R10", pixelsSize)
		p.op("DECQ CX")
		p.op("JNZ %s", name)
		for j := range vectors {
			p.op("VMAXPS %s, %s, %s", l.r(j), lo, l.r(j))
			p.op("VMINPS %s, %s, %s", l.r(j), hi, l.r(j))
			to := fmt.Sprintf("%d(R15)(AX*1)", j*l.bytes)
			switch {
			case !masked:
				p.op("VMOVUPS %s, %s", l.r(j), to)
			case l == avx512:
				p.op("VMOVUPS %s, K1, %s", l.r(j), to)
			default:
				p.op("VMASKMOVPS %s, %s, %s", l.r(j), mask, to)
			}
		}
	}
	p.text("pixels"+l.isa, "arg *pixels")
	p.op("MOVQ %s, SI", pixelsX)
	p.op("MOVQ %s, DX", pixelsPad)
	p.op("MOVQ %s, R11", pixelsOffset)
	p.op("MOVQ %s, R8", pixelsW)
	p.op("MOVQ %s, R9", pixelsBias)
	p.op("MOVQ %s, R15", pixelsOut)
	p.op("VBROADCASTSS %s, %s", pixelsLo, lo)
	p.op("VBROADCASTSS %s, %s", pixelsHi, hi)
	p.op("MOVQ %s, AX", pixelsMask)
	if l == avx512 {
		p.op("KMOVW (AX), K1")
	} else {
		p.op("VMOVDQU (AX), %s", mask)
	}
	p.line("pixel:")
	p.op("XORQ AX, AX")
	p.line("wide:")
	p.op("LEAQ %d(AX), BX", 4*l.bytes)
	p.op("CMPQ BX, %s", pixelsSize)
	p.op("JGT narrow")
	channels("wideTap", 4, false)
	p.op("ADDQ $%d, AX", 4*l.bytes)
	p.op("JMP wide")
	p.line("narrow:")
	p.op("LEAQ %d(AX), BX", l.bytes)
	p.op("CMPQ BX, %s", pixelsSize)
	p.op("JGT rest")
	channels("narrowTap", 1, false)
	p.op("ADDQ $%d, AX", l.bytes)
	p.op("JMP narrow")
	p.line("rest:")
	p.op("CMPQ AX, %s", pixelsSize)
	p.op("JGE next")
	channels("restTap", 1, true)
	p.line("next:")
	p.op("MOVQ %s, CX", pixelsTaps)
	p.op("LEAQ (R11)(CX*4), R11")
	p.op("ADDQ %s, R15", pixelsSize)
	p.op("DECQ %s", pixelsCount)
	p.op("JNZ pixel")
	p.op("VZEROUPPER")
	p.op("RET")
}
