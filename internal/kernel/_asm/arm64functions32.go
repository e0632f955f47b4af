package main

import "math"

// arm64Functions writes the functions of functions32 for four vectors at once, so that no
// instruction waits for the one before it. The vectors of x are in registers 0 to 3, and so on;
// constants are loaded one step ahead of their use.
type arm64Functions struct {
	arm64
	data  *[]uint32 // bits of the constants, in order
	steps *[]arm64Step
}

// arm64Step is an instruction for each of the vectors, with the register of its constant.
type arm64Step struct {
	constant bool
	bits     uint32
	write    func(j, c int)
}

// Registers of vector 0; others follow.
const (
	fX, fS, fN, fR, fP, fY, fV = 0, 4, 8, 12, 16, 20, 24
	fConstant                  = 28 // two, in turns
	fLo, fHi                   = 30, 31
	functionVectors            = 4
)

const realsReg = "R6"

func newArm64Functions(a arm64) arm64Functions {
	return arm64Functions{a, new([]uint32), new([]arm64Step)}
}

// prepare points realsReg to the constants.
func (f arm64Functions) prepare() { f.op("MOVD $reals<>(SB), %s", realsReg) }

// each adds a step.
func (f arm64Functions) each(write func(j int)) {
	*f.steps = append(*f.steps, arm64Step{write: func(j, _ int) { write(j) }})
}

// word adds a step with a constant whose lanes hold these bits.
func (f arm64Functions) word(bits uint32, write func(j, c int)) {
	*f.steps = append(*f.steps, arm64Step{true, bits, write})
}

// real adds a step with a constant of one number.
func (f arm64Functions) real(v float32, write func(j, c int)) { f.word(math.Float32bits(v), write) }

// flush writes the steps.
func (f arm64Functions) flush() {
	loaded := 0
	load := func(s arm64Step) {
		at := 0
		for at < len(*f.data) && (*f.data)[at] != s.bits {
			at++
		}
		if at == len(*f.data) {
			*f.data = append(*f.data, s.bits)
		}
		f.op("FMOVQ %d(%s), F%d", 16*at, realsReg, fConstant+loaded%2)
		loaded++
	}
	steps := *f.steps
	*f.steps = nil
	if len(steps) > 0 && steps[0].constant {
		load(steps[0])
	}
	c := fConstant
	for i, s := range steps {
		if s.constant {
			c = fConstant + (loaded-1)%2
		}
		if i+1 < len(steps) && steps[i+1].constant {
			load(steps[i+1])
		}
		for j := range functionVectors {
			s.write(j, c)
		}
	}
}

// constants writes the data of all constants.
func (f arm64Functions) constants() {
	f.line("")
	for i, b := range *f.data {
		for at := 0; at < 16; at += 8 {
			f.line("DATA reals<>+%d(SB)/8, $0x%08x%08x", 16*i+at, b, b)
		}
	}
	f.line("GLOBL reals<>(SB), RODATA|NOPTR, $%d", 16*len(*f.data))
}

// step adds an instruction whose registers are those of vector 0.
func (f arm64Functions) step(name string, registers ...int) {
	f.each(func(j int) {
		of := make([]int, len(registers))
		for i, r := range registers {
			of[i] = r + j
		}
		f.v(name, of...)
	})
}

// with adds an instruction whose second operand is a constant.
func (f arm64Functions) with(name string, to, from int, v float32) {
	f.real(v, func(j, c int) { f.v(name, to+j, from+j, c) })
}

// copy adds one that copies.
func (f arm64Functions) copy(from, to int) { f.each(func(j int) { f.move(from+j, to+j) }) }

// horner leaves in fP the value of a polynomial of x.
func (f arm64Functions) horner(terms []float32, x int) {
	last := len(terms) - 1
	f.with("fmul 4s", fP, x, terms[last])
	for i := last - 1; i >= 0; i-- {
		f.with("fadd 4s", fP, fP, terms[i])
		if i > 0 {
			f.step("fmul 4s", fP, fP, x)
		}
	}
}

