package main

// broadcast loads a number of the argument to all lanes.
func (a arm64) broadcast(field string, to int) {
	a.op("MOVWU %s, %s", at(field), temp)
	a.op("VDUP %s, %s", temp, words4(to))
}

// clamp bounds vectors of float32 by two others; the eight from masks on are overwritten. It
// compares, which lets NaN pass, since FMAX and FMIN make zeros of -0 positive.
func (a arm64) clamp(numbers []int, lo, hi, masks int) {
	for _, above := range []bool{false, true} {
		limit := lo
		if above {
			limit = hi
		}
		for first := 0; first < len(numbers); first += 8 {
			some := numbers[first:min(first+8, len(numbers))]
			for i, v := range some {
				if above {
					a.v("fcmgt 4s", masks+i, v, limit)
				} else {
					a.v("fcmgt 4s", masks+i, limit, v)
				}
			}
			for i, v := range some {
				a.op("VBIT %s, %s, %s", bytes16(masks+i), bytes16(limit), bytes16(v))
			}
		}
	}
}

// stores returns stores of count vectors, in pairs, as loads does.
func (a arm64) stores(from, count, offset int, register string) []string {
	return a.lines(func() {
		for ; count > 1; count -= 2 {
			a.op("FSTPQ (F%d, F%d), %d(%s)", from, from+1, offset, register)
			offset, from = offset+32, from+2
		}
		if count > 0 {
			a.op("FMOVQ F%d, %d(%s)", from, offset, register)
		}
	})
}

// sshr shifts words to the right, and keeps their signs.
func (a arm64) sshr(to, from, by int) {
	a.op("WORD $0x%08x // sshr v%d.4s, v%d.4s, #%d", 0x4f000400|(64-by)<<16|from<<5|to, to, from, by)
}

// loadPart loads the first one to four numbers of a vector, as many as a register says; lanes
// beyond are zero. The vector spare is overwritten.
func (a arm64) loadPart(count string, offset int, register string, to, spare int, label string) {
	a.op("TBZ $2, %s, %sLess", count, label)
	a.op("FMOVQ %d(%s), F%d", offset, register, to)
	a.op("B %sLoaded", label)
	a.line("%sLess:", label)
	a.op("TBZ $1, %s, %sOne", count, label)
	a.op("FMOVD %d(%s), F%d", offset, register, to)
	a.op("TBZ $0, %s, %sLoaded", count, label)
	a.op("FMOVS %d(%s), F%d", offset+8, register, spare)
	a.op("VMOV V%d.D[0], V%d.D[1]", spare, to)
	a.op("B %sLoaded", label)
	a.line("%sOne:", label)
	a.op("FMOVS %d(%s), F%d", offset, register, to)
	a.line("%sLoaded:", label)
}

// storePart is the inverse of loadPart; what lies behind stays as it is.
func (a arm64) storePart(count string, from, offset int, register string, spare int, label string) {
	a.op("TBZ $2, %s, %sLess", count, label)
	a.op("FMOVQ F%d, %d(%s)", from, offset, register)
	a.op("B %sStored", label)
	a.line("%sLess:", label)
	a.op("TBZ $1, %s, %sOne", count, label)
	a.op("FMOVD F%d, %d(%s)", from, offset, register)
	a.op("TBZ $0, %s, %sStored", count, label)
	a.op("VMOV V%d.D[1], V%d.D[0]", from, spare)
	a.op("FMOVS F%d, %d(%s)", spare, offset+8, register)
	a.op("B %sStored", label)
	a.line("%sOne:", label)
	a.op("FMOVS F%d, %d(%s)", from, offset, register)
	a.line("%sStored:", label)
}
