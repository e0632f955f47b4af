package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// paired applies a function to two operands of one type, which broadcast.
type paired[A, R any] struct {
	anyOrder
	f func(out []R, a, b []A)
}

func (paired[A, R]) kernel() (string, string) { return "function", "go" }

func (o paired[A, R]) fix(in, outs []desc, threads int) (fixed, error) {
	return fixedPaired[A, R]{o, newBroadcast(in, outs[0], threads)}, nil
}

type fixedPaired[A, R any] struct {
	paired[A, R]
	broadcast
}

func (f fixedPaired[A, R]) bind(in, outs []memory, scratch [][]uint64) step {
	t := &taskPaired[A, R]{f, [2][]A{view[A](in[0]), view[A](in[1])}, view[R](outs[0]), make([]expanded[A], len(scratch))}
	for i := range t.workers {
		t.workers[i] = newExpanded[A](&f.broadcast, scratch[i])
	}
	return pieces{f.runs.count, t}
}

type taskPaired[A, R any] struct {
	fixedPaired[A, R]
	in      [2][]A
	out     []R
	workers []expanded[A]
}

func (t *taskPaired[A, R]) Do(worker, i int) {
	s := &t.workers[worker]
	s.forget()
	from, to := t.runs.bounds(i)
	for from < to {
		n := t.next(from, to)
		t.f(t.out[from:from+n], operandOf(&t.broadcast, s, 0, t.in[0], from, n), operandOf(&t.broadcast, s, 1, t.in[1], from, n))
		from += n
	}
}

// elementByElement applies f to one pair after the other.
func elementByElement[A, R any](f func(a, b A) R) paired[A, R] {
	return paired[A, R]{f: func(out []R, a, b []A) {
		for i := range out {
			out[i] = f(a[i], b[i])
		}
	}}
}

// lowerPaired lowers functions of two numbers that have no kernel of their own.
func lowerPaired(n *graph.Node, o op.Paired) (operation, string) {
	f := o.Functions()
	switch d := n.Inputs[0].Type.DType; {
	case d == tensor.Float32 && f.Real != nil:
		return lowerRealPair(o), ""
	case d == tensor.Float32:
		return elementByElement(func(a, b float32) uint8 { return truth(f.RealTest(a, b)) }), ""
	case d == tensor.Int64 && f.WholeTest != nil:
		return elementByElement(func(a, b int64) uint8 { return truth(f.WholeTest(a, b)) }), ""
	case d == tensor.Bool:
		return elementByElement(func(a, b uint8) uint8 { return truth(f.Truth(a != 0, b != 0)) }), ""
	default:
		return nil, "values of type " + d.String()
	}
}

// lowerRealPair knows the functions that are worth a loop of their own: maxima, minima, and
// squares among powers.
func lowerRealPair(o op.Paired) operation {
	switch o.Kind() {
	case "maximum":
		return paired[float32, float32]{f: func(out, a, b []float32) {
			for i := range out {
				out[i] = max(a[i], b[i])
			}
		}}
	case "minimum":
		return paired[float32, float32]{f: func(out, a, b []float32) {
			for i := range out {
				out[i] = min(a[i], b[i])
			}
		}}
	case "pow":
		real := o.Functions().Real
		return elementByElement(func(a, by float32) float32 {
			if by == 2 {
				return a * a
			}
			return real(a, by)
		})
	}
	return elementByElement(o.Functions().Real)
}
