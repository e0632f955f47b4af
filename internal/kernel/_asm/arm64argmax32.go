package main

import "fmt"

// argmax32NEON writes the routine that finds the maximum of each window and the tap that it is
// at: for four vectors of channels at a time, then for single ones.
func argmax32NEON(p *printer) {
	const (
		x, pad, offsets, out, which  = "R1", "R4", "R5", "R6", "R7"
		taps, count, channels, pitch = "R8", "R9", "R10", "R11"
		at0, next, left, pixel       = "R12", "R13", "R14", "R15" // channel, offset, taps left
		xAt, padAt                   = "R16", "R17"

		best, where, number, more = 0, 4, 8, 12
		tap, one                  = 16, 17
	)
	a := arm64{p}
	a.text("pixelsNEON", "arg *pixels")
	for _, f := range []struct{ field, register string }{
		{argmaxX, x}, {argmaxPad, pad}, {argmaxOffset, offsets}, {argmaxOut, out}, {argmaxWhich, which},
		{argmaxTaps, taps}, {argmaxCount, count}, {argmaxSize, channels}, {argmaxPixel, pitch},
	} {
		a.op("MOVD %s, %s", at(f.field), f.register)
	}
	a.op("MOVD $1, %s", temp)
	a.op("VDUP %s, %s", temp, words4(one))
	a.line("pixel:")
	a.op("MOVD ZR, %s", at0)
	for _, vectors := range []int{4, 1} {
		label := fmt.Sprintf("channels%d", 4*vectors)
		load := func(to int) {
			a.op("MOVW.P 4(%s), %s", next, pixel)
			a.op("CMP $0, %s", pixel)
			a.op("ADD %s<<2, %s, %[1]s", pixel, xAt)
			a.op("CSEL LT, %s, %s, %[2]s // padding", padAt, pixel)
			a.print(a.loads(vectors, 0, pixel, to))
		}
		a.line("%s:", label)
		a.op("ADD $%d, %s, %s", 4*vectors, at0, temp)
		a.op("CMP %s, %s", channels, temp)
		a.op("BGT %sEnd", label)
		a.op("ADD %s<<2, %s, %s", at0, x, xAt)
		a.op("ADD %s<<2, %s, %s", at0, pad, padAt)
		a.op("MOVD %s, %s", offsets, next)
		load(best)
		for j := range vectors {
			a.op("VEOR %s, %[1]s, %[1]s", bytes16(where+j))
		}
		a.op("VEOR %s, %[1]s, %[1]s", bytes16(tap))
		a.op("SUBS $1, %s, %s", taps, left)
		a.op("BEQ %sStore", label)
		a.line("%sTap:", label)
		load(number)
		a.op("VADD %s, %s, %[2]s", words4(one), words4(tap))
		for j := range vectors {
			a.v("fcmgt 4s", more+j, number+j, best+j)
		}
		for j := range vectors {
			a.op("VBIT %s, %s, %s", bytes16(more+j), bytes16(number+j), bytes16(best+j))
			a.op("VBIT %s, %s, %s", bytes16(more+j), bytes16(tap), bytes16(where+j))
		}
		a.op("SUBS $1, %s", left)
		a.op("BNE %sTap", label)
		a.line("%sStore:", label)
		a.op("ADD %s<<2, %s, %s", at0, out, temp)
		a.print(a.stores(best, vectors, 0, temp))
		even := func(low, high int, arr func(int) string) {
			a.op("VUZP1 %s, %s, %s", arr(high), arr(low), arr(low))
		}
		for j := 0; j < vectors; j += 2 {
			even(where+j, where+min(j+1, vectors-1), halves8)
		}
		even(where, where+vectors/4*2, bytes16)
		a.op("ADD %s, %s, %s", at0, which, temp)
		a.op("%s F%d, (%s)", map[int]string{1: "FMOVS", 4: "FMOVQ"}[vectors], where, temp)
		a.op("ADD $%d, %s", 4*vectors, at0)
		a.op("B %s", label)
		a.line("%sEnd:", label)
	}
	a.op("ADD %s<<2, %s, %[2]s", taps, offsets)
	a.op("ADD %s<<2, %s, %[2]s", pitch, out)
	a.op("ADD %s, %s", pitch, which)
	a.op("SUBS $1, %s", count)
	a.op("BNE pixel")
	a.op("RET")
}
