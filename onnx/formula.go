package onnx

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/assemble"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// formula is a chain of operators for a node that is several of them.
type formula struct {
	*node
	assemble.Chain
}

// adder adds the operators of a node.
type adder struct{ *node }

func (a adder) Step(o graph.Op, in ...*graph.Value) (*graph.Value, error) { return a.step(o, in...) }

func (a adder) Several(o graph.Op, in ...*graph.Value) ([]*graph.Value, error) {
	a.parts++
	return a.apply(fmt.Sprintf("%s/%s_%d", a.first(), o.Kind(), a.parts), o, in...)
}

func (a adder) Result(o graph.Op, in ...*graph.Value) ([]*graph.Value, error) {
	return a.result(o, in...)
}

func (a adder) Constant(t *tensor.Tensor) *graph.Value { return a.constant(t) }

// maxAxes is how many axes a formula counts from the end; no format has more.
const maxAxes = 64

// formula begins one that needs the first inputs, so many. Integers of eight bits are int64 in it.
func (n *node) formula(inputs int) *formula {
	f := &formula{n, assemble.Chain{To: adder{n}, Err: n.need(inputs)}}
	for len(n.in) < inputs { // a reader may name them before it looks at the error
		n.in = append(n.in, nil)
	}
	for i, v := range n.in {
		if f.Err != nil || v == nil {
			continue
		}
		if n.in[i], f.Err = n.whole(v); f.Err == nil && n.in[i] != v {
			n.declared[n.in[i]] = n.typeOf(v)
		}
	}
	return f
}

// attributes, which a formula reads as it goes on.

func (f *formula) flag(name string, otherwise bool) (v bool) {
	if f.Err == nil {
		v, f.Err = f.node.flag(name, otherwise)
	}
	return v
}

func (f *formula) number(name string, otherwise int) (v int) {
	if f.Err == nil {
		v, f.Err = f.node.number(name, otherwise)
	}
	return v
}

func (f *formula) real(name string, otherwise float32) (v float32) {
	if f.Err == nil {
		v, f.Err = f.node.real(name, otherwise)
	}
	return v
}

func (f *formula) numbers(name string, otherwise []int) (v []int) {
	if f.Err == nil {
		v, f.Err = f.node.numbers(name, otherwise)
	}
	return v
}

func (f *formula) text(name, otherwise string) (v string) {
	if f.Err == nil {
		v, f.Err = f.node.text(name, otherwise)
	}
	return v
}

// fromEnd counts an axis of a value, with so many more axes, from the end. The number of the
// value's axes must be known unless the axis is counted so already.
func (f *formula) fromEnd(axis int, of *graph.Value, more int) int {
	if f.Err != nil {
		return -1
	}
	rank, err := f.rank(of)
	switch {
	case err == nil && (axis >= rank+more || axis < -rank-more):
		f.Refuse("axis %d of %d axes", axis, rank+more)
	case axis < -maxAxes:
		f.Refuse("axis %d; at most %d axes are counted from the end", axis, maxAxes)
	case axis < 0:
		return axis
	case err != nil:
		f.Err = err
	default:
		return axis - rank - more
	}
	return -1
}

func relation(name string) op.Relation { return op.Relation{Name: name} }

func function(name string) op.Function { return op.Function{Name: name} }
