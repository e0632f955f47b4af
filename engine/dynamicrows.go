package engine

import (
	"github.com/octet-ml/octet/internal/kernel/quantize"
	"github.com/octet-ml/octet/internal/kernel/requant8"
	"github.com/octet-ml/octet/internal/kernel/statistics"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
)

// dynamicRows quantizes each row of an activation by its own range.
type dynamicRows struct {
	lastInnermost
	extremes *statistics.Kernel
	k        *quantize.Kernel
}

func newDynamicRows(t target) operation {
	return dynamicRows{extremes: statistics.Select(statistics.Table, statistics.Range, t.cpu), k: quantize.Select(quantize.Table, false, t.cpu)}
}

func (o dynamicRows) kernel() (string, string) { return o.k.Name, o.k.ISA }

func (o dynamicRows) fix(_, outs []desc, threads int) (fixed, error) {
	rows := outs[1].Shape.Numel()
	n := outs[0].Shape.Numel() / max(1, rows)
	return fixedDynamicRows{o, splitRuns(rows, divUp(shortest, max(1, n)), threads), n}, nil
}

type fixedDynamicRows struct {
	dynamicRows
	runs // of rows
	n    int
}

func (fixedDynamicRows) macs() int64  { return 0 }
func (fixedDynamicRows) scratch() int { return 0 }

func (f fixedDynamicRows) bind(in, outs []memory, scratch [][]uint64) step {
	return pieces{f.count, &taskDynamicRows{f, in[0].reals(), outs[0].codes(), outs[1].reals(), outs[2].codes(),
		make([]statistics.Call, len(scratch)), make([]quantize.Call, len(scratch))}}
}

type taskDynamicRows struct {
	fixedDynamicRows
	x     []float32
	codes []uint8
	scale []float32
	zero  []uint8
	found []statistics.Call
	calls []quantize.Call
}

func (t *taskDynamicRows) Do(worker, i int) {
	found, c := &t.found[worker], &t.calls[worker]
	from, to := t.bounds(i)
	for row := from; row < to; row++ {
		x := t.x[row*t.n:][:t.n]
		found.X = x
		t.extremes.Run(found)
		lo, hi := found.Lo, found.Hi
		if !found.Finite {
			lo, hi = op.RangeOf(x)
		}
		t.scale[row], c.Rule = quant.NewRowQuantizer(lo, hi)
		t.zero[row] = uint8(c.Rule.Zero)
		c.Real, c.Codes = x, t.codes[row*t.n:][:t.n]
		t.k.Run(c)
	}
}

// byRow is what a finish needs where each row of the operand has parameters of its own.
type byRow struct {
	sums   []int32 // what a zero point of 1 adds to an accumulator, by output channel
	depth  int32   // the same for a sum of a row
	scales []float32
	zeros  []uint8
}

// centre subtracts from sums of codes, of rows from row at on, what their zero points contribute.
func (r *byRow) centre(sums []int32, at int) {
	if r == nil {
		return
	}
	for m := range sums {
		sums[m] -= int32(r.zeros[at+m]) * r.depth
	}
}

// linearByRow is a linear layer on codes whose rows have scales and zero points that are computed.
// Its accumulators are sums of codes; what zero points contribute is subtracted by the epilogue.
type linearByRow struct{ linear8 }

// newLinearByRow makes it of the layer for codes of scale 1 and zero point 1.
func newLinearByRow(o linear8, t target) linearByRow {
	rows := &byRow{depth: int32(o.in)}
	w := o.weights[0].Own()
	for c, sum := range w.Init {
		rows.sums = append(rows.sums, -sum)
		w.Init[c] = 0
	}
	o.weights = append(o.weights[:0:0], w)
	if o.ones != nil {
		o.ones = o.ones.Own()
		o.ones.Init[0] = 0
	}
	o.finish.rows, o.finish.k = rows, requant8.SelectByRow(requant8.Table, t.cpu)
	return linearByRow{o}
}

// with keeps the parameters of rows where an addition follows.
func (o linearByRow) with(a adding) operation { return linearByRow{o.linear8.with(a).(linear8)} }

func (o linearByRow) fix(in, outs []desc, threads int) (fixed, error) {
	f, err := o.linear8.fix(in[:1], outs, threads)
	if err != nil {
		return nil, err
	}
	return fixedLinearByRow{f.(fixedProduct8)}, nil
}

type fixedLinearByRow struct{ fixedProduct8 }

func (f fixedLinearByRow) bind(in, outs []memory, scratch [][]uint64) step {
	rows := *f.finish.rows
	rows.scales, rows.zeros = in[1].reals(), in[2].codes()
	f.finish.rows = &rows
	return f.fixedProduct8.bind(append(in[:1:1], in[3:]...), outs, scratch)
}
