package main

import (
	"fmt"
	"strings"
)

// arm64 writes assembly for arm64. Go's assembler lacks most vector instructions: those of
// vectorForms are written as words, each with its own text in GNU's syntax behind it, from
// which a test asks LLVM for the same word. Everything else is written as Go spells it.
//
// R18, R27 to R30 are the system's, Go's and the linker's.
type arm64 struct{ *printer }

// argument is the register that holds the address of a routine's argument.
const argument = "R0"

// at is a field of the argument, which the other files name as amd64 finds it.
func at(field string) string { return strings.Replace(field, "(DI)", "("+argument+")", 1) }

// text opens a routine whose only argument is a pointer, which goes to R0.
func (a arm64) text(name, arg string) {
	a.line("")
	a.line("// func %s(%s)", name, arg)
	a.line("TEXT ·%s(SB), NOSPLIT, $0-8", name)
	a.op("MOVD arg+0(FP), %s", argument)
}

// dispatcher writes a routine that goes on at one of several, which find the
// argument in R0.
func (a arm64) dispatcher(name, arg string, routines []string) {
	a.openDispatcher(name, arg, routines)
	a.op("MOVD routine+0(FP), R1")
	a.op("MOVD arg+8(FP), %s", argument)
	a.op("MOVD $routines%s<>(SB), R2", name)
	a.op("MOVD (R2)(R1<<3), R2")
	a.op("JMP (R2)")
}

// form is an instruction on vectors: its word without registers, and the arrangements
// of the result and the operands.
type form struct {
	word uint32
	arrs string
}

// vectorForms are the instructions that Go's assembler lacks, by GNU's mnemonic, and by the
// arrangement of the result where there are several.
var vectorForms = map[string]form{
	"usmmla":      {0x4e80ac00, "4s 16b 16b"},
	"smull 8h":    {0x0e20c000, "8h 8b 8b"},
	"smull2 8h":   {0x4e20c000, "8h 16b 16b"},
	"smlal2 8h":   {0x4e208000, "8h 16b 16b"},
	"sadalp 4s":   {0x4e606800, "4s 8h"},
	"smlal 8h":    {0x0e208000, "8h 8b 8b"},
	"saddw 4s":    {0x0e601000, "4s 4s 4h"},
	"saddw2 4s":   {0x4e601000, "4s 4s 8h"},
	"scvtf 4s":    {0x4e21d800, "4s 4s"},
	"fadd 4s":     {0x4e20d400, "4s 4s 4s"},
	"fmul 4s":     {0x6e20dc00, "4s 4s 4s"},
	"fmaxnm 4s":   {0x4e20c400, "4s 4s 4s"},
	"fminnm 4s":   {0x4ea0c400, "4s 4s 4s"},
	"fcmgt 4s":    {0x6ea0e400, "4s 4s 4s"},
	"fcvtns 4s":   {0x4e21a800, "4s 4s"},
	"mla 4s":      {0x4ea09400, "4s 4s 4s"},
	"sqsub 4s":    {0x4ea02c00, "4s 4s 4s"},
	"srshl 4s":    {0x4ea05400, "4s 4s 4s"},
	"sqxtn 4h":    {0x0e614800, "4h 4s"},
	"sqxtn2 8h":   {0x4e614800, "8h 4s"},
	"sqadd 8h":    {0x4e600c00, "8h 8h 8h"},
	"sqxtun 8b":   {0x2e212800, "8b 8h"},
	"sqxtun2 16b": {0x6e212800, "16b 8h"},

	// of float32
	"fsub 4s":   {0x4ea0d400, "4s 4s 4s"},
	"fdiv 4s":   {0x6e20fc00, "4s 4s 4s"},
	"fmax 4s":   {0x4e20f400, "4s 4s 4s"},
	"fmin 4s":   {0x4ea0f400, "4s 4s 4s"},
	"fneg 4s":   {0x6ea0f800, "4s 4s"},
	"fabs 4s":   {0x4ea0f800, "4s 4s"},
	"fcmeq 4s":  {0x4e20e400, "4s 4s 4s"},
	"fcmge 4s":  {0x6e20e400, "4s 4s 4s"},
	"frintn 4s": {0x4e218800, "4s 4s"},
	"fcvtzs 4s": {0x4ea1b800, "4s 4s"},

	// of words
	"smax 4s":  {0x4ea06400, "4s 4s 4s"},
	"smin 4s":  {0x4ea06c00, "4s 4s 4s"},
	"cmgt 4s":  {0x4ea03400, "4s 4s 4s"},
	"cmtst 4s": {0x4ea08c00, "4s 4s 4s"},

	// of float64
	"fcvtl 2d":  {0x0e617800, "2d 2s"},
	"fcvtl2 2d": {0x4e617800, "2d 4s"},
	"fcvtn 2s":  {0x0e616800, "2s 2d"},
	"fcvtn2 4s": {0x4e616800, "4s 2d"},
	"fadd 2d":   {0x4e60d400, "2d 2d 2d"},
	"fsub 2d":   {0x4ee0d400, "2d 2d 2d"},
	"fmul 2d":   {0x6e60dc00, "2d 2d 2d"},

	// those of rules of codes
	"smull 4s":  {0x0e60c000, "4s 4h 4h"},
	"smull2 4s": {0x4e60c000, "4s 8h 8h"},
	"sxtl 8h":   {0x0f08a400, "8h 8b"},
	"sxtl2 8h":  {0x4f08a400, "8h 16b"},
	"sxtl 4s":   {0x0f10a400, "4s 4h"},
	"sxtl2 4s":  {0x4f10a400, "4s 8h"},
	"smlal 4s":  {0x0e608000, "4s 4h 4h"},
	"smlal2 4s": {0x4e608000, "4s 8h 8h"},
	"sdot 4s":   {0x4e809400, "4s 16b 16b"},
	"usdot 4s":  {0x4e809c00, "4s 16b 16b"},
}

