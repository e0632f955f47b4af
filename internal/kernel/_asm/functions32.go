package main

import (
	"fmt"
	"math"
	"strings"
)

// The constants of internal/real32: the functions here take the same steps.
const (
	half      = 3 << 22
	ln2High   = 0.693359375
	ln2Low    = -2.12194440e-4
	tanhSmall = 0.625
	normalEnd = 6
)

var (
	expTerms  = []float32{0.5000000095694697, 0.16666518303908412, 0.04166620416603714, 0.008368953708403383, 0.0013950600301182864}
	tanhTerms = []float32{-0.3333327831351307, 0.13331328918664045, -0.053729227047918666, 0.020601999166642224, -0.005660780474363301}

	normalTerms = []float32{
		-0.6931471119904948, -0.7978880923040839, 0.1817198566301465, -0.03643090260276177, 0.004933140829603281,
		-9.473361805609608e-05, -0.0001489472497651318, 4.016876966890815e-05, -5.4355858680146775e-06, 3.963876014938285e-07,
		-1.2341030763595077e-08,
	}
)

// functions32 writes functions of a vector of float32. x is the operand and the result; the
// other registers are overwritten. Every sum and product is rounded, as in plain Go.
type functions32 struct {
	*printer
	lanes
	x, s, n, r, p, y, v string

	bits []uint32 // of the constants
}

func newFunctions32(p *printer, l lanes, x, first int) *functions32 {
	f := &functions32{printer: p, lanes: l, x: l.r(x)}
	for i, reg := range []*string{&f.s, &f.n, &f.r, &f.p, &f.y, &f.v} {
		*reg = l.r(first + i)
	}
	return f
}

// word names a constant vector whose lanes hold these bits.
func (f *functions32) word(bits uint32) string {
	for i, b := range f.bits {
		if b == bits {
			return fmt.Sprintf("reals<>+%d(SB)", i*f.bytes)
		}
	}
	f.bits = append(f.bits, bits)
	return fmt.Sprintf("reals<>+%d(SB)", (len(f.bits)-1)*f.bytes)
}

// real names a constant vector of one number.
func (f *functions32) real(v float32) string { return f.word(math.Float32bits(v)) }

// constants writes the data of all constants that word has named.
func (f *functions32) constants() {
	f.line("")
	for i, b := range f.bits {
		for at := 0; at < f.bytes; at += 8 {
			f.line("DATA reals<>+%d(SB)/8, $0x%08x%08x", i*f.bytes+at, b, b)
		}
	}
	f.line("GLOBL reals<>(SB), RODATA|NOPTR, $%d", len(f.bits)*f.bytes)
}

func (f *functions32) and() string { return f.either("VPAND", "VPANDD") }
func (f *functions32) xor() string { return f.either("VPXOR", "VPXORD") }

// within bounds a register by a constant, as the second source, which lets NaN pass.
func (f *functions32) within(op string, limit float32, reg, to string) {
	f.op("VMOVUPS %s, %s", f.real(limit), f.s)
	f.op("%s %s, %s, %s", op, reg, f.s, to)
}

// horner leaves in p the value of a polynomial of reg, by Horner's rule.
func (f *functions32) horner(terms []float32, reg string) {
	f.op("VMOVUPS %s, %s", f.real(terms[len(terms)-1]), f.p)
	for i := len(terms) - 2; i >= 0; i-- {
		f.op("VMULPS %s, %s, %[2]s", reg, f.p)
		f.op("VADDPS %s, %s, %[2]s", f.real(terms[i]), f.p)
	}
}

// twice writes a function of x and, instruction by instruction between those, of second, for which
// it takes other registers.
func (f *functions32) twice(value func(), second string, others []string) {
	written := func() []string {
		from := f.Len()
		value()
		text := string(f.Bytes()[from:])
		f.Truncate(from)
		return strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")
	}
	one, was := written(), *f
	f.x, f.s, f.n, f.r, f.p, f.y, f.v = second, others[0], others[1], others[2], others[3], others[4], others[5]
	two := written()
	bits := f.bits
	*f = was
	f.bits = bits
	for i := range one {
		f.line("%s", strings.TrimSuffix(one[i], "\n"))
		f.line("%s", strings.TrimSuffix(two[i], "\n"))
	}
}

