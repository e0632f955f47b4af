package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/rows32"
	"github.com/octet-ml/octet/op"
)

// rows computes float32 rows whose results each depend on the whole row.
type rows struct {
	lastAxis
	k            *rows32.Kernel
	weight, bias []float32 // of layer norm; nil for ones and zeros
	eps          float32
	axes         int // of a row, the last ones
}

func lowerSoftmax(n *graph.Node, s op.Softmax, t target) (operation, string) {
	if n.Inputs[0].Role == graph.Parameter {
		return nil, "its operand is a parameter"
	}
	return rows{lastAxis: lastAxis{s.Axis}, k: rows32.Select(rows32.Table, rows32.Softmax, t.cpu), axes: 1}, ""
}

func lowerLayerNorm(n *graph.Node, l op.LayerNorm, t target) (operation, string) {
	if l.Moments {
		return nil, "its moments are results, too"
	}
	o := rows{lastAxis: lastAxis{-1}, k: rows32.Select(rows32.Table, rows32.LayerNorm, t.cpu), eps: float32(l.Eps), axes: -l.Axis}
	if n.Inputs[0].Role == graph.Parameter {
		return nil, "its operand is a parameter"
	}
	for i, v := range n.Inputs[1:] {
		if v.Role != graph.Parameter {
			return nil, "its weight or bias is computed"
		}
		if l.Axis >= 0 {
			o.axes = len(v.Type.Shape)
		}
		*[]*[]float32{&o.weight, &o.bias}[i] = v.Data.Float32s()
	}
	if o.axes < 1 {
		return nil, "how many axes are normalized is known with the shapes only"
	}
	return o, ""
}

func (rows) packsParameters() {}

func (o rows) kernel() (string, string) { return o.k.Name, o.k.ISA }

// orders wants several axes of a row in row-major order.
func (o rows) orders(in, out []desc) (need, give []order) {
	if o.axes == 1 {
		return o.lastAxis.orders(in, out)
	}
	return []order{nil}, []order{nil}
}

func (o rows) fix(in, _ []desc, threads int) (fixed, error) {
	s := in[0].Shape
	f := fixedRows{rows: o, n: s[len(s)-o.axes:].Numel()}
	if o.axes == 1 {
		f.n = s[axisOf(o.axis, len(s))]
	}
	if o.k.Function == rows32.LayerNorm && o.weight == nil {
		f.weight = make([]float32, f.n)
		for i := range f.weight {
			f.weight[i] = 1
		}
	}
	if o.k.Function == rows32.LayerNorm && o.bias == nil {
		f.bias = make([]float32, f.n)
	}
	const slow = 4 // times as slow, per element, as an element-wise kernel
	f.runs = splitRuns(s.Numel()/max(1, f.n), divUp(shortest/slow, max(1, f.n)), threads)
	return f, nil
}

type fixedRows struct {
	rows
	runs // of rows
	n    int
}

func (fixedRows) macs() int64  { return 0 }
func (fixedRows) scratch() int { return 0 }

func (f fixedRows) bind(in, outs []memory, scratch [][]uint64) step {
	t := &taskRows{f, in[0].reals(), outs[0].reals(), make([]rows32.Call, len(scratch))}
	for i := range t.calls {
		t.calls[i] = rows32.Call{N: f.n, Weight: f.weight, Bias: f.bias, Eps: f.eps}
	}
	return pieces{f.count, t}
}

type taskRows struct {
	fixedRows
	in, out []float32
	calls   []rows32.Call
}

func (t *taskRows) Do(worker, i int) {
	c := &t.calls[worker]
	from, to := t.bounds(i)
	c.X, c.Out = t.in[from*t.n:to*t.n], t.out[from*t.n:to*t.n]
	t.k.Run(c)
}
