package main

import "fmt"

// The fields of layout.planes.
const (
	planesSrc, planesDst, planesPlane = "0(DI)", "8(DI)", "16(DI)"
	planesBlocks                      = "24(DI)"
)

// The fields of operand.Strip.
const (
	stripSrc, stripDst, stripStride = "0(DI)", "8(DI)", "16(DI)"
	stripLine, stripBlocks          = "24(DI)", "32(DI)"
)

// The routines of this family interleave planes, where a block takes one vector of each
// and writes as many, or transpose strips of as many rows as a vector has elements.

// interleavePointers leaves the planes in SI, DX and R9, the result in R8.
func interleavePointers(p *printer) {
	p.op("MOVQ %s, SI", planesSrc)
	p.op("MOVQ %s, R8", planesDst)
	p.op("MOVQ %s, AX", planesPlane)
	p.op("LEAQ (SI)(AX*1), DX")
	p.op("LEAQ (DX)(AX*1), R9")
	p.op("MOVQ %s, CX", planesBlocks)
	p.op("XORQ AX, AX")
}

func interleaveEnd(p *printer, bytes int) {
	p.op("ADDQ $%d, AX", bytes)
	p.op("ADDQ $%d, R8", 3*bytes)
	p.op("DECQ CX")
	p.op("JNZ block")
	p.op("VZEROUPPER")
	p.op("RET")
}

// interleaveTwo writes the routine for two planes, whose vectors low and high
// interleave within lanes of 128 bits.
func interleaveTwo(p *printer, name, low, high string) {
	p.text(name, "arg *planes")
	interleavePointers(p)
	p.line("block:")
	p.op("VMOVDQU (SI)(AX*1), Y0")
	p.op("VMOVDQU (DX)(AX*1), Y1")
	p.op("%s Y1, Y0, Y2", low)
	p.op("%s Y1, Y0, Y3", high)
	p.op("VMOVDQU X2, (R8)")
	p.op("VMOVDQU X3, 16(R8)")
	p.op("VEXTRACTI128 $1, Y2, 32(R8)")
	p.op("VEXTRACTI128 $1, Y3, 48(R8)")
	p.op("ADDQ $32, AX")
	p.op("ADDQ $64, R8")
	p.op("DECQ CX")
	p.op("JNZ block")
	p.op("VZEROUPPER")
	p.op("RET")
}

// layoutAVX2 selects bytes of 16 pixels with VPSHUFB, which writes zeros in the places of the
// other planes, and numbers of 8 pixels with VPERMPS and blends.
func layoutAVX2(p *printer) {
	planes := []string{"SI", "DX", "R9"}
	p.line("")
	for out := range 3 {
		for plane := range 3 {
			for half := range 2 {
				var word uint64
				for i := range 8 {
					at := 16*out + 8*half + i
					b := uint64(0x80)
					if at%3 == plane {
						b = uint64(at / 3)
					}
					word |= b << (8 * i)
				}
				p.line("DATA bytes<>+%d(SB)/8, $0x%016x", (out*3+plane)*16+half*8, word)
			}
		}
	}
	p.line("GLOBL bytes<>(SB), RODATA|NOPTR, $144")
	p.text("interleaveBytesAVX2", "arg *planes")
	interleavePointers(p)
	for i := range 9 {
		p.op("VMOVDQU bytes<>+%d(SB), X%d", 16*i, 7+i)
	}
	p.line("block:")
	for plane, reg := range planes {
		p.op("VMOVDQU (%s)(AX*1), X%d", reg, plane)
	}
	for out := range 3 {
		for plane := range 3 {
			p.op("VPSHUFB X%d, X%d, X%d", 7+out*3+plane, plane, 3+plane)
		}
		p.op("VPOR X3, X4, X3")
		p.op("VPOR X3, X5, X3")
		p.op("VMOVDQU X3, %d(R8)", 16*out)
	}
	interleaveEnd(p, 16)

	// Position i of a result takes element i/3, so all planes share an order.
	p.line("")
	for i := range 24 {
		p.line("DATA numbers<>+%d(SB)/4, $%d", 4*i, i/3)
	}
	p.line("GLOBL numbers<>(SB), RODATA|NOPTR, $96")
	p.text("interleaveNumbersAVX2", "arg *planes")
	interleavePointers(p)
	for out := range 3 {
		p.op("VMOVDQU numbers<>+%d(SB), Y%d", 32*out, 6+out)
	}
	p.line("block:")
	for plane, reg := range planes {
		p.op("VMOVUPS (%s)(AX*1), Y%d", reg, plane)
	}
	for out := range 3 {
		blend := [3]int{}
		for i := range 8 {
			blend[(8*out+i)%3] |= 1 << i
		}
		for plane := range 3 {
			p.op("VPERMPS Y%d, Y%d, Y%d", plane, 6+out, 3+plane)
		}
		p.op("VBLENDPS $%d, Y4, Y3, Y3", blend[1])
		p.op("VBLENDPS $%d, Y5, Y3, Y3", blend[2])
		p.op("VMOVUPS Y3, %d(R8)", 32*out)
	}
	interleaveEnd(p, 32)

	interleaveTwo(p, "interleaveTwoBytesAVX2", "VPUNPCKLBW", "VPUNPCKHBW")
	interleaveTwo(p, "interleaveTwoNumbersAVX2", "VPUNPCKLDQ", "VPUNPCKHDQ")
	transposeBytes(p)
	transposeNumbers(p)
}

