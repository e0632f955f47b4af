package main

import "fmt"

// The fields of filters32.pixels.
const (
	filterX, filterPad, filterOffset = "0(DI)", "8(DI)", "16(DI)"
	filterW, filterOut               = "24(DI)", "32(DI)"
	filterTaps, filterCount          = "40(DI)", "48(DI)"
	filterSize, filterTail           = "56(DI)", "64(DI)"
	filterAdd                        = "72(DI)"
)

func filters32AVX512(p *printer) {
	f := filters32{printer: p, lanes: avx512, pixels: 4}
	f.filter()
	f.weights()
}

func filters32AVX2(p *printer) {
	f := filters32{printer: p, lanes: avx2, pixels: 2}
	f.filter()
	f.weights()
}

// filters32 writes the depthwise convolution of training, and the gradient of its weights. SI
// is the image, DX a row of zeros, R11 the offsets of a pixel, R13 their size in bytes, R14
// that of a pixel, AX the byte offset of the channel.
type filters32 struct {
	*printer
	lanes
	pixels int // at a time
}

func (f filters32) begin(name string) {
	f.text(name+f.isa, "arg *pixels")
	f.op("MOVQ %s, SI", filterX)
	f.op("MOVQ %s, DX", filterPad)
	f.op("MOVQ %s, R13", filterTaps)
	f.op("SHLQ $2, R13")
	f.op("MOVQ %s, R14", filterSize)
	f.loadTail(f.printer, tailRegister, filterTail)
}

// filter accumulates the taps of each pixel.
func (f filters32) filter() {
	f.begin("filter")
	f.op("MOVQ %s, R11", filterOffset)
	f.op("MOVQ %s, R15", filterOut)
	f.group("several", f.pixels, "one")
	f.group("one", 1, "end")
	f.line("end:")
	f.op("VZEROUPPER")
	f.op("RET")
}

// group computes that many pixels at a time while as many remain, then goes to next.
func (f filters32) group(name string, pixels int, next string) {
	f.line("%s:", name)
	f.op("CMPQ %s, $%d", filterCount, pixels)
	f.op("JLT %s", next)
	f.op("XORQ AX, AX")
	for _, vectors := range []int{4, 1} {
		label := fmt.Sprintf("%s%d", name, vectors)
		f.line("%s:", label)
		f.op("LEAQ %d(AX), BX", vectors*f.bytes)
		f.op("CMPQ BX, R14")
		f.op("JGT %sEnd", label)
		f.channels(label, pixels, vectors, false)
		f.op("ADDQ $%d, AX", vectors*f.bytes)
		f.op("JMP %s", label)
		f.line("%sEnd:", label)
	}
	f.op("CMPQ AX, R14")
	f.op("JGE %sNext", name)
	f.channels(name+"Rest", pixels, 1, true)
	f.line("%sNext:", name)
	for range pixels {
		f.op("ADDQ R13, R11")
		f.op("ADDQ R14, R15")
	}
	f.op("SUBQ $%d, %s", pixels, filterCount)
	f.op("JMP %s", name)
}

