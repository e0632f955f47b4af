package engine

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/depthwise32"
	"github.com/octet-ml/octet/internal/kernel/depthwise8"
	"github.com/octet-ml/octet/internal/kernel/requant8"
	"github.com/octet-ml/octet/internal/operand"
	"github.com/octet-ml/octet/quant"
)

// About how many results a depthwise piece has: accumulators stay in the first-level
// cache until they are requantized. Where the kernel requantizes in registers, the input
// rows stay there, which several blocks of channels read.
const (
	accumulatorsPerPiece = 4096
	resultsPerPiece      = 16384
)

func (r operandRows) depthwiseRuns(results, rate, threads int) runs {
	threads = threadsFor(int(r.macs())/rate, threads)
	rows := max(1, results/r.groups)
	s := splitRuns(r.m, 1, threads)
	if s.chunk > rows {
		s = runs{r.m, rows, divUp(r.m, rows)}
	}
	return s
}

// locateIndirect is locate for kernels that take rows only by an indirection buffer.
func (g geometry) locateIndirect(in, out desc) operandRows {
	r := g.locate(in, out)
	if r.offset == nil {
		r.offset = g.offsets(in.Shape, out.Shape)
	}
	return r
}

// convDepthwise8 filters each channel of codes by itself.
type convDepthwise8 struct {
	geometry
	k       *depthwise8.Kernel
	weights *depthwise8.Weights
	ones    *depthwise8.Weights // where weights have zero points
	finish  finish
	rule    *depthwise8.Rule // where the kernel requantizes in registers; else nil
	zero    uint8
}

func newDepthwise8(n *graph.Node, g geometry, w []int8, f finish, t target) operation {
	o := convDepthwise8{geometry: g, finish: f, zero: zeroOf(n), k: depthwise8.Select(depthwise8.Table, t.cpu)}
	o.weights = o.k.Pack(w, g.groups, g.taps, o.zero)
	if f.zeros != nil {
		o.ones = o.k.Pack(slices.Repeat(f.ones, g.groups), g.groups, g.taps, o.zero)
	}
	if rule := f.inRegisters(); rule != nil && o.k.PackRule != nil {
		o.rule = o.k.PackRule(o.weights, rule)
	}
	return o
}

func (o convDepthwise8) kernel() (string, string) { return o.k.Name, o.k.ISA }

func (o convDepthwise8) fix(in, outs []desc, threads int) (fixed, error) {
	out := outs[0]
	r := o.locateIndirect(in[0], out)
	results := resultsPerPiece
	if o.rule == nil {
		results = accumulatorsPerPiece
	}
	f := fixedDepthwise8{convDepthwise8: o, operandRows: r, runs: r.depthwiseRuns(results, o.k.Rate, threads), step: o.slide.Stride[1] * r.groups}
	f.ends = operand.Runs(r.offset, r.taps, f.step)
	f.pad = fill8((operand.Longest(f.ends)-1)*f.step+r.groups, o.zero)
	return f, nil
}

type fixedDepthwise8 struct {
	convDepthwise8
	operandRows
	runs
	step int // elements from pixel to pixel of a run
	ends []int32
	pad  []uint8
}

// scratch holds the accumulators, unless the kernel requantizes in registers, and behind
// them the sums of the windows where weights have zero points.
func (f fixedDepthwise8) scratch() int {
	acc := f.chunk * f.operandRows.groups
	switch {
	case f.rule != nil:
		return 0
	case f.ones != nil:
		acc *= 2
	}
	return divUp(acc, 2)
}

func (f fixedDepthwise8) bind(in, outs []memory, scratch [][]uint64) step {
	out := outs[0]
	t := &taskDepthwise8{f, out, make([]depthwise8.Call, len(scratch)), make([]requant8.Call, len(scratch))}
	g := f.operandRows
	for i := range scratch {
		t.sum[i] = depthwise8.Call{Matrix: matrixOf(&g, g.groups, in[0].codes(), f.pad), Ends: f.ends, Step: f.step,
			W: f.weights, Rule: f.rule, Acc: words[int32](scratch[i])}
		t.code[i] = f.finish.call(g.groups)
		t.code[i].N = g.groups
	}
	return pieces{f.runs.count, t}
}

type taskDepthwise8 struct {
	fixedDepthwise8
	out  memory
	sum  []depthwise8.Call
	code []requant8.Call
}

func (t *taskDepthwise8) Do(worker, i int) {
	s, c := &t.sum[worker], &t.code[worker]
	s.M0, s.M1 = t.bounds(i)
	if t.rule != nil {
		s.Out = t.out.codes()[s.M0*t.operandRows.groups:]
		t.k.RunCodes(s)
		return
	}
	t.k.Run(s)
	c.Acc, c.M = s.Acc, s.M1-s.M0
	if t.ones != nil {
		s.W, s.Acc = t.ones, c.Acc[c.M*c.N:]
		t.k.Run(s)
		t.finish.centreEach(c, s.Acc)
		s.W, s.Acc = t.weights, c.Acc
	}
	t.finish.run(c, t.out, s.M0)
}

// convDepthwise32 filters each channel of float32 images by itself.
type convDepthwise32 struct {
	geometry
	k       *depthwise32.Kernel
	weights *depthwise32.Weights
	pad     []float32
	lo, hi  float32
}

func newDepthwise32(n *graph.Node, g geometry, w []float32, act quant.Activation, t target) operation {
	o := convDepthwise32{geometry: g, pad: make([]float32, g.groups), k: depthwise32.Select(depthwise32.Table, t.cpu)}
	o.lo, o.hi = clampOf(act)
	o.weights = o.k.Pack(w, g.groups, g.taps, biasOf(n))
	return o
}

func (o convDepthwise32) kernel() (string, string) { return o.k.Name, o.k.ISA }

func (o convDepthwise32) fix(in, outs []desc, threads int) (fixed, error) {
	out := outs[0]
	r := o.locateIndirect(in[0], out)
	return fixedDepthwise32{o, r, r.depthwiseRuns(accumulatorsPerPiece, o.k.Rate, threads)}, nil
}

type fixedDepthwise32 struct {
	convDepthwise32
	operandRows
	runs
}

func (fixedDepthwise32) scratch() int { return 0 }

func (f fixedDepthwise32) bind(in, outs []memory, scratch [][]uint64) step {
	out := outs[0]
	t := &taskDepthwise32{f, make([]depthwise32.Call, len(scratch))}
	g := f.operandRows
	for i := range t.calls {
		t.calls[i] = depthwise32.Call{Matrix: matrixOf(&g, g.groups, in[0].reals(), f.pad), W: f.weights, Lo: f.lo, Hi: f.hi, Out: out.reals()}
	}
	return pieces{f.runs.count, t}
}

type taskDepthwise32 struct {
	fixedDepthwise32
	calls []depthwise32.Call
}

func (t *taskDepthwise32) Do(worker, i int) {
	c := &t.calls[worker]
	c.M0, c.M1 = t.bounds(i)
	t.k.Run(c)
}
