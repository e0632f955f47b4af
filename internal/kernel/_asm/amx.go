package main

import "fmt"

// Instructions on tiles, which Go's assembler does not know, as bytes.

// tileOp writes a VEX instruction of map 0F38 without operands in memory: pp is the
// prefix (0 none, 1 66, 2 F3, 3 F2), reg and rm are tiles.
func (p *printer) tileOp(name string, pp, opcode, reg, vvvv, rm int) {
	p.op("BYTE $0xc4; BYTE $0xe2; BYTE $0x%02x; BYTE $0x%02x; BYTE $0x%02x // %s",
		(^vvvv&15)<<3|pp, opcode, 0xc0|reg<<3|rm, name)
}

// tileMemory writes one that loads or stores a tile, whose rows are index bytes apart in
// memory.
func (p *printer) tileMemory(name string, pp, tile int, base, index string, displacement int) {
	number := map[string]int{"AX": 0, "CX": 1, "DX": 2, "BX": 3, "SP": 4, "BP": 5, "SI": 6, "DI": 7,
		"R8": 8, "R9": 9, "R10": 10, "R11": 11, "R12": 12, "R13": 13, "R14": 14, "R15": 15}
	b, i := number[base], number[index]
	p.op("BYTE $0xc4; BYTE $0x%02x; BYTE $0x%02x; BYTE $0x4b; BYTE $0x%02x; BYTE $0x%02x; LONG $0x%08x // %s %d(%s)(%s*1), T%d",
		1<<7|(^i>>3&1)<<6|(^b>>3&1)<<5|0x02, 15<<3|pp, 0x84|tile<<3, i&7<<3|b&7, uint32(displacement), name, displacement, base, index, tile)
}

func (p *printer) tileLoad(tile int, base, stride string, displacement int) {
	p.tileMemory("TILELOADD", 3, tile, base, stride, displacement)
}

func (p *printer) tileStore(tile int, base, stride string, displacement int) {
	p.tileMemory("TILESTORED", 2, tile, base, stride, displacement)
}

// tileDot adds the products of unsigned rows and signed columns of bytes to the accumulators in
// tile sums.
func (p *printer) tileDot(sums, unsigned, signed int) {
	p.tileOp(fmt.Sprintf("TDPBUSD T%d, T%d, T%d", signed, unsigned, sums), 1, 0x5e, sums, signed, unsigned)
}

// tileConfig loads the shapes of the tiles from the 64 bytes at a register.
func (p *printer) tileConfig(at string) {
	if at != "AX" {
		panic("LDTILECFG is written for AX only")
	}
	p.op("BYTE $0xc4; BYTE $0xe2; BYTE $0x78; BYTE $0x49; BYTE $0x00 // LDTILECFG (AX)")
}

func (p *printer) tileRelease() {
	p.op("BYTE $0xc4; BYTE $0xe2; BYTE $0x78; BYTE $0x49; BYTE $0xc0 // TILERELEASE")
}