// channels accumulates the taps of some pixels for the vectors of channels that begin at AX.
// Accumulators are in registers 4*pixel+vector, then come weights, then x.
func (f filters32) channels(name string, pixels, vectors int, masked bool) {
	sum := func(pixel, j int) string { return f.r(4*pixel + j) }
	weight := func(j int) string { return f.r(4*f.pixels + j) }
	x := f.r(4*f.pixels + 4)
	result := func(each func(pixel, j int, at string)) {
		f.op("LEAQ (R15)(AX*1), BX")
		for pixel := range pixels {
			for j := range vectors {
				each(pixel, j, fmt.Sprintf("%d(BX)", j*f.bytes))
			}
			if pixel+1 < pixels {
				f.op("ADDQ R14, BX")
			}
		}
	}
	for pixel := range pixels {
		for j := range vectors {
			f.op("VXORPS %s, %[1]s, %[1]s", sum(pixel, j))
		}
	}
	f.op("CMPQ %s, $0", filterAdd)
	f.op("JEQ %sStart", name)
	result(func(pixel, j int, at string) { f.load(f.printer, tailRegister, masked, at, sum(pixel, j)) })
	f.line("%sStart:", name)
	f.op("MOVQ %s, R10", filterW)
	f.op("ADDQ AX, R10")
	f.op("MOVQ R11, R12 // offsets of the first pixel")
	f.op("LEAQ (R13)(R13*2), R9")
	f.op("MOVQ %s, CX", filterTaps)
	f.line("%sTap:", name)
	for j := range vectors {
		f.load(f.printer, tailRegister, masked, fmt.Sprintf("%d(R10)", j*f.bytes), weight(j))
	}
	for pixel := range pixels {
		f.run([]string{"(R12)", "(R12)(R13*1)", "(R12)(R13*2)", "(R12)(R9*1)"}[pixel])
		for j := range vectors {
			from := fmt.Sprintf("%d(BX)(AX*1)", j*f.bytes)
			if masked {
				f.load(f.printer, tailRegister, true, from, x)
				from = x
			}
			f.op("VFMADD231PS %s, %s, %s", from, weight(j), sum(pixel, j))
		}
	}
	f.op("ADDQ $4, R12")
	f.op("ADDQ R14, R10")
	f.op("DECQ CX")
	f.op("JNZ %sTap", name)
	result(func(pixel, j int, at string) { f.store(f.printer, tailRegister, masked, sum(pixel, j), at) })
}

// run points BX to the pixel under a tap.
func (f filters32) run(offset string) {
	f.op("MOVLQSX %s, BX", offset)
	f.op("TESTQ BX, BX")
	f.op("LEAQ (SI)(BX*4), BX")
	f.op("CMOVQLT DX, BX // padding")
}

// weights adds, for one tap, the products of x and y of all pixels to out.
func (f filters32) weights() {
	f.begin("weights")
	f.op("XORQ AX, AX")
	for _, vectors := range []int{4, 1} {
		label := fmt.Sprintf("channels%d", vectors)
		f.line("%s:", label)
		f.op("LEAQ %d(AX), BX", vectors*f.bytes)
		f.op("CMPQ BX, R14")
		f.op("JGT %sEnd", label)
		f.tap(label, vectors, false)
		f.op("ADDQ $%d, AX", vectors*f.bytes)
		f.op("JMP %s", label)
		f.line("%sEnd:", label)
	}
	f.op("CMPQ AX, R14")
	f.op("JGE end")
	f.tap("rest", 1, true)
	f.line("end:")
	f.op("VZEROUPPER")
	f.op("RET")
}

func (f filters32) tap(name string, vectors int, masked bool) {
	sum, y, x := f.r, func(j int) string { return f.r(4 + j) }, f.r(8)
	f.op("MOVQ %s, R15", filterOut)
	f.op("ADDQ AX, R15")
	for j := range vectors {
		f.load(f.printer, tailRegister, masked, fmt.Sprintf("%d(R15)", j*f.bytes), sum(j))
	}
	f.op("MOVQ %s, R11", filterOffset)
	f.op("MOVQ %s, R10", filterW)
	f.op("ADDQ AX, R10")
	f.op("MOVQ %s, CX", filterCount)
	f.line("%sRow:", name)
	f.run("(R11)")
	for j := range vectors {
		f.load(f.printer, tailRegister, masked, fmt.Sprintf("%d(R10)", j*f.bytes), y(j))
	}
	for j := range vectors {
		from := fmt.Sprintf("%d(BX)(AX*1)", j*f.bytes)
		if masked {
			f.load(f.printer, tailRegister, true, from, x)
			from = x
		}
		f.op("VFMADD231PS %s, %s, %s", from, y(j), sum(j))
	}
	f.op("ADDQ R13, R11")
	f.op("ADDQ R14, R10")
	f.op("DECQ CX")
	f.op("JNZ %sRow", name)
	for j := range vectors {
		f.store(f.printer, tailRegister, masked, sum(j), fmt.Sprintf("%d(R15)", j*f.bytes))
	}
}
