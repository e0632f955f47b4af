package main

import "fmt"

// lanes is one width of vector registers. Routines that are the same for both
// widths are written once in terms of it.
type lanes struct {
	isa   string // in names of routines
	reg   string
	bytes int
}

var (
	avx512 = lanes{"AVX512", "Z", 64}
	avx2   = lanes{"AVX2", "Y", 32}
)

func (l lanes) r(i int) string { return fmt.Sprintf("%s%d", l.reg, i) }

// evex reports whether the vectors are AVX-512's, with masks.
func (l lanes) evex() bool { return l.reg == "Z" }

// either is a mnemonic that differs between the two encodings.
func (l lanes) either(vex, evex string) string {
	if l.evex() {
		return evex
	}
	return vex
}

// move loads or stores whole vectors of integers.
func (l lanes) move() string { return l.either("VMOVDQU", "VMOVDQU64") }

// packOrder writes a table for VPERMD that puts the bytes of four vectors of
// 32-bit numbers in order after VPACKSSDW and VPACKUSWB or VPACKSSWB, which
// work in runs of 16 bytes.
func (l lanes) packOrder(p *printer, name string) {
	runs := l.bytes / 16
	p.line("")
	for j := range 4 {
		for run := range runs {
			p.line("DATA %s<>+%d(SB)/4, $%d", name, 4*(j*runs+run), run*4+j)
		}
	}
	p.line("GLOBL %s<>(SB), RODATA|NOPTR, $%d", name, l.bytes)
}

// signs writes a vector of the bits by which signed codes and those 128 higher differ.
func (l lanes) signs(p *printer, name string) {
	p.line("")
	for at := 0; at < l.bytes; at += 8 {
		p.line("DATA %s<>+%d(SB)/8, $0x8080808080808080", name, at)
	}
	p.line("GLOBL %s<>(SB), RODATA|NOPTR, $%d", name, l.bytes)
}

// pack turns four vectors of int32 in registers 0 to 3 into bytes in register 0,
// saturated by the instruction bytes; between the two steps, words sees int16 in
// registers 0 and 2.
func (l lanes) pack(p *printer, bytes string, order int, words func(r string)) {
	p.op("VPACKSSDW %s, %s, %s", l.r(1), l.r(0), l.r(0))
	p.op("VPACKSSDW %s, %s, %s", l.r(3), l.r(2), l.r(2))
	if words != nil {
		words(l.r(0))
		words(l.r(2))
	}
	p.op("%s %s, %s, %s", bytes, l.r(2), l.r(0), l.r(0))
	p.op("VPERMD %s, %s, %s", l.r(0), l.r(order), l.r(0))
}
