package main

import "fmt"

// The fields of operand.WindowCursor, and those behind it in pool8 and pool32.
const (
	windowsX, windowsCells, windowsStart  = "0(DI)", "8(DI)", "16(DI)"
	windowsOut, windowsMult, windowsCount = "24(DI)", "32(DI)", "40(DI)"
	windowsSize, windowsWhole             = "48(DI)", "56(DI)"
	windowsMask                           = "64(DI)"
	windowsZero, windowsZero16            = "72(DI)", "76(DI)"
	windowsLo, windowsHi                  = "78(DI)", "79(DI)"
)

func pool8AVX512(p *printer) { pool8(p, avx512) }
func pool8AVX2(p *printer)   { pool8(p, avx2) }

// pool8 writes the routines for consecutive windows of one image. Maxima are in
// registers 0 to 3. Sums of as many channels as a vector has bytes are in the
// same registers, as int32.
//
// The channels behind the whole vectors of a pixel are covered by a vector that overlaps the
// last of these: a result depends on its channel alone, and may be written twice. Pixels
// smaller than a vector are covered by two halves or two quarters of one; pixels smaller than a
// quarter are left to the caller.
func pool8(p *printer, l lanes) {
	zero := func(n int) {
		for j := range n {
			p.op("%s %s, %s, %s", l.either("VPXOR", "VPXORD"), l.r(j), l.r(j), l.r(j))
		}
	}
	most := poolLoop{p: p, l: l, size: 1}
	if most.overlap = l == avx2; most.overlap {
		most.parts = func(label string, bytes int) {
			most.channels(label, func() { zero(1) }, func() {
				if bytes == 16 {
					p.op("VPMAXUB (BX)(AX*1), X0, X0")
					return
				}
				p.op("VMOVQ (BX)(AX*1), X4")
				p.op("VPMAXUB X4, X0, X0")
			}, func() { p.low(0, bytes, "(R8)(AX*1)") })
		}
	}
	most.write("max", 4, func(vectors int, masked bool) { zero(vectors) }, func(vectors int, masked bool) {
		for j := range vectors {
			at := fmt.Sprintf("%d(BX)(AX*1)", j*l.bytes)
			if masked {
				p.op("VMOVDQU8.Z %s, K1, %s", at, l.r(4))
				at = l.r(4)
			}
			p.op("VPMAXUB %s, %s, %s", at, l.r(j), l.r(j))
		}
	}, func(vectors int, masked bool) {
		for j := range vectors {
			if masked {
				p.op("VMOVDQU8 %s, K1, (R8)(AX*1)", l.r(j))
				continue
			}
			p.op("%s %s, %d(R8)(AX*1)", l.move(), l.r(j), j*l.bytes)
		}
	})

	l.packOrder(p, "order"+l.isa)
	mean := poolLoop{p: p, l: l, size: 1, overlap: true, begin: func() {
		p.op("VPBROADCASTD %s, %s", windowsZero, l.r(5))
		p.op("VPBROADCASTW %s, %s", windowsZero16, l.r(6))
		p.op("VPBROADCASTB %s, %s", windowsLo, l.r(7))
		p.op("VPBROADCASTB %s, %s", windowsHi, l.r(8))
		p.op("%s order%s<>(SB), %s", l.move(), l.isa, l.r(9))
	}}
	add := func(vectors int) {
		for j := range vectors {
			p.op("VPMOVZXBD %d(BX)(AX*1), %s", j*l.bytes/4, l.r(4))
			p.op("VPADDD %s, %s, %s", l.r(4), l.r(j), l.r(j))
		}
	}
	mean.parts = func(label string, bytes int) {
		vectors := 4 * bytes / l.bytes
		mean.channels(label, func() { zero(4) }, func() { add(vectors) }, func() {
			l.codes(p, vectors)
			p.low(0, bytes, "(R8)(AX*1)")
		})
	}
	mean.write("average", 1, func(int, bool) { zero(4) }, func(int, bool) { add(4) }, func(int, bool) {
		l.codes(p, 4)
		p.op("%s %s, (R8)(AX*1)", l.move(), l.r(0))
	})
}

// codes converts the sums in the first of registers 0 to 3 to codes in register 0.
func (l lanes) codes(p *printer, vectors int) {
	p.op("MOVQ R13, BX // cells of the window")
	p.op("SUBQ R11, BX")
	p.op("SHRQ $2, BX")
	p.op("VMOVD BX, X4")
	p.op("VPBROADCASTD X4, %s", l.r(4))
	p.op("VPMULLD %s, %s, %s", l.r(5), l.r(4), l.r(4))
	p.op("MOVQ %s, BX", windowsMult)
	p.op("VBROADCASTSS (BX), %s", l.r(10))
	for j := range vectors {
		p.op("VPSUBD %s, %s, %s", l.r(4), l.r(j), l.r(j))
		p.op("VCVTDQ2PS %s, %s", l.r(j), l.r(j))
		p.op("VMULPS %s, %s, %s", l.r(10), l.r(j), l.r(j))
		p.op("VCVTPS2DQ %s, %s", l.r(j), l.r(j))
	}
	l.pack(p, "VPACKUSWB", 9, func(r string) { p.op("VPADDSW %s, %s, %s", l.r(6), r, r) })
	p.op("VPMAXUB %s, %s, %s", l.r(7), l.r(0), l.r(0))
	p.op("VPMINUB %s, %s, %s", l.r(8), l.r(0), l.r(0))
}