// exp changes x, s, n, r and p.
func (f *functions32) exp() {
	f.within("VMAXPS", -105, f.x, f.x)
	f.within("VMINPS", 89, f.x, f.x)
	f.op("VMULPS %s, %s, %s", f.real(math.Log2E), f.x, f.s)
	f.op("VADDPS %s, %s, %[2]s", f.real(half), f.s)
	f.op("VSUBPS %s, %s, %s", f.real(half), f.s, f.n)
	f.op("VMULPS %s, %s, %s", f.real(ln2High), f.n, f.r)
	f.op("VSUBPS %s, %s, %[2]s", f.r, f.x)
	f.op("VMULPS %s, %s, %s", f.real(ln2Low), f.n, f.r)
	f.op("VSUBPS %s, %s, %[1]s", f.r, f.x)
	f.horner(expTerms, f.r)
	f.op("VMULPS %s, %[1]s, %s", f.r, f.n)
	f.op("VMULPS %s, %s, %[2]s", f.n, f.p)
	f.op("VADDPS %s, %s, %[2]s", f.r, f.p)
	f.op("VADDPS %s, %s, %[2]s", f.real(1), f.p)
	f.op("VPSUBD %s, %s, %[2]s // k", f.real(half), f.s)
	f.op("VPSRAD $1, %s, %s", f.s, f.n)
	f.op("VPSUBD %s, %s, %[2]s", f.n, f.s)
	for _, k := range []string{f.n, f.s} {
		f.op("VPADDD %s, %s, %[2]s", f.word(127), k)
		f.op("VPSLLD $23, %s, %[1]s", k)
		f.op("VMULPS %s, %s, %[2]s", k, f.p)
	}
	f.op("VMOVAPS %s, %s", f.p, f.x)
}

// over divides a number by x + 1.
func (f *functions32) over(number string) {
	f.op("VADDPS %s, %s, %[2]s", f.real(1), f.x)
	f.op("VDIVPS %s, %s, %[1]s", f.x, number)
}

func (f *functions32) negate() { f.op("%s %s, %s, %[3]s", f.xor(), f.word(1<<31), f.x) }

func (f *functions32) sigmoid() {
	f.negate()
	f.exp()
	f.op("VMOVUPS %s, %s", f.real(1), f.s)
	f.over(f.s)
}

func (f *functions32) silu() {
	f.op("VMOVAPS %s, %s", f.x, f.y)
	f.negate()
	f.exp()
	f.over(f.y)
}

func (f *functions32) tanh() {
	f.op("VMULPS %s, %[1]s, %s", f.x, f.n)
	f.horner(tanhTerms, f.n)
	f.op("VMULPS %s, %s, %[2]s", f.n, f.p)
	f.op("VADDPS %s, %s, %[2]s", f.real(1), f.p)
	f.op("VMULPS %s, %s, %s", f.x, f.p, f.v)
	f.op("%s %s, %s, %s", f.and(), f.word(1<<31-1), f.x, f.y)
	f.op("VPSUBD %s, %s, %[2]s", f.real(tanhSmall), f.y)
	f.op("VPSRAD $31, %s, %[1]s // where x is small", f.y)
	f.op("VADDPS %s, %[1]s, %[1]s", f.x)
	f.exp()
	f.op("VMOVUPS %s, %s", f.real(2), f.s)
	f.over(f.s)
	f.op("VMOVUPS %s, %s", f.real(1), f.s)
	f.op("VSUBPS %s, %s, %[1]s", f.x, f.s)
	f.op("%s %s, %s, %[3]s", f.xor(), f.x, f.v)
	f.op("%s %s, %s, %[3]s", f.and(), f.y, f.v)
	f.op("%s %s, %s, %[3]s", f.xor(), f.v, f.x)
}

func (f *functions32) gelu() {
	f.op("VMOVAPS %s, %s", f.x, f.y)
	f.op("%s %s, %s, %[3]s", f.and(), f.word(1<<31-1), f.x)
	f.within("VMINPS", normalEnd, f.x, f.r)
	f.horner(normalTerms, f.r)
	f.op("VMULPS %s, %[1]s, %[1]s", f.x)
	f.op("VMULPS %s, %s, %[2]s", f.real(0.5), f.x)
	f.op("VSUBPS %s, %s, %[1]s", f.x, f.p)
	f.exp()
	f.within("VMINPS", 16, f.y, f.n)
	f.op("VMULPS %s, %s, %[2]s", f.x, f.n)
	f.op("%s %s, %s, %[3]s", f.and(), f.word(1<<31-1), f.n)
	f.within("VMAXPS", 0, f.y, f.x)
	f.op("VSUBPS %s, %s, %[2]s", f.n, f.x)
}

func (f *functions32) geluTanh() {
	f.op("VMOVAPS %s, %s", f.x, f.y)
	f.op("VMULPS %s, %[1]s, %s", f.x, f.s)
	f.op("VMULPS %s, %s, %[2]s", f.x, f.s)
	f.op("VMULPS %s, %s, %[2]s", f.real(0.044715), f.s)
	f.op("VADDPS %s, %s, %[2]s", f.y, f.s)
	f.op("VMULPS %s, %s, %s", f.real(-2*math.Sqrt2/1.7724538509055160273), f.s, f.x)
	f.exp()
	f.over(f.y)
}
