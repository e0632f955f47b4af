//go:build (amd64 || arm64) && !noasm

package elementwise8

import "math"

// codes is the argument of an assembly routine: blocks of 64 or 32 codes of a
// and b, by the rule in its name. The meaning of the words depends on the rule. For a
// table, b points to it.
type codes struct {
	a, b, out *uint8
	blocks    int
	word      [6]uint32
	zero      int32
	zero16    int16
	lo, hi    uint8
}

func newCodes(zero, lo, hi int32) codes {
	return codes{zero: zero, zero16: int16(zero), lo: uint8(lo), hi: uint8(hi)}
}

func (c *Call) runMap(block int) {
	n := len(c.Out)
	whole := n / block * block
	x := c.A[:n]
	if whole > 0 {
		a := codes{a: &x[0], b: &c.Unary[0], out: &c.Out[0], blocks: whole / block}
		a.compute(Map, block)
	}
	for i, v := range x[whole:] {
		c.Out[whole+i] = c.Unary[v]
	}
}

func (c *Call) runAddFloat(block int) { c.run(c.sum(), AddFloat, block) }

// sum is the argument of routines that add by the float rule.
func (c *Call) sum() codes {
	r := &c.AddFloat
	a := newCodes(r.Q.Zero, r.Q.Lo, r.Q.Hi)
	for i, v := range [...]float32{r.ScaleA, r.OffsetA, r.ScaleB, r.OffsetB, r.Q.Inv, 2147483520} {
		a.word[i] = math.Float32bits(v)
	}
	return a
}

func (c *Call) runAddFixed(block int) {
	r := &c.AddFixed
	a := newCodes(r.Zero, r.Lo, r.Hi)
	mask := uint32(1)<<r.Shift - 1
	a.word = [6]uint32{uint32(r.MultA), uint32(r.MultB), uint32(r.Bias), mask, mask >> 1, uint32(r.Shift)}
	c.run(a, AddFixed, block)
}

func (c *Call) runAddSigned(block int) { c.run(c.sum(), AddSigned, block) }

func (c *Call) runMul(block int) { c.run(c.product(), Mul, block) }

func (c *Call) runMulEarly(block int) { c.run(c.product(), MulEarly, block) }

// product is the argument of routines that multiply.
func (c *Call) product() codes {
	r := &c.Mul
	a := newCodes(r.Zero, r.Lo, r.Hi)
	a.word = [6]uint32{uint32(r.AZero), uint32(r.BZero), math.Float32bits(r.Mult), math.Float32bits(r.Summand),
		5: large(255*255*abs(r.Mult) + abs(r.Summand))}
	return a
}

// ratio is the argument of routines that add by ONNX Runtime's rule.
func (c *Call) ratio() codes {
	r := &c.AddRatio
	a := newCodes(0, r.Lo, r.Hi)
	a.word = [6]uint32{math.Float32bits(r.RatioA), math.Float32bits(r.RatioB), math.Float32bits(r.Fixed),
		5: large(255*(abs(r.RatioA)+abs(r.RatioB)) + abs(r.Fixed))}
	return a
}

func abs(x float32) float64 { return math.Abs(float64(x)) }

// large is the last word of rules whose results may be as large as bound: 1 where int32 may
// not hold one, else 0.
func large(bound float64) uint32 {
	if bound < 1<<30 {
		return 0
	}
	return 1 // also NaN
}

// run computes whole blocks in place and the rest in a block of its own.
func (c *Call) run(a codes, f Function, block int) {
	n := len(c.Out)
	whole := n / block * block
	x, y := c.A[:n], c.B[:n]
	if whole > 0 {
		a.a, a.b, a.out, a.blocks = &x[0], &y[0], &c.Out[0], whole/block
		a.compute(f, block)
	}
	if whole < n {
		var rest [3][64]uint8
		copy(rest[0][:], x[whole:])
		copy(rest[1][:], y[whole:])
		a.a, a.b, a.out, a.blocks = &rest[0][0], &rest[1][0], &rest[2][0], 1
		a.compute(f, block)
		copy(c.Out[whole:], rest[2][:])
	}
}
