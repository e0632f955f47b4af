package onnx

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// formula adds operators one after another for a node that is several of them. After an error
// it adds nothing more; result returns that error.
type formula struct {
	*node
	err error
}

// maxAxes is how many axes a formula counts from the end; no format has more.
const maxAxes = 64

// formula begins one that needs the first inputs, so many. Integers of eight bits are int64 in it.
func (n *node) formula(inputs int) *formula {
	f := &formula{n, n.need(inputs)}
	for len(n.in) < inputs { // a reader may name them before it looks at the error
		n.in = append(n.in, nil)
	}
	for i, v := range n.in {
		if f.err != nil || v == nil {
			continue
		}
		if n.in[i], f.err = n.whole(v); f.err == nil && n.in[i] != v {
			n.declared[n.in[i]] = n.typeOf(v)
		}
	}
	return f
}

// do adds an operator in front of the one that computes the result.
func (f *formula) do(o graph.Op, in ...*graph.Value) *graph.Value {
	if f.err != nil {
		return nil
	}
	var v *graph.Value
	v, f.err = f.step(o, in...)
	return v
}

// split adds an operator of several results.
func (f *formula) split(o graph.Op, in ...*graph.Value) []*graph.Value {
	if f.err != nil {
		return make([]*graph.Value, 8)
	}
	f.parts++
	var list []*graph.Value
	list, f.err = f.apply(fmt.Sprintf("%s/%s_%d", f.first(), o.Kind(), f.parts), o, in...)
	return append(list, make([]*graph.Value, 8)...)
}

// result adds the operator that computes the result.
func (f *formula) result(o graph.Op, in ...*graph.Value) ([]*graph.Value, error) {
	if f.err != nil {
		return nil, f.err
	}
	return f.node.result(o, in...)
}

// attributes, which a formula reads as it goes on.

func (f *formula) flag(name string, otherwise bool) (v bool) {
	if f.err == nil {
		v, f.err = f.node.flag(name, otherwise)
	}
	return v
}

func (f *formula) number(name string, otherwise int) (v int) {
	if f.err == nil {
		v, f.err = f.node.number(name, otherwise)
	}
	return v
}

func (f *formula) real(name string, otherwise float32) (v float32) {
	if f.err == nil {
		v, f.err = f.node.real(name, otherwise)
	}
	return v
}

func (f *formula) numbers(name string, otherwise []int) (v []int) {
	if f.err == nil {
		v, f.err = f.node.numbers(name, otherwise)
	}
	return v
}

func (f *formula) text(name, otherwise string) (v string) {
	if f.err == nil {
		v, f.err = f.node.text(name, otherwise)
	}
	return v
}

// refuse ends a formula with an error.
func (f *formula) refuse(format string, args ...any) {
	if f.err == nil {
		f.err = fmt.Errorf(format, args...)
	}
}

// list is a constant of whole numbers along one axis.
func (f *formula) list(values ...int) *graph.Value {
	return f.constant(tensor.Of(int64s(values), len(values)))
}

// shape is the extents of x.
func (f *formula) shape(x *graph.Value) *graph.Value { return f.do(op.Shape{}, x) }

// extent is that of x along an axis, as a vector of one number.
func (f *formula) extent(x *graph.Value, axis int) *graph.Value {
	return f.do(op.Gather{}, f.shape(x), f.list(axis))
}

// count is the whole numbers from 0 on, so many.
func (f *formula) count(n *graph.Value) *graph.Value {
	return f.do(op.ARange{}, f.list(0), n, f.list(1))
}

// along returns a vector as one along axis, -1 being the last, with axes of extent 1 behind.
func (f *formula) along(axis int, v *graph.Value) *graph.Value {
	if axis == -1 || f.err != nil {
		return v
	}
	behind := make([]int, -axis-1)
	for i := range behind {
		behind[i] = i + 1
	}
	return f.do(op.Unsqueeze{Axes: behind}, v)
}

// fromEnd counts an axis of a value, with so many more axes, from the end. The number of the
// value's axes must be known unless the axis is counted so already.
func (f *formula) fromEnd(axis int, of *graph.Value, more int) int {
	if f.err != nil {
		return -1
	}
	rank, err := f.rank(of)
	switch {
	case err == nil && (axis >= rank+more || axis < -rank-more):
		f.refuse("axis %d of %d axes", axis, rank+more)
	case axis < -maxAxes:
		f.refuse("axis %d; at most %d axes are counted from the end", axis, maxAxes)
	case axis < 0:
		return axis
	case err != nil:
		f.err = err
	default:
		return axis - rank - more
	}
	return -1
}

// as casts v to an element type, if it has another.
func (f *formula) as(d tensor.DType, v *graph.Value) *graph.Value {
	if f.err != nil || v.Type.DType == d {
		return v
	}
	return f.do(op.Cast{To: d}, v)
}

// numberOf is a constant of the element type of like.
func (f *formula) numberOf(like *graph.Value, number int) *graph.Value {
	if f.err != nil {
		return nil
	}
	switch like.Type.DType {
	case tensor.Int64:
		return f.constant(tensor.Of([]int64{int64(number)}))
	case tensor.Bool:
		t := tensor.New(tensor.Bool)
		t.Uint8s()[0] = byte(number)
		return f.constant(t)
	}
	return f.scalar(float32(number))
}

func relation(name string) op.Relation { return op.Relation{Name: name} }

func function(name string) op.Function { return op.Function{Name: name} }
