package main

import "fmt"

// winograd32NEON writes the transforms, a vector of four channels at a time.
func winograd32NEON(p *printer) {
	w := arm64Winograd32{arm64{p}}
	w.spread()
	w.fold()
}

type arm64Winograd32 struct{ arm64 }

func (w arm64Winograd32) add(a, b, c int) { w.v("fadd 4s", c, a, b) }
func (w arm64Winograd32) sub(a, b, c int) { w.v("fsub 4s", c, a, b) }

// spread transforms the input of tiles, B' d B. Rows of a tile are in vectors 0 to 15, rows of
// B'd and of the result in two buffers each, in turns.
func (w arm64Winograd32) spread() {
	const to, points, store, offset = "R1", "R3", "R21", "R22"
	const x, pad, nextTap, tiles, left = "R23", "R24", "R25", "R26", "R22"
	pixel := func(tap int) string { // R4 to R17, R19 and R20
		if tap > 13 {
			tap++
		}
		return fmt.Sprintf("R%d", 4+tap)
	}
	w.text("spreadNEON", "arg *transform")
	for _, f := range []struct{ field, register string }{
		{spreadTo, to}, {spreadPoints, points}, {spreadCount, tiles}, {cursorX, x}, {cursorPad, pad}, {cursorNextTap, nextTap},
	} {
		w.op("MOVD %s, %s", at(f.field), f.register)
	}
	w.op("MOVD %s, %s", at(cursorOffset), temp)
	w.line("tile:")
	w.op("MOVD %s, %s", temp, offset)
	for tap := range 16 {
		w.op("MOVW (%s), %s", offset, pixel(tap))
		w.op("ADD %s, %s", nextTap, offset)
	}
	for tap := range 16 {
		w.op("CMP $0, %s", pixel(tap))
		w.op("ADD %s<<2, %s, %[1]s", pixel(tap), x)
		w.op("CSEL LT, %s, %s, %[2]s // padding", pad, pixel(tap))
	}
	w.op("MOVD %s, %s", at(spreadChannels), left)
	w.line("channels:")
	w.op("MOVD %s, %s", to, store)
	w.op("ADD $16, %s", to)
	for _, row := range []int{0, 2, 1, 3} { // in the order in which rows are needed
		for col := range 4 {
			w.op("FMOVQ.P 16(%s), F%d", pixel(4*row+col), 4*row+col)
		}
	}
	for row := range 4 {
		b, r := 16+row%2*4, 24+row%2*4
		for col := range 4 {
			one, two, three := 4+col, 8+col, 12+col
			switch row {
			case 0:
				w.sub(col, two, b+col)
			case 1:
				w.add(one, two, b+col)
			case 2:
				w.sub(two, one, b+col)
			case 3:
				w.sub(one, three, b+col)
			}
		}
		w.sub(b, b+2, r)
		w.add(b+1, b+2, r+1)
		w.sub(b+2, b+1, r+2)
		w.sub(b+1, b+3, r+3)
		for col := range 4 {
			w.op("VST1.P [%s], (%s)(%s)", words4(r+col), store, points)
		}
	}
	w.op("SUBS $4, %s", left)
	w.op("BGT channels")
	w.op("ADD $4, %s", temp)
	w.op("SUBS $1, %s", tiles)
	w.op("BNE tile")
	w.op("RET")
}

// fold transforms the products of tiles to output pixels, A' S A: products are in vectors 0 to
// 15, A'S in 16 to 23.
func (w arm64Winograd32) fold() {
	const sums, points, ld, to, nextTo = "R1", "R4", "R5", "R6", "R7"
	const out, nowhere, biases, tiles, offset = "R8", "R9", "R10", "R11", "R12"
	const left, from, biasAt = "R13", "R14", "R15"
	const pixels = 19 // R19 to R22
	const first, second, result, bias, lo, hi = 16, 20, 24, 28, 29, 30
	w.text("foldNEON", "arg *fold")
	for _, f := range []struct{ field, register string }{
		{fold32Sums, sums}, {fold32Points, points}, {fold32LD, ld}, {fold32To, to}, {fold32NextTo, nextTo},
		{fold32Out, out}, {fold32Nowhere, nowhere}, {fold32Bias, biases}, {fold32Count, tiles},
	} {
		w.op("MOVD %s, %s", at(f.field), f.register)
	}
	w.broadcast(fold32Lo, lo)
	w.broadcast(fold32Hi, hi)
	w.line("tile:")
	w.op("MOVD %s, %s", to, offset)
	for pixel := range 4 {
		w.op("MOVW (%s), R%d", offset, pixels+pixel)
		w.op("ADD %s, %s", nextTo, offset)
	}
	for pixel := range 4 {
		w.op("CMP $0, R%d", pixels+pixel)
		w.op("ADD R%d<<2, %s, R%[1]d", pixels+pixel, out)
		w.op("CSEL LT, %s, R%d, R%[2]d // outside the image", nowhere, pixels+pixel)
	}
	w.op("MOVD %s, %s", at(fold32Channels), left)
	w.op("MOVD %s, %s", sums, temp)
	w.op("MOVD %s, %s", biases, biasAt)
	w.line("channels:")
	w.op("MOVD %s, %s", temp, from)
	w.op("ADD $16, %s", temp)
	for i := range 16 {
		w.op("VLD1.P (%s)(%s), [%s]", from, points, words4(i))
	}
	w.op("FMOVQ.P 16(%s), F%d", biasAt, bias)
	for col := range 4 {
		w.add(col, 4+col, first+col)
	}
	for col := range 4 {
		w.sub(4+col, 8+col, second+col)
	}
	for col := range 4 {
		w.add(first+col, 8+col, first+col)
	}
	for col := range 4 {
		w.sub(second+col, 12+col, second+col)
	}
	for i := range 2 {
		s := first + 4*i
		w.add(s, s+1, result+2*i)
		w.sub(s+1, s+2, result+2*i+1)
	}
	for i := range 2 {
		s := first + 4*i
		w.add(result+2*i, s+2, result+2*i)
		w.sub(result+2*i+1, s+3, result+2*i+1)
	}
	var all []int
	for pixel := range 4 {
		w.add(result+pixel, bias, result+pixel)
		all = append(all, result+pixel)
	}
	w.clamp(all, lo, hi, 0)
	for pixel := range 4 {
		w.op("FMOVQ.P F%d, 16(R%d)", result+pixel, pixels+pixel)
	}
	w.op("SUBS $4, %s", left)
	w.op("BGT channels")
	w.op("ADD $4, %s", to)
	w.op("ADD %s, %s", ld, sums)
	w.op("SUBS $1, %s", tiles)
	w.op("BNE tile")
	w.op("RET")
}
