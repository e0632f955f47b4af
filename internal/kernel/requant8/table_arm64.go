//go:build !noasm

package requant8

import (
	"unsafe"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel"
	"github.com/octet-ml/octet/internal/rule"
	"github.com/octet-ml/octet/quant"
)

//go:generate go run -C ../_asm . requant8 ../requant8

// archTable lists the kernels of arm64.
var archTable = []Kernel{
	{Row: kernel.Row{Name: "requant_s32u8_neon", ISA: "neon", Requires: cpu.NEON}, Run: runNEON},
	{Row: kernel.Row{Name: "requant_s32f32_neon", ISA: "neon", Requires: cpu.NEON}, ToReal: true, Run: runRealNEON},
	{Row: kernel.Row{Name: "requant_s32f32_rows_neon", ISA: "neon", Requires: cpu.NEON}, ToReal: true, ByRow: true, Run: runByRowNEON},
	{Row: kernel.Row{Name: "requant_s32f32_fused_neon", ISA: "neon", Requires: cpu.NEON}, ToReal: true, Fused: true, Run: runFusedNEON},
}

// columns is the argument of the assembly routine: it requantizes width columns of all rows.
type columns struct {
	acc   *int32
	pitch int // bytes from row to row of acc
	rows  int
	out   *uint8
	ld    int
	bias  unsafe.Pointer // float32 or int32, by the rule
	mult  *float32
	rule.Constants
}

// scaled is columns for results that are float32.
type scaled struct {
	acc         *int32
	pitch       int
	rows        int
	out         *float32
	ld          int // bytes, too
	scale, bias *float32
	lo, hi      float32

	scales *float32 // of byRow
	zeros  *uint8
	sums   *int32
}

// width is the number of columns of a routine.
const width = 16

//go:noescape
func columnsNEON(arg *columns)

//go:noescape
func realsNEON(arg *scaled)

//go:noescape
func byRowNEON(arg *scaled)

//go:noescape
func realsFusedNEON(arg *scaled)

// runNEON runs portable code on rows shorter than a block of columns. The last block overlaps
// the one before it.
func runNEON(c *Call) {
	if c.M == 0 || c.N < width {
		run(c)
		return
	}
	r := c.Rule
	a := columns{pitch: c.N * 4, rows: c.M, ld: c.LD}
	_ = c.Acc[c.M*c.N-1]
	_ = c.Out[(c.M-1)*c.LD+c.N-1]
	for done := 0; done < c.N; done += width {
		n := min(done, c.N-width)
		first := c.First + n
		a.acc, a.out, a.mult = &c.Acc[n], &c.Out[n], &r.Mult[first : first+width][0]
		if r.Rule == quant.IntBias {
			a.bias = unsafe.Pointer(&r.BiasInt[first : first+width][0])
		} else {
			a.bias = unsafe.Pointer(&r.Bias[first : first+width][0])
		}
		a.Constants = rule.Of(r)
		a.Rule |= rule.LargeOf(r, first, width)
		columnsNEON(&a)
	}
}

// runRealNEON is runNEON for results that are float32.
func runRealNEON(c *Call) {
	if c.M == 0 || c.N < width {
		runReal(c)
		return
	}
	a := scaled{}
	c.scale(&a, func(int) { realsNEON(&a) })
}

// runFusedNEON is runRealNEON with a fused multiply-add.
func runFusedNEON(c *Call) {
	if c.M == 0 || c.N < width {
		runFused(c)
		return
	}
	a := scaled{}
	c.scale(&a, func(int) { realsFusedNEON(&a) })
}

// runByRowNEON is runRealNEON where rows have scales and zero points of their own.
func runByRowNEON(c *Call) {
	if c.M == 0 || c.N < width {
		runByRow(c)
		return
	}
	a := scaled{scales: &c.Scales[:c.M][0], zeros: &c.Zeros[:c.M][0]}
	c.scale(&a, func(first int) {
		a.sums = &c.Sums[first : first+width][0]
		byRowNEON(&a)
	})
}

// scale describes each block of columns in a, and gives do its first output channel.
func (c *Call) scale(a *scaled, do func(first int)) {
	a.pitch, a.rows, a.ld, a.lo, a.hi = c.N*4, c.M, c.LD*4, c.Lo, c.Hi
	_ = c.Acc[c.M*c.N-1]
	_ = c.Real[(c.M-1)*c.LD+c.N-1]
	for done := 0; done < c.N; done += width {
		n := min(done, c.N-width)
		first := c.First + n
		a.acc, a.out = &c.Acc[n], &c.Real[n]
		a.scale, a.bias = &c.Scale[first : first+width][0], &c.Bias[first : first+width][0]
		do(first)
	}
}
