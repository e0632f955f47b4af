package engine

import "github.com/octet-ml/octet/internal/kernel/layout"

// reorder brings a value into another order of axes: a step of its own in a plan,
// where an operation needs an operand to lie otherwise than it does.
type reorder struct {
	walk
	runs
	k                  *layout.Kernel // of a transposition of matrices; nil for others
	images, rows, cols int
}

// newReorder plans the copy of d to another order.
func newReorder(d desc, to order, p *Program) reorder {
	r := reorder{walk: newWalk(d.Shape, d.order, to, d.DType.Size())}
	if images, rows, cols, ok := r.matrix(); ok && (r.size == 1 || r.size == 4) {
		r.k = layout.Select(layout.Table, r.size, rows, p.cpu)
		r.images, r.rows, r.cols = images, rows, cols
		r.runs = splitRuns(images*cols, divUp(shortest, max(1, rows)), p.Threads())
		return r
	}
	r.runs = splitRuns(r.walk.rows(), divUp(shortest, max(1, r.line())), p.Threads())
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
	c := &t.calls[worker]
	c.Rows, c.Stride = t.rows, t.cols
	for from < to {
		image, col := from/t.cols, from%t.cols
		n := min(to-from, t.cols-col)
		at := image * t.rows * t.cols
		c.Cols = n
		c.Dst = t.out[(at+col*t.rows)*t.size:][:n*t.rows*t.size]
		c.Src = t.in[(at+col)*t.size : (at+t.rows*t.cols)*t.size]
		t.k.Run(c)
		from += n
	}
}
