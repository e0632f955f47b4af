package main

import "fmt"

// The fields of layout.planes.
const (
	planesSrc, planesDst, planesPlane = "0(DI)", "8(DI)", "16(DI)"
	planesBlocks                      = "24(DI)"
)

// The routines of this family interleave planes: a block takes one vector of each
// and writes as many.

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

// layoutAVX2 selects bytes of 16 pixels with VPSHUFB, which writes zeros where
// another plane has its turn, and numbers of 8 pixels with VPERMPS and blends.
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
}

// layoutAVX512 selects numbers of 16 pixels from two planes with VPERMT2PS, then
// those of the third.
func layoutAVX512(p *printer) {
	p.line("")
	for out := range 3 {
		for i := range 16 {
			at := 16*out + i
			first, second := 0, i // the third plane's turn comes with the second table
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