// low stores the first 8, 16 or 32 bytes of register i.
func (p *printer) low(i, bytes int, to string) {
	switch bytes {
	case 8:
		p.op("VMOVQ X%d, %s", i, to)
	case 16:
		p.op("VMOVDQU X%d, %s", i, to)
	case 32:
		p.op("VMOVDQU Y%d, %s", i, to)
	}
}

// poolLoop writes the loops over windows, channels and cells. Registers of a step: BX is the
// cell, AX the byte of the first channel, R8 the result, R11 to R13 the cells of the window.
type poolLoop struct {
	p     *printer
	l     lanes
	size  int // bytes of an element
	begin func()

	// overlap covers the channels behind whole vectors by a vector that ends with the pixel;
	// pixels smaller than a vector are left to the caller.
	overlap bool
	// parts, with overlap, writes a step for that many bytes of channels, less than a vector:
	// then only pixels smaller than a quarter of one are left to the caller.
	parts func(label string, bytes int)
}

// channels writes the loop over the cells of a window for the channels at AX.
func (o poolLoop) channels(label string, first, cell, last func()) {
	p := o.p
	first()
	p.op("MOVQ R11, R12")
	p.line("%s:", label)
	p.op("CMPQ R12, R13")
	p.op("JGE %sEnd", label)
	p.op("MOVLQSX (R12), BX")
	p.op("LEAQ (SI)(BX*%d), BX", o.size)
	cell()
	p.op("ADDQ $4, R12")
	p.op("JMP %s", label)
	p.line("%sEnd:", label)
	last()
}

// write writes a routine that takes that many vectors of channels at a time, then single ones
// up to Whole, then, with AVX-512, the rest under mask K1. Routines that take one at a time
// have no masked step. Other channels are left to the caller, unless vectors overlap.
func (o poolLoop) write(name string, vectors int, first, cell, last func(vectors int, masked bool)) {
	p, l := o.p, o.l
	channels := func(label string, vectors int, masked bool) {
		o.channels(label, func() { first(vectors, masked) }, func() { cell(vectors, masked) }, func() { last(vectors, masked) })
	}
	p.text(name+l.isa, "arg *windows")
	p.op("MOVQ %s, SI", windowsX)
	p.op("MOVQ %s, DX", windowsStart)
	p.op("MOVQ %s, R8", windowsOut)
	masked := l == avx512 && vectors > 1
	if masked {
		p.op("KMOVQ %s, K1", windowsMask)
	}
	if o.begin != nil {
		o.begin()
	}
	p.line("window:")
	p.op("MOVQ %s, BX", windowsCells)
	p.op("MOVLQSX (DX), AX")
	p.op("LEAQ (BX)(AX*4), R11")
	p.op("MOVLQSX 4(DX), AX")
	p.op("LEAQ (BX)(AX*4), R13")
	p.op("XORQ AX, AX")
	if vectors > 1 {
		p.line("wide:")
		p.op("LEAQ %d(AX), BX", vectors*l.bytes)
		p.op("CMPQ BX, %s", windowsWhole)
		p.op("JGT narrow")
		channels("wideCell", vectors, false)
		p.op("ADDQ $%d, AX", vectors*l.bytes)
		p.op("JMP wide")
	}
	p.line("narrow:")
	p.op("CMPQ AX, %s", windowsWhole)
	p.op("JGE rest")
	if o.overlap {
		p.line("narrowLast:")
	}
	channels("narrowCell", 1, false)
	p.op("ADDQ $%d, AX", l.bytes)
	p.op("JMP narrow")
	p.line("rest:")
	if o.overlap {
		o.rest()
		p.line("next:")
	}
	if masked {
		p.op("CMPQ AX, %s", windowsSize)
		p.op("JGE next")
		channels("restCell", 1, true)
		p.line("next:")
	}
	p.op("ADDQ $4, DX")
	p.op("ADDQ %s, R8", windowsSize)
	if name == "average" {
		p.op("ADDQ $4, %s", windowsMult)
	}
	p.op("DECQ %s", windowsCount)
	p.op("JNZ window")
	p.op("VZEROUPPER")
	p.op("RET")
}

// rest handles the channels behind the whole vectors of a pixel, of which AX is the end.
func (o poolLoop) rest() {
	p, size := o.p, o.l.bytes
	p.op("MOVQ %s, CX", windowsSize)
	p.op("CMPQ AX, CX")
	p.op("JGE next")
	p.op("SUBQ $%d, CX", size)
	if o.parts == nil {
		p.op("JLT next")
	} else {
		p.op("JLT part")
	}
	p.op("MOVQ CX, AX // a vector that ends with the pixel")
	p.op("JMP narrowLast")
	if o.parts == nil {
		return
	}
	p.line("part:")
	for i, label := range []string{"half", "quarter"} {
		bytes := size >> (i + 1)
		p.op("ADDQ $%d, CX", []int{size - bytes, bytes}[i])
		p.op("JLT %sLess", label)
		p.line("%s:", label)
		o.parts(label+"Cell", bytes)
		p.op("CMPQ AX, CX")
		p.op("JGE next")
		p.op("MOVQ CX, AX")
		p.op("JMP %s", label)
		p.line("%sLess:", label)
	}
}
