package engine

import (
	"github.com/octet-ml/octet/graph"
)

// where chooses between elements, of types as wide as T.
type where[T any] struct{ anyOrder }

func lowerWhere(n *graph.Node) (operation, string) {
	switch d := n.Output().Type.DType; d.Size() {
	case 1:
		return where[uint8]{}, ""
	case 4:
		return where[uint32]{}, ""
	case 8:
		return where[uint64]{}, ""
	default:
		return nil, "values of type " + d.String()
	}
}

func (where[T]) kernel() (string, string) { return "where", "go" }

func (o where[T]) fix(in, outs []desc, threads int) (fixed, error) {
	return fixedWhere[T]{o, newBroadcast(in, outs[0], threads)}, nil
}

type fixedWhere[T any] struct {
	where[T]
	broadcast
}

func (f fixedWhere[T]) bind(in, outs []memory, scratch [][]uint64) step {
	t := &taskWhere[T]{f, in[0].codes(), view[T](in[1]), view[T](in[2]), view[T](outs[0]), make([]whereWorker[T], len(scratch))}
	for i := range t.workers {
		t.workers[i] = whereWorker[T]{newExpanded[uint8](&f.broadcast, scratch[i]), newExpanded[T](&f.broadcast, scratch[i])}
	}
	return pieces{f.runs.count, t}
}

type whereWorker[T any] struct {
	condition expanded[uint8] // of operand 0
	chosen    expanded[T]     // of operands 1 and 2
}

type taskWhere[T any] struct {
	fixedWhere[T]
	condition []uint8
	a, b, out []T
	workers   []whereWorker[T]
}

func (t *taskWhere[T]) Do(worker, i int) {
	w := &t.workers[worker]
	w.condition.forget()
	w.chosen.forget()
	from, to := t.runs.bounds(i)
	for from < to {
		n := t.next(from, to)
		out, b := t.out[from:from+n], operandOf(&t.broadcast, &w.chosen, 2, t.b, from, n)
		a := operandOf(&t.broadcast, &w.chosen, 1, t.a, from, n)[:len(b)]
		for i, c := range operandOf(&t.broadcast, &w.condition, 0, t.condition, from, n) {
			v := b[i]
			if c != 0 {
				v = a[i]
			}
			out[i] = v
		}
		from += n
	}
}
