package main

import "fmt"

// gemm8AVX512VNNI multiplies with VPDPBUSD, whose sums are exact.
func gemm8AVX512VNNI(p *printer) {
	gemm8Tiles(gemm8{printer: p, lanes: lanes{"AVX512VNNI", "Z", 64}, free: 28, dot: func(weights, codes, sums string) {
		p.op("VPDPBUSD %s, %s, %s", weights, codes, sums)
	}}, []width{{1, []int{1, 4, 7, 14}}, {2, []int{1, 4, 7, 14}}, {4, []int{1, 2, 3, 4, 5, 6}}}, sumDots)
}

// gemm8AVXVNNI multiplies with VPDPBUSD in VEX encoding, which Go's assembler
// does not know.
func gemm8AVXVNNI(p *printer) {
	gemm8Tiles(gemm8{printer: p, lanes: lanes{"AVXVNNI", "Y", 32}, free: 12, dot: func(weights, codes, sums string) {
		p.vex("VPDPBUSD", 0x50, weights, codes, sums)
	}}, []width{{1, []int{1, 3, 6}}, {2, []int{1, 3, 6}}}, sumDots)
}

// vex writes an instruction of VEX.256.66.0F38.W0 with three registers, in the
// assembler's order of operands, as bytes.
func (p *printer) vex(name string, opcode byte, rm, vvvv, reg string) {
	number := func(r string) (n byte) {
		if _, err := fmt.Sscanf(r, "Y%d", &n); err != nil {
			panic("no register of 256 bits: " + r)
		}
		return n
	}
	b, v, r := number(rm), number(vvvv), number(reg)
	p.op("BYTE $0xc4; BYTE $0x%02x; BYTE $0x%02x; BYTE $0x%02x; BYTE $0x%02x // %s %s, %s, %s",
		(^r>>3&1)<<7|1<<6|(^b>>3&1)<<5|0x02, (^v&15)<<3|0x05, opcode, 0xc0|r&7<<3|b&7, name, rm, vvvv, reg)
}
