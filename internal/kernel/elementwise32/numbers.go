//go:build (amd64 || arm64) && !noasm

package elementwise32

// wide is the largest number of numbers that a routine takes at a time.
const wide = 16

// numbers is the argument of an assembly routine: vectors of 16 or 8 numbers. On
// arm64 these are four registers.
type numbers struct {
	a, b, c, out *float32
	vectors      int
	lo, hi       float32
}

// run computes whole vectors in place and the rest in a vector of its own.
func (c *Call) run(f Function, lanes int) {
	n := len(c.Out)
	whole := n / lanes * lanes
	operands := [3][]float32{c.A, c.B, c.C}
	for i := range operands {
		if i < f.operands() {
			operands[i] = operands[i][:n]
		} else {
			operands[i] = nil
		}
	}
	a := numbers{lo: c.Lo, hi: c.Hi}
	at := [3]**float32{&a.a, &a.b, &a.c}
	if whole > 0 {
		for i, x := range operands {
			if x != nil {
				*at[i] = &x[0]
			}
		}
		a.out, a.vectors = &c.Out[0], whole/lanes
		a.compute(f, lanes)
	}
	if whole < n {
		var rest [3][wide]float32
		for i, x := range operands {
			if x != nil {
				copy(rest[i][:], x[whole:])
			}
		}
		a.a, a.b, a.c, a.out, a.vectors = &rest[0][0], &rest[1][0], &rest[2][0], &rest[0][0], 1
		a.compute(f, lanes)
		copy(c.Out[whole:], rest[0][:])
	}
}
