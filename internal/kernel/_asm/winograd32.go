package main

func winograd32AVX512(p *printer) { winograd32{p, avx512}.write() }
func winograd32AVX2(p *printer)   { winograd32{p, avx2}.write() }

// winograd32 writes the transforms for one width of vectors.
type winograd32 struct {
	*printer
	lanes
}

func (w winograd32) write() {
	winogradInput{w.lanes, 4, 4, "VMOVUPS", "VMOVUPS", "VADDPS", "VSUBPS"}.write(w.printer)
	w.fold()
}

// three writes c = a op b.
func (w winograd32) three(op string, a, b, c int) { w.op("%s %s, %s, %s", op, w.r(b), w.r(a), w.r(c)) }

func (w winograd32) add(a, b, c int) { w.three("VADDPS", a, b, c) }
func (w winograd32) sub(a, b, c int) { w.three("VSUBPS", a, b, c) }

// The fields of winograd32.fold.
const (
	fold32Sums, fold32Points   = "0(DI)", "8(DI)"
	fold32LD                   = "16(DI)"
	fold32To, fold32NextTo     = "24(DI)", "32(DI)"
	fold32Out, fold32Nowhere   = "40(DI)", "48(DI)"
	fold32Bias, fold32Channels = "56(DI)", "64(DI)"
	fold32Count                = "72(DI)"
	fold32Lo, fold32Hi         = "80(DI)", "84(DI)"
	fold32Pixels               = 88
)

// fold transforms the products of tiles to output pixels, a vector of channels at a time.
func (w winograd32) fold() {
	bias, lo, hi := 13, 14, 15
	w.text("fold"+w.isa, "arg *fold")
	w.op("MOVQ %s, SI", fold32Sums)
	w.op("MOVQ %s, R9", fold32Points)
	w.op("LEAQ (R9)(R9*2), R10")
	w.op("MOVQ %s, R8", fold32To)
	w.op("MOVQ %s, R12", fold32Bias)
	w.op("VBROADCASTSS %s, %s", fold32Lo, w.r(lo))
	w.op("VBROADCASTSS %s, %s", fold32Hi, w.r(hi))
	w.line("tile:")
	w.op("MOVQ %s, DX", fold32Out)
	w.op("MOVQ R8, R11")
	for pixel := range 4 {
		w.op("MOVLQSX (R11), AX")
		w.op("ADDQ %s, R11", fold32NextTo)
		w.op("TESTQ AX, AX")
		w.op("LEAQ (DX)(AX*4), AX")
		w.op("CMOVQLT %s, AX", fold32Nowhere)
		w.op("MOVQ AX, %d(DI)", fold32Pixels+8*pixel)
	}
	w.op("XORQ CX, CX")
	w.line("channels:")
	// A' from the left: 0 to 3 are the first row, 4 to 7 the second.
	w.op("LEAQ (SI)(CX*4), R11")
	at := []string{"(R11)", "(R11)(R9*1)", "(R11)(R9*2)", "(R11)(R10*1)"}
	for row := range 4 {
		for col := range 4 {
			s := 8 + col
			if row == 0 {
				s = col
			}
			w.op("VMOVUPS %s, %s", at[col], w.r(s))
			switch row {
			case 1:
				w.add(col, s, col)
				w.op("VMOVAPS %s, %s", w.r(s), w.r(4+col))
			case 2:
				w.add(col, s, col)
				w.sub(4+col, s, 4+col)
			case 3:
				w.sub(4+col, s, 4+col)
			}
		}
		if row < 3 {
			w.op("LEAQ (R11)(R9*4), R11")
		}
	}
	w.op("VMOVUPS (R12)(CX*4), %s", w.r(bias))
	// Then from the right.
	for i := range 2 {
		t := 4 * i
		w.add(t, t+1, 8)
		w.add(8, t+2, 8)
		w.sub(t+1, t+2, 9)
		w.sub(9, t+3, 9)
		for j := range 2 {
			v := w.r(8 + j)
			w.add(8+j, bias, 8+j)
			w.op("VMAXPS %s, %s, %s", v, w.r(lo), v)
			w.op("VMINPS %s, %s, %s", v, w.r(hi), v)
			w.op("MOVQ %d(DI), BX", fold32Pixels+8*(2*i+j))
			w.op("VMOVUPS %s, (BX)(CX*4)", v)
		}
	}
	w.op("ADDQ $%d, CX", w.bytes/4)
	w.op("CMPQ CX, %s", fold32Channels)
	w.op("JLT channels")
	w.op("ADDQ $4, R8")
	w.op("ADDQ %s, SI", fold32LD)
	w.op("DECQ %s", fold32Count)
	w.op("JNZ tile")
	w.op("VZEROUPPER")
	w.op("RET")
}
