package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
)

// repeat copies its operand several times: expand and tile.
type repeat struct{ op graph.Op }

func (repeat) kernel() (string, string) { return "copy", "go" }

func (repeat) wishes(in, _ []desc) []order { return make([]order, len(in)) }

// orders takes the operand as it lies, and leaves a row-major result; the other operand, its
// sizes, is not read.
func (repeat) orders(in, _ []desc) (need, give []order) {
	need = make([]order, len(in))
	need[0] = in[0].order
	return need, []order{nil}
}

func (o repeat) fix(in, outs []desc, threads int) (fixed, error) {
	x, y := in[0], outs[0].Shape
	strides := x.order.strides(x.Shape)
	f := fixedRepeat{repeat: o, walk: walk{size: x.DType.Size()}}
	switch o.op.(type) {
	case op.Expand:
		for a, stride := range along(x, y) {
			f.push(y[a], stride)
		}
	default: // tile: every axis is one that repeats, and the operand's own
		for a, n := range x.Shape {
			f.push(y[a]/max(1, n), 0)
			f.push(n, strides[a])
		}
	}
	f.runs = splitRuns(f.rows(), divUp(shortest, max(1, f.line())), threads)
	return f, nil
}

type fixedRepeat struct {
	repeat
	walk
	runs // of lines of the result
}

func (fixedRepeat) macs() int64  { return 0 }
func (fixedRepeat) scratch() int { return 0 }

func (f fixedRepeat) bind(in, outs []memory, _ [][]uint64) step {
	return pieces{f.count, &taskRepeat{f, in[0], outs[0]}}
}

type taskRepeat struct {
	fixedRepeat
	in, out memory
}

func (t *taskRepeat) Do(_, i int) {
	from, to := t.bounds(i)
	t.walk.run(t.out, t.in, from, to)
}