// stripPointers leaves rows 0, 4, 8 and 12 of the source in SI, R11, R12 and R13, the
// distance of rows in R9 and three times it in R10; column 0 of the result in R8, column
// 4 in DX, the distance of columns in BX and three times it in R15.
func stripPointers(p *printer) {
	p.op("MOVQ %s, SI", stripSrc)
	p.op("MOVQ %s, R8", stripDst)
	p.op("MOVQ %s, R9", stripStride)
	p.op("MOVQ %s, BX", stripLine)
	p.op("MOVQ %s, CX", stripBlocks)
	p.op("LEAQ (R9)(R9*2), R10")
	p.op("LEAQ (SI)(R9*4), R11")
	p.op("LEAQ (SI)(R9*8), R12")
	p.op("LEAQ (R11)(R9*8), R13")
	p.op("LEAQ (BX)(BX*2), R15")
	p.op("LEAQ (R8)(BX*4), DX")
}

// nth is the address of line n, of lines that are step apart.
func nth(base, step, three string, n int) string {
	switch n {
	case 0:
		return fmt.Sprintf("(%s)", base)
	case 3:
		return fmt.Sprintf("(%s)(%s*1)", base, three)
	}
	return fmt.Sprintf("(%s)(%s*%d)", base, step, n)
}

// transposeBytes makes eight columns of sixteen rows contiguous: four times, all bytes
// of the first half of the rows interleave with those of the second.
func transposeBytes(p *printer) {
	p.text("transposeBytesAVX2", "arg *operand.Strip")
	stripPointers(p)
	row := func(r int) string { return nth([]string{"SI", "R11", "R12", "R13"}[r/4], "R9", "R10", r%4) }
	p.line("block:")
	for r := range 8 {
		p.op("VMOVQ %s, X%d", row(r), r)
		p.op("VMOVQ %s, X%d", row(r+8), 8+r)
	}
	for r := range 8 {
		p.op("VPUNPCKLBW X%d, X%d, X%d", 8+r, r, r)
	}
	from, to := 0, 8 // registers
	for _, half := range []int{4, 2, 1} {
		// Register r*k+i holds part i, of k, of what rows r, r+8, ... have become.
		k := 4 / half
		for r := range half {
			for i := range k {
				a, b := from+r*k+i, from+(r+half)*k+i
				p.op("VPUNPCKLBW X%d, X%d, X%d", b, a, to+r*2*k+2*i)
				p.op("VPUNPCKHBW X%d, X%d, X%d", b, a, to+r*2*k+2*i+1)
			}
		}
		from, to = to, from
	}
	for c := range 8 {
		p.op("VMOVDQU X%d, %s", from+c, nth([]string{"R8", "DX"}[c/4], "BX", "R15", c%4))
	}
	for _, pointer := range []string{"SI", "R11", "R12", "R13"} {
		p.op("ADDQ $8, %s", pointer)
	}
	p.op("LEAQ (R8)(BX*8), R8")
	p.op("LEAQ (DX)(BX*8), DX")
	p.op("DECQ CX")
	p.op("JNZ block")
	p.op("VZEROUPPER")
	p.op("RET")
}

