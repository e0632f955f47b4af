package engine

import (
	"github.com/octet-ml/octet/internal/kernel/quantize"
	"github.com/octet-ml/octet/internal/kernel/statistics"
	"github.com/octet-ml/octet/internal/parallel"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
)

// dynamicQuantize finds the range of an activation and quantizes it.
type dynamicQuantize struct {
	anyOrder
	numerics quant.Numerics
	extremes *statistics.Kernel
	k        *quantize.Kernel
}

func newDynamicQuantize(t target) operation {
	return dynamicQuantize{numerics: t.numerics, extremes: statistics.Select(statistics.Table, statistics.Range, t.cpu), k: quantize.Select(quantize.Table, false, t.cpu)}
}

func (o dynamicQuantize) kernel() (string, string) { return o.k.Name, o.k.ISA }

// orders is that of element-wise operations; the parameters have no axes.
func (o dynamicQuantize) orders(in, out []desc) (need, give []order) {
	need, give = o.anyOrder.orders(in, out[:1])
	return need, append(give, nil, nil)
}

func (o dynamicQuantize) fix(_, outs []desc, threads int) (fixed, error) {
	return fixedDynamicQuantize{o, splitRuns(outs[0].Shape.Numel(), shortest, threads)}, nil
}

type fixedDynamicQuantize struct {
	dynamicQuantize
	runs
}

func (fixedDynamicQuantize) macs() int64  { return 0 }
func (fixedDynamicQuantize) scratch() int { return 0 }

func (f fixedDynamicQuantize) bind(in, outs []memory, scratch [][]uint64) step {
	t := &taskDynamicQuantize{fixedDynamicQuantize: f, x: in[0].reals(), codes: outs[0].codes(), scale: outs[1].reals(), zero: outs[2].codes(),
		ranges: make([]float32, 2*f.count), found: make([]statistics.Call, len(scratch)), calls: make([]quantize.Call, len(scratch))}
	return several{pieces{f.count, (*taskRange)(t)}, (*chooseParameters)(t), pieces{f.count, t}}
}

type taskDynamicQuantize struct {
	fixedDynamicQuantize
	x      []float32
	codes  []uint8
	scale  []float32
	zero   []uint8
	ranges []float32 // smallest and largest, by run
	found  []statistics.Call
	calls  []quantize.Call
}

// taskRange finds the range of a run.
type taskRange taskDynamicQuantize

func (t *taskRange) Do(worker, i int) {
	from, to := t.bounds(i)
	c := &t.found[worker]
	c.X = t.x[from:to]
	t.extremes.Run(c)
	lo, hi := c.Lo, c.Hi
	if !c.Finite {
		lo, hi = op.RangeOf(c.X)
	}
	t.ranges[2*i], t.ranges[2*i+1] = lo, hi
}

// chooseParameters chooses the parameters of all elements by their range.
type chooseParameters taskDynamicQuantize

func (t *chooseParameters) exec(*parallel.Pool) error {
	lo, hi := op.RangeOf(t.ranges) // a run of NaN alone does not count
	scale, rule := quant.NewDynamicQuantizer(t.numerics, lo, hi)
	t.scale[0], t.zero[0] = scale, uint8(rule.Zero)
	for i := range t.calls {
		t.calls[i].Rule = rule
	}
	return nil
}

func (t *taskDynamicQuantize) Do(worker, i int) {
	from, to := t.bounds(i)
	c := &t.calls[worker]
	c.Real, c.Codes = t.x[from:to], t.codes[from:to]
	t.k.Run(c)
}
