package engine

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel/layout"
)

// reorder brings a value into another order of axes: a step of its own in a plan,
// where an operation needs an operand to lie otherwise than it does.
type reorder struct {
	mover
	runs
}

// newReorder plans the copy of d to another order.
func newReorder(d desc, to order, f cpu.Features, threads int) reorder {
	r := reorder{mover: newMover(d.Shape, d.order, to, d.DType.Size(), f)}
	if r.k != nil {
		r.runs = splitRuns(r.images*r.cols, divUp(shortest, max(1, r.mover.rows)), threads)
	} else {
		r.runs = splitRuns(r.walk.rows(), divUp(shortest, max(1, r.line())), threads)
	}
	return r
}

func (r reorder) kernel() (string, string) {
	if r.k != nil {
		return r.k.Name, r.k.ISA
	}
	return "copy", "go"
}

func (reorder) macs() int64  { return 0 }
func (reorder) scratch() int { return 0 }

func (r reorder) bind(in, outs []memory, scratch [][]uint64) step {
	return pieces{r.count, &taskReorder{r, in[0], outs[0], make([]layout.Call, len(scratch))}}
}

type taskReorder struct {
	reorder
	in, out memory
	calls   []layout.Call
}

func (t *taskReorder) Do(worker, i int) {
	from, to := t.bounds(i)
	if t.k == nil {
		t.walk.run(t.out, t.in, from, to)
		return
	}
	t.columns(&t.calls[worker], t.out, t.in, from, to)
}
