package engine

import (
	"strings"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel/elementwise32"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
)

// chain applies functions of one number one after another to float32 numbers, so many
// elements at a time that they stay in the first-level cache from function to function.
type chain struct {
	anyOrder
	stages []stage
}

// stage is one function: a kernel with the constants of its call, or, where it has none, f.
type stage struct {
	k    *elementwise32.Kernel
	call elementwise32.Call // B and C are constants, expandElements of each
	f    func(float32) float32
}

// newChain makes a chain of the functions of u.
func newChain(u op.Unary, f cpu.Features) chain {
	functions := []op.Unary{u}
	if c, ok := u.(op.Composed); ok {
		functions = c.Functions
	}
	var c chain
	for _, u := range functions {
		c.stages = append(c.stages, newStage(u, f))
	}
	return c
}

func newStage(u op.Unary, f cpu.Features) stage {
	if o, ok := u.(op.ScaleShift); ok {
		return newScaleShift(o, f)
	}
	function, lo, hi, ok := elementwise(u)
	if !ok {
		return stage{f: scalarOf(u)}
	}
	return stage{k: elementwise32.Select(elementwise32.Table, function, f), call: elementwise32.Call{Lo: lo, Hi: hi}}
}

func newScaleShift(o op.ScaleShift, f cpu.Features) stage {
	lo, hi := clampOf(quant.NoActivation)
	s := stage{k: elementwise32.Select(elementwise32.Table, elementwise32.Affine, f), call: elementwise32.Call{Lo: lo, Hi: hi}}
	s.call.B, s.call.C = make([]float32, expandElements), make([]float32, expandElements)
	for i := range expandElements {
		s.call.B[i], s.call.C[i] = o.Scale, o.Shift
	}
	return s
}

func (o chain) kernel() (string, string) {
	names, isa := make([]string, len(o.stages)), "go"
	for i, s := range o.stages {
		names[i] = "function"
		if s.k != nil {
			names[i], isa = s.k.Name, s.k.ISA
		}
	}
	return strings.Join(names, " + "), isa
}

func (o chain) fix(_, outs []desc, threads int) (fixed, error) {
	return fixedChain{o, splitRuns(outs[0].Shape.Numel(), shortest, threads)}, nil
}

type fixedChain struct {
	chain
	runs
}

func (fixedChain) macs() int64  { return 0 }
func (fixedChain) scratch() int { return 0 }

func (f fixedChain) bind(in, outs []memory, scratch [][]uint64) step {
	t := &taskChain{f, in[0].reals(), outs[0].reals(), make([]elementwise32.Call, len(scratch))}
	return pieces{f.count, t}
}

type taskChain struct {
	fixedChain
	in, out []float32
	calls   []elementwise32.Call // by worker
}

func (t *taskChain) Do(worker, i int) {
	c := &t.calls[worker]
	for from, to := t.bounds(i); from < to; from += expandElements {
		n := min(to-from, expandElements)
		x, out := t.in[from:from+n], t.out[from:from+n]
		for j := range t.stages {
			t.stages[j].run(c, x, out)
			x = out
		}
	}
}

// run computes out, which may be x, with c as the kernel's call.
func (s *stage) run(c *elementwise32.Call, x, out []float32) {
	if s.k == nil {
		for i, v := range x {
			out[i] = s.f(v)
		}
		return
	}
	*c = s.call
	c.A, c.Out = x, out
	if c.B != nil {
		c.B, c.C = c.B[:len(x)], c.C[:len(x)]
	}
	s.k.Run(c)
}