// exp changes fX, fS, fN, fR and fP.
func (f arm64Functions) exp() {
	f.with("fmax 4s", fX, fX, -105)
	f.with("fmin 4s", fX, fX, 89)
	f.with("fmul 4s", fS, fX, math.Log2E)
	f.with("fadd 4s", fS, fS, half)
	f.with("fsub 4s", fN, fS, half)
	f.with("fmul 4s", fR, fN, ln2High)
	f.step("fsub 4s", fX, fX, fR)
	f.with("fmul 4s", fR, fN, ln2Low)
	f.step("fsub 4s", fR, fX, fR)
	f.horner(expTerms, fR)
	f.step("fmul 4s", fN, fR, fR)
	f.step("fmul 4s", fP, fN, fP)
	f.step("fadd 4s", fP, fP, fR)
	f.with("fadd 4s", fP, fP, 1)
	f.real(half, func(j, c int) { f.op("VSUB %s, %s, %[2]s // k", words4(c), words4(fS+j)) })
	f.each(func(j int) { f.sshr(fN+j, fS+j, 1) })
	f.each(func(j int) { f.op("VSUB %s, %s, %[2]s", words4(fN+j), words4(fS+j)) })
	for _, k := range []int{fN, fS} {
		f.word(127, func(j, c int) { f.op("VADD %s, %s, %[2]s", words4(c), words4(k+j)) })
		f.each(func(j int) { f.op("VSHL $23, %s, %[1]s", words4(k+j)) })
	}
	f.step("fmul 4s", fP, fP, fN)
	f.step("fmul 4s", fX, fP, fS)
}

// over leaves number / (x + 1).
func (f arm64Functions) over(number int) {
	f.with("fadd 4s", fX, fX, 1)
	f.step("fdiv 4s", fX, number, fX)
}

// share leaves number / (x + 1) for a constant number.
func (f arm64Functions) share(number float32) {
	f.with("fadd 4s", fX, fX, 1)
	f.real(number, func(j, c int) { f.v("fdiv 4s", fX+j, c, fX+j) })
}

func (f arm64Functions) sigmoid() {
	f.step("fneg 4s", fX, fX)
	f.exp()
	f.share(1)
}

func (f arm64Functions) silu() {
	f.copy(fX, fY)
	f.step("fneg 4s", fX, fX)
	f.exp()
	f.over(fY)
}

func (f arm64Functions) tanh() {
	f.step("fmul 4s", fN, fX, fX)
	f.horner(tanhTerms, fN)
	f.step("fmul 4s", fP, fP, fN)
	f.with("fadd 4s", fP, fP, 1)
	f.step("fmul 4s", fV, fX, fP)
	f.step("fabs 4s", fY, fX)
	f.real(tanhSmall, func(j, c int) { f.v("fcmgt 4s", fY+j, c, fY+j) }) // where x is small
	f.step("fadd 4s", fX, fX, fX)
	f.exp()
	f.share(2)
	f.real(1, func(j, c int) { f.v("fsub 4s", fX+j, c, fX+j) })
	f.each(func(j int) { f.op("VBIT %s, %s, %s", bytes16(fY+j), bytes16(fV+j), bytes16(fX+j)) })
}

func (f arm64Functions) gelu() {
	f.copy(fX, fY)
	f.step("fabs 4s", fX, fX)
	f.with("fmin 4s", fR, fX, normalEnd)
	f.horner(normalTerms, fR)
	f.step("fmul 4s", fX, fX, fX)
	f.with("fmul 4s", fX, fX, 0.5)
	f.step("fsub 4s", fX, fP, fX)
	f.exp()
	f.with("fmin 4s", fN, fY, 16)
	f.step("fmul 4s", fN, fN, fX)
	f.step("fabs 4s", fN, fN)
	f.positive(fY)
	f.step("fsub 4s", fX, fY, fN)
}

// positive makes negative numbers zero; -0 and NaN stay. fS is overwritten.
func (f arm64Functions) positive(x int) {
	f.real(0, func(j, c int) {
		f.v("fcmgt 4s", fS+j, c, x+j)
		f.op("VBIT %s, %s, %s", bytes16(fS+j), bytes16(c), bytes16(x+j))
	})
}

func (f arm64Functions) geluTanh() {
	f.copy(fX, fY)
	f.step("fmul 4s", fS, fX, fX)
	f.step("fmul 4s", fS, fS, fX)
	f.with("fmul 4s", fS, fS, 0.044715)
	f.step("fadd 4s", fS, fS, fY)
	f.with("fmul 4s", fX, fS, -2*math.Sqrt2/1.7724538509055160273)
	f.exp()
	f.over(fY)
}

// hinge leaves min(max(x+3, 0), 6) in fS, which is never -0.
func (f arm64Functions) hinge() {
	f.with("fadd 4s", fS, fX, 3)
	f.with("fmax 4s", fS, fS, 0)
	f.with("fmin 4s", fS, fS, 6)
}
