package main

// The fields of pixels8.samples.
const (
	samplesOut, samplesA, samplesB, samplesC = "0(DI)", "8(DI)", "16(DI)", "24(DI)"
	samplesCoeff, samplesQuant               = "32(DI)", "40(DI)"
	samplesStarts, samplesWeights            = "48(DI)", "56(DI)"
	samplesStride, samplesTaps               = "64(DI)", "72(DI)"
	samplesBlocks                            = "80(DI)"
)

func pixels8AVX2(p *printer) {
	p.transformPixels()
	p.doublePixels()
	p.colorPixels()
	p.rowPixels()
	p.columnPixels()
}

// repeated writes a constant of count words of 32 bits.
func (p *printer) repeated(name string, word uint32, count int) {
	for i := range count {
		p.line("DATA %s<>+%d(SB)/4, $0x%08x", name, 4*i, word)
	}
	p.line("GLOBL %s<>(SB), RODATA|NOPTR, $%d", name, 4*count)
}

// pairOf is a word of 32 bits for VPMADDWD: what the first and the second of a pair are
// multiplied by.
func pairOf(first, second int16) uint32 { return uint32(uint16(first)) | uint32(uint16(second))<<16 }

// transformPixels transforms a block at a time. A vector holds lines, or columns, 2i and 2i+1:
// four numbers of each in each lane. Numbers are of 16 bits, so that VPMADDWD multiplies and
// adds pairs, sums of 32.
func (p *printer) transformPixels() {
	p.line("")
	for _, c := range []struct {
		name          string
		first, second int16
	}{
		{"r3", 4433 + 6270, 4433}, {"r2", 4433, 4433 - 15137}, // of v2, v6
		{"z3", 9633 - 16069, 9633}, {"z4", 9633, 9633 - 3196}, // of v7+v3, v5+v1
		{"oddA", 2446 - 7373, -7373}, {"oddD", -7373, 12299 - 7373}, // of v7, v1
		{"oddB", 16819 - 20995, -20995}, {"oddC", -20995, 25172 - 20995}, // of v5, v3
	} {
		p.repeated(c.name, pairOf(c.first, c.second), 8)
	}
	const firstShift, secondShift = 11, 18
	p.repeated("firstHalf", 1<<(firstShift-1), 8)
	p.repeated("secondHalf", 1<<(secondShift-1), 8)
	p.repeated("middle", 0x80808080, 8)

	p.text("transformAVX2", "arg *samples")
	p.op("MOVQ %s, SI", samplesCoeff)
	p.op("MOVQ %s, R8", samplesQuant)
	p.op("MOVQ %s, DX", samplesOut)
	p.op("MOVQ %s, R9", samplesStride)
	p.op("LEAQ (R9)(R9*2), R10")
	p.op("MOVQ %s, CX", samplesBlocks)
	p.op("VPXOR Y15, Y15, Y15")
	p.line("block:")
	for i := range 4 {
		p.op("VMOVDQU %d(SI), Y%d", 32*i, i)
		p.op("VPMULLW %d(R8), Y%d, Y%d", 32*i, i, i)
		p.op("VPERMQ $0xd8, Y%d, Y%d", i, i)
	}
	p.transformPass("firstHalf", firstShift)
	// Lines of one result are columns of the next.
	p.op("VPERM2I128 $0x20, Y10, Y6, Y0")
	p.op("VPERM2I128 $0x20, Y11, Y7, Y1")
	p.op("VPERM2I128 $0x31, Y10, Y6, Y2")
	p.op("VPERM2I128 $0x31, Y11, Y7, Y3")
	p.transformPass("secondHalf", secondShift)
	for i, low := range []bool{true, false, true, false} {
		p.op("VPUNPCK%cQDQ Y%d, Y%d, Y%d", "HL"[btoi(low)], 10+i/2, 6+i/2, i)
	}
	p.op("VPACKSSWB Y1, Y0, Y0") // lines 0, 1 and 4, 5
	p.op("VPACKSSWB Y3, Y2, Y2") // lines 2, 3 and 6, 7
	for _, r := range []int{0, 2} {
		p.op("VPXOR middle<>(SB), Y%d, Y%d", r, r)
		p.op("VEXTRACTI128 $1, Y%d, X%d", r, r+1)
	}
	p.op("LEAQ (DX)(R9*4), R11")
	for half, base := range []string{"DX", "R11"} {
		for line := range 4 {
			move := []string{"VMOVQ", "VMOVHPS"}[line%2]
			p.op("%s X%d, %s", move, line/2*2+half, nth(base, "R9", "R10", line))
		}
	}
	p.op("ADDQ $128, SI")
	p.op("ADDQ $8, DX")
	p.op("DECQ CX")
	p.op("JNZ block")
	p.op("VZEROUPPER")
	p.op("RET")
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// transformPass transforms what is in Y0 to Y3, of which it takes eight vectors v0 to v7, and
// transposes the result within lanes: Y6 and Y7 hold results 0 to 3 of positions 0, 1, 4, 5 and
// 2, 3, 6, 7; Y10 and Y11 results 4 to 7.
func (p *printer) transformPass(rounding string, shift int) {
	p.op("VPADDW Y2, Y0, Y4") // v0+v4, v1+v5
	p.op("VPSUBW Y2, Y0, Y5") // v0-v4
	p.op("VPADDW Y3, Y1, Y6") // v3+v7
	p.op("VPUNPCKHWD Y4, Y6, Y6")
	for _, r := range []int{4, 5} { // 13 bits up
		p.op("VPUNPCKLWD Y%d, Y15, Y%d", r, r)
		p.op("VPSRAD $3, Y%d, Y%d", r, r)
		p.op("VPADDD %s<>(SB), Y%d, Y%d", rounding, r, r)
	}
	p.op("VPMADDWD z4<>(SB), Y6, Y7")
	p.op("VPMADDWD z3<>(SB), Y6, Y6")
	p.op("VPUNPCKLWD Y3, Y1, Y8")
	p.op("VPMADDWD r2<>(SB), Y8, Y9")
	p.op("VPMADDWD r3<>(SB), Y8, Y8")
	p.op("VPUNPCKHWD Y0, Y3, Y10")
	p.op("VPMADDWD oddD<>(SB), Y10, Y11")
	p.op("VPMADDWD oddA<>(SB), Y10, Y10")
	p.op("VPADDD Y7, Y11, Y11")
	p.op("VPADDD Y6, Y10, Y10")
	p.op("VPUNPCKHWD Y1, Y2, Y12")
	p.op("VPMADDWD oddC<>(SB), Y12, Y13")
	p.op("VPMADDWD oddB<>(SB), Y12, Y12")
	p.op("VPADDD Y6, Y13, Y13")
	p.op("VPADDD Y7, Y12, Y12")
	p.op("VPADDD Y8, Y4, Y0")
	p.op("VPSUBD Y8, Y4, Y3")
	p.op("VPADDD Y9, Y5, Y1")
	p.op("VPSUBD Y9, Y5, Y2")
	result := [8]int{4, 6, 8, 11, 12, 9, 7, 5}
	for i, odd := range []int{11, 13, 12, 10} {
		p.op("VPADDD Y%d, Y%d, Y%d", odd, i, result[i])
		p.op("VPSUBD Y%d, Y%d, Y%d", odd, i, result[7-i])
	}
	for _, r := range result {
		p.op("VPSRAD $%d, Y%d, Y%d", shift, r, r)
	}
	for i := range 4 {
		p.op("VPACKSSDW Y%d, Y%d, Y%d", result[2*i+1], result[2*i], i)
	}
	for i := range 2 {
		t := 4 + 4*i
		p.op("VPUNPCKLWD Y%d, Y%d, Y%d", 2*i+1, 2*i, t)
		p.op("VPUNPCKHWD Y%d, Y%d, Y%d", 2*i+1, 2*i, t+1)
		p.op("VPUNPCKLWD Y%d, Y%d, Y%d", t+1, t, t+2)
		p.op("VPUNPCKHWD Y%d, Y%d, Y%d", t+1, t, t+3)
	}
}

// doublePixels computes 16 samples and their neighbours at a time, the even results in the low
// bytes and the odd ones in the high bytes of words.
func (p *printer) doublePixels() {
	p.line("")
	for i, name := range []string{"one", "two", "seven", "eight"} {
		n := []uint32{1, 2, 7, 8}[i]
		p.repeated(name, n<<16|n, 8)
	}
	for _, both := range []bool{false, true} {
		name, even, odd, shift := "doubleAVX2", "one", "two", 2
		if both {
			name, even, odd, shift = "bothAVX2", "eight", "seven", 4
		}
		p.text(name, "arg *samples")
		p.op("MOVQ %s, SI", samplesA)
		if both {
			p.op("MOVQ %s, R8", samplesB)
		}
		p.op("MOVQ %s, DX", samplesOut)
		p.op("MOVQ %s, CX", samplesBlocks)
		p.op("VMOVDQU %s<>(SB), Y14", even)
		p.op("VMOVDQU %s<>(SB), Y15", odd)
		p.line("block:")
		for i := range 3 { // the left neighbour, the sample, the right neighbour
			p.op("VPMOVZXBW %d(SI), Y%d", i-1, i)
			if both {
				p.op("VPMOVZXBW %d(R8), Y%d", i-1, 4+i)
				p.op("VPADDW Y%d, Y%d, Y%d", i, 4+i, 4+i)
				p.op("VPADDW Y%d, Y%d, Y%d", i, i, i)
				p.op("VPADDW Y%d, Y%d, Y%d", 4+i, i, i)
			}
		}
		p.op("VPADDW Y1, Y1, Y3")
		p.op("VPADDW Y3, Y1, Y1")
		p.op("VPADDW Y14, Y0, Y0")
		p.op("VPADDW Y15, Y2, Y2")
		for _, r := range []int{0, 2} {
			p.op("VPADDW Y1, Y%d, Y%d", r, r)
			p.op("VPSRLW $%d, Y%d, Y%d", shift, r, r)
		}
		p.op("VPSLLW $8, Y2, Y2")
		p.op("VPOR Y2, Y0, Y0")
		p.op("VMOVDQU Y0, (DX)")
		p.op("ADDQ $16, SI")
		if both {
			p.op("ADDQ $16, R8")
		}
		p.op("ADDQ $32, DX")
		p.op("DECQ CX")
		p.op("JNZ block")
		p.op("VZEROUPPER")
		p.op("RET")
	}
}

// colorPixels converts 16 pixels at a time in words of 16 bits. A product above that is split:
// 1.402 is 1 + 0.402, 1.772 is 2 - 0.228, and 0.714 is 1 - 0.286. The high half of a product of
// twice the chroma, plus one, halved, is the product of the chroma, rounded.
func (p *printer) colorPixels() {
	p.line("")
	word := func(v int16) uint32 { return pairOf(v, v) }
	p.repeated("center", word(128), 8)
	p.repeated("red", word(91881-1<<16), 8)
	p.repeated("blue", word(116130-2<<16), 8)
	p.repeated("green", pairOf(-22554, 1<<16-46802), 8)
	p.repeated("greenHalf", 1<<15, 8)
	p.threads("pixelBytes")
	p.text("colorAVX2", "arg *samples")
	p.op("MOVQ %s, SI", samplesA)
	p.op("MOVQ %s, R8", samplesB)
	p.op("MOVQ %s, R9", samplesC)
	p.op("MOVQ %s, DX", samplesOut)
	p.op("MOVQ %s, CX", samplesBlocks)
	p.op("VMOVDQU one<>(SB), Y15")
	p.op("VMOVDQU center<>(SB), Y14")
	p.op("VMOVDQU red<>(SB), Y13")
	p.op("VMOVDQU blue<>(SB), Y12")
	p.op("VMOVDQU green<>(SB), Y11")
	p.op("VMOVDQU greenHalf<>(SB), Y10")
	p.line("block:")
	p.op("VPMOVZXBW (SI), Y0")
	p.op("VPMOVZXBW (R8), Y1")
	p.op("VPMOVZXBW (R9), Y2")
	p.op("VPSUBW Y14, Y1, Y1")
	p.op("VPSUBW Y14, Y2, Y2")
	p.op("VPUNPCKLWD Y2, Y1, Y5")
	p.op("VPUNPCKHWD Y2, Y1, Y6")
	for _, r := range []int{5, 6} {
		p.op("VPMADDWD Y11, Y%d, Y%d", r, r)
		p.op("VPADDD Y10, Y%d, Y%d", r, r)
		p.op("VPSRAD $16, Y%d, Y%d", r, r)
	}
	p.op("VPACKSSDW Y6, Y5, Y4")
	p.op("VPSUBW Y2, Y4, Y4")
	p.op("VPADDW Y2, Y2, Y3")
	p.op("VPADDW Y1, Y1, Y1")
	p.op("VPMULHW Y13, Y3, Y3")
	p.op("VPMULHW Y12, Y1, Y5")
	for _, r := range []int{3, 5} {
		p.op("VPADDW Y15, Y%d, Y%d", r, r)
		p.op("VPSRAW $1, Y%d, Y%d", r, r)
	}
	p.op("VPADDW Y2, Y3, Y3")
	p.op("VPADDW Y1, Y5, Y5")
	for r := 3; r <= 5; r++ {
		p.op("VPADDW Y0, Y%d, Y%d", r, r)
		p.op("VEXTRACTI128 $1, Y%d, X6", r)
		p.op("VPACKUSWB X6, X%d, X%d", r, r)
	}
	for out := range 3 {
		for plane := range 3 {
			p.op("VPSHUFB pixelBytes<>+%d(SB), X%d, X%d", (out*3+plane)*16, 3+plane, 6+plane)
		}
		p.op("VPOR X6, X7, X6")
		p.op("VPOR X6, X8, X6")
		p.op("VMOVDQU X6, %d(DX)", 16*out)
	}
	p.op("ADDQ $16, SI")
	p.op("ADDQ $16, R8")
	p.op("ADDQ $16, R9")
	p.op("ADDQ $48, DX")
	p.op("DECQ CX")
	p.op("JNZ block")
	p.op("VZEROUPPER")
	p.op("RET")
}

// threads writes, for each 16 bytes of 16 interleaved pixels, which bytes of each of three
// planes they are: nine operands of VPSHUFB.
func (p *printer) threads(name string) {
	for out := range 3 {
		for plane := range 3 {
			for half := range 2 {
				var word uint64
				for i := range 8 {
					at, b := 16*out+8*half+i, uint64(0x80)
					if at%3 == plane {
						b = uint64(at / 3)
					}
					word |= b << (8 * i)
				}
				p.line("DATA %s<>+%d(SB)/8, $0x%016x", name, (out*3+plane)*16+half*8, word)
			}
		}
	}
	p.line("GLOBL %s<>(SB), RODATA|NOPTR, $144", name)
}

// rowPixels makes a pixel at a time, of two taps at a time: a lane holds one of them.
func (p *printer) rowPixels() {
	p.line("")
	p.repeated("roundOne", 1<<21, 4)
	p.line("DATA twoPixels<>+0(SB)/8, $0x8005040380020100")
	p.line("DATA twoPixels<>+8(SB)/8, $0x8080808080808080")
	p.line("GLOBL twoPixels<>(SB), RODATA|NOPTR, $16")
	for i := range 8 {
		p.line("DATA eachLane<>+%d(SB)/4, $%d", 4*i, i/4)
	}
	p.line("GLOBL eachLane<>(SB), RODATA|NOPTR, $32")
	p.text("rowAVX2", "arg *samples")
	p.op("MOVQ %s, SI", samplesA)
	p.op("MOVQ %s, R8", samplesStarts)
	p.op("MOVQ %s, R9", samplesWeights)
	p.op("MOVQ %s, R10", samplesTaps)
	p.op("MOVQ %s, DX", samplesOut)
	p.op("MOVQ %s, CX", samplesBlocks)
	p.op("VMOVDQU roundOne<>(SB), X15")
	p.op("VMOVDQU twoPixels<>(SB), X14")
	p.op("VMOVDQU eachLane<>(SB), Y13")
	p.line("pixel:")
	p.op("MOVLQSX (R8), AX")
	p.op("LEAQ (AX)(AX*2), AX")
	p.op("ADDQ SI, AX")
	p.op("VMOVDQA X15, X0")
	p.op("MOVQ R10, BX")
	p.line("taps:")
	p.op("VPBROADCASTQ (R9), Y1")
	p.op("VPERMILPS Y13, Y1, Y1")
	p.op("VMOVQ (AX), X2")
	p.op("VPSHUFB X14, X2, X2")
	p.op("VPMOVZXBD X2, Y2")
	p.op("VPMULLD Y1, Y2, Y2")
	p.op("VPADDD Y2, Y0, Y0")
	p.op("ADDQ $6, AX")
	p.op("ADDQ $8, R9")
	p.op("DECQ BX")
	p.op("JNZ taps")
	p.op("VEXTRACTI128 $1, Y0, X1")
	p.op("VPADDD X1, X0, X0")
	p.op("VPSRAD $22, X0, X0")
	p.op("VPACKSSDW X0, X0, X0")
	p.op("VPACKUSWB X0, X0, X0")
	p.op("VPEXTRW $0, X0, (DX)")
	p.op("VPEXTRB $2, X0, 2(DX)")
	p.op("ADDQ $4, R8")
	p.op("ADDQ $3, DX")
	p.op("DECQ CX")
	p.op("JNZ pixel")
	p.op("VZEROUPPER")
	p.op("RET")
}

// columnPixels makes 32 bytes at a time.
func (p *printer) columnPixels() {
	p.line("")
	p.repeated("roundAll", 1<<21, 8)
	for i := range 8 {
		p.line("DATA laneOrder<>+%d(SB)/4, $%d", 4*i, i/2+i%2*4)
	}
	p.line("GLOBL laneOrder<>(SB), RODATA|NOPTR, $32")
	p.text("columnAVX2", "arg *samples")
	p.op("MOVQ %s, SI", samplesA)
	p.op("MOVQ %s, DX", samplesOut)
	p.op("MOVQ %s, R8", samplesStride)
	p.op("MOVQ %s, CX", samplesBlocks)
	p.op("VMOVDQU roundAll<>(SB), Y15")
	p.op("VMOVDQU laneOrder<>(SB), Y14")
	p.line("block:")
	for i := range 4 {
		p.op("VMOVDQA Y15, Y%d", i)
	}
	p.op("MOVQ SI, AX")
	p.op("MOVQ %s, R9", samplesWeights)
	p.op("MOVQ %s, BX", samplesTaps)
	p.line("taps:")
	p.op("VPBROADCASTD (R9), Y8")
	for i := range 4 {
		p.op("VPMOVZXBD %d(AX), Y%d", 8*i, 4+i)
		p.op("VPMULLD Y8, Y%d, Y%d", 4+i, 4+i)
		p.op("VPADDD Y%d, Y%d, Y%d", 4+i, i, i)
	}
	p.op("ADDQ R8, AX")
	p.op("ADDQ $4, R9")
	p.op("DECQ BX")
	p.op("JNZ taps")
	for i := range 4 {
		p.op("VPSRAD $22, Y%d, Y%d", i, i)
	}
	p.op("VPACKSSDW Y1, Y0, Y0")
	p.op("VPACKSSDW Y3, Y2, Y2")
	p.op("VPACKUSWB Y2, Y0, Y0")
	p.op("VPERMD Y0, Y14, Y0")
	p.op("VMOVDQU Y0, (DX)")
	p.op("ADDQ $32, SI")
	p.op("ADDQ $32, DX")
	p.op("DECQ CX")
	p.op("JNZ block")
	p.op("VZEROUPPER")
	p.op("RET")
}