// v writes an instruction of vectorForms: the result, then the operands.
func (a arm64) v(name string, registers ...int) {
	f, ok := vectorForms[name]
	arrs := strings.Fields(f.arrs)
	if !ok || len(arrs) != len(registers) {
		panic(fmt.Sprintf("%s of %d registers is not in the table", name, len(registers)))
	}
	word := f.word
	var operands []string
	for i, r := range registers {
		word |= uint32(r) << [...]int{0, 5, 16}[i]
		operands = append(operands, fmt.Sprintf("v%d.%s", r, arrs[i]))
	}
	mnemonic, _, _ := strings.Cut(name, " ")
	a.op("WORD $0x%08x // %s %s", word, mnemonic, strings.Join(operands, ", "))
}

// sdot adds the products of four weights, of each of four columns, by the four codes of a
// lane.
func (a arm64) sdot(sums, weights, codes, lane int) {
	word := uint32(0x4f80e000 | codes<<16 | weights<<5 | sums | lane&1<<21 | lane>>1<<11)
	a.op("WORD $0x%08x // sdot v%d.4s, v%d.16b, v%d.4b[%d]", word, sums, weights, codes, lane)
}

// loadAt loads the vector at the sum of two registers, which are numbers of R registers.
func (a arm64) loadAt(base, index, to int) {
	a.op("WORD $0x%08x // ldr q%d, [x%d, x%d]", 0x3ce06800|index<<16|base<<5|to, to, base, index)
}

// fmla adds the products of four numbers by the number of a lane.
func (a arm64) fmla(sums, weights, numbers, lane int) {
	word := uint32(0x4f801000 | numbers<<16 | weights<<5 | sums | lane&1<<21 | lane>>1<<11)
	a.op("WORD $0x%08x // fmla v%d.4s, v%d.4s, v%d.s[%d]", word, sums, weights, numbers, lane)
}

// bytes, words and doubles are a register in Go's syntax.
func bytes16(v int) string { return fmt.Sprintf("V%d.B16", v) }
func halves8(v int) string { return fmt.Sprintf("V%d.H8", v) }
func words4(v int) string  { return fmt.Sprintf("V%d.S4", v) }
func longs2(v int) string  { return fmt.Sprintf("V%d.D2", v) }

// move copies a vector.
func (a arm64) move(from, to int) {
	a.op("VORR %s, %s, %s", bytes16(from), bytes16(from), bytes16(to))
}

// loads returns loads of count vectors, in pairs, that lie at from, offset bytes behind what
// a register points to.
func (a arm64) loads(count, offset int, register string, to int) []string {
	return a.lines(func() {
		for ; count > 1; count -= 2 {
			a.op("FLDPQ %d(%s), (F%d, F%d)", offset, register, to, to+1)
			offset, to = offset+32, to+2
		}
		if count > 0 {
			a.op("FMOVQ %d(%s), F%d", offset, register, to)
		}
	})
}

// lines returns what write writes.
func (a arm64) lines(write func()) []string {
	before := a.Len()
	write()
	written := strings.Clone(a.String()[before:])
	a.Truncate(before)
	return strings.SplitAfter(strings.TrimSuffix(written, "\n"), "\n")
}

// spread writes instructions with others among them, at equal distances: loads among
// products, so that cores that execute in order have them in time.
func (a arm64) spread(main, among []string) {
	put := func(s string) { a.line("%s", strings.TrimSuffix(s, "\n")) }
	done := 0
	for i, s := range main {
		for ; done < len(among) && done*len(main) <= i*len(among); done++ {
			put(among[done])
		}
		put(s)
	}
	for ; done < len(among); done++ {
		put(among[done])
	}
}

// print writes lines that lines returned.
func (a arm64) print(lines []string) { a.spread(lines, nil) }