// transposeNumbers makes four columns of eight rows contiguous. The low lanes hold
// rows 0 to 3, the high ones rows 4 to 7.
func transposeNumbers(p *printer) {
	p.text("transposeNumbersAVX2", "arg *operand.Strip")
	stripPointers(p)
	p.line("block:")
	for r := range 4 {
		p.op("VMOVUPS %s, X%d", nth("SI", "R9", "R10", r), r)
		p.op("VINSERTF128 $1, %s, Y%d, Y%d", nth("R11", "R9", "R10", r), r, r)
	}
	for i := range 2 { // rows i*2 and i*2+1
		p.op("VUNPCKLPS Y%d, Y%d, Y%d", 2*i+1, 2*i, 4+2*i)
		p.op("VUNPCKHPS Y%d, Y%d, Y%d", 2*i+1, 2*i, 5+2*i)
	}
	for i := range 2 { // columns i*2 and i*2+1
		p.op("VUNPCKLPD Y%d, Y%d, Y%d", 6+i, 4+i, 8+2*i)
		p.op("VUNPCKHPD Y%d, Y%d, Y%d", 6+i, 4+i, 9+2*i)
	}
	for c := range 4 {
		p.op("VMOVUPS Y%d, %s", 8+c, nth("R8", "BX", "R15", c))
	}
	p.op("ADDQ $16, SI")
	p.op("ADDQ $16, R11")
	p.op("LEAQ (R8)(BX*4), R8")
	p.op("DECQ CX")
	p.op("JNZ block")
	p.op("VZEROUPPER")
	p.op("RET")
}

// layoutAVX512 selects numbers of 16 pixels from two planes with VPERMT2PS, then
// those of the third.
func layoutAVX512(p *printer) {
	p.line("")
	for out := range 3 {
		for i := range 16 {
			at := 16*out + i
			first, second := 0, i // the second table selects from the third plane
			switch at % 3 {
			case 0:
				first = at / 3
			case 1:
				first = 16 + at/3
			case 2:
				second = 16 + at/3
			}
			p.line("DATA pairs<>+%d(SB)/4, $%d", 4*at, first)
			p.line("DATA thirds<>+%d(SB)/4, $%d", 4*at, second)
		}
	}
	p.line("GLOBL pairs<>(SB), RODATA|NOPTR, $192")
	p.line("GLOBL thirds<>(SB), RODATA|NOPTR, $192")
	p.text("interleaveNumbersAVX512", "arg *planes")
	interleavePointers(p)
	for out := range 3 {
		p.op("VMOVDQU64 pairs<>+%d(SB), Z%d", 64*out, 10+out)
		p.op("VMOVDQU64 thirds<>+%d(SB), Z%d", 64*out, 13+out)
	}
	p.line("block:")
	p.op("VMOVUPS (DX)(AX*1), Z1")
	p.op("VMOVUPS (R9)(AX*1), Z2")
	for out := range 3 {
		z := fmt.Sprintf("Z%d", 3+out)
		p.op("VMOVUPS (SI)(AX*1), %s", z)
		p.op("VPERMT2PS Z1, Z%d, %s", 10+out, z)
		p.op("VPERMT2PS Z2, Z%d, %s", 13+out, z)
	}
	for out := range 3 {
		p.op("VMOVUPS Z%d, %d(R8)", 3+out, 64*out)
	}
	interleaveEnd(p, 64)
}
