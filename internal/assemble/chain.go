package assemble

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// Adder adds the operators that a node of a file becomes, under names made of its own.
type Adder interface {
	// Step adds an operator in front of the one that computes the node's result.
	Step(o graph.Op, in ...*graph.Value) (*graph.Value, error)
	// Several is Step for an operator of several results.
	Several(o graph.Op, in ...*graph.Value) ([]*graph.Value, error)
	// Result adds the operator that computes the node's results.
	Result(o graph.Op, in ...*graph.Value) ([]*graph.Value, error)
	// Constant adds a tensor.
	Constant(t *tensor.Tensor) *graph.Value
}

// Chain adds operators one after another for a node that is several of them. After an error
// it adds nothing more; Result returns that error.
type Chain struct {
	To  Adder // the node that operators are added for
	Err error // the first one; nil while all is well
}

// Do adds an operator in front of the one that computes the result.
func (c *Chain) Do(o graph.Op, in ...*graph.Value) *graph.Value {
	if c.Err != nil {
		return nil
	}
	var v *graph.Value
	v, c.Err = c.To.Step(o, in...)
	return v
}

// Split adds an operator of several results, at most eight of which are read.
func (c *Chain) Split(o graph.Op, in ...*graph.Value) []*graph.Value {
	if c.Err != nil {
		return make([]*graph.Value, 8)
	}
	var list []*graph.Value
	list, c.Err = c.To.Several(o, in...)
	return append(list, make([]*graph.Value, 8)...)
}

// Result adds the operator that computes the result.
func (c *Chain) Result(o graph.Op, in ...*graph.Value) ([]*graph.Value, error) {
	if c.Err != nil {
		return nil, c.Err
	}
	return c.To.Result(o, in...)
}

// Refuse ends a chain with an error.
func (c *Chain) Refuse(format string, args ...any) {
	if c.Err == nil {
		c.Err = fmt.Errorf(format, args...)
	}
}

// List is a constant of whole numbers along one axis.
func (c *Chain) List(values ...int) *graph.Value {
	whole := make([]int64, len(values))
	for i, v := range values {
		whole[i] = int64(v)
	}
	return c.To.Constant(tensor.Of(whole, len(whole)))
}

// Scalar is a constant without axes.
func (c *Chain) Scalar(v float32) *graph.Value { return c.To.Constant(tensor.Of([]float32{v})) }

// NumberOf is a constant of the element type of like.
func (c *Chain) NumberOf(like *graph.Value, number int) *graph.Value {
	if c.Err != nil {
		return nil
	}
	switch like.Type.DType {
	case tensor.Int64:
		return c.To.Constant(tensor.Of([]int64{int64(number)}))
	case tensor.Bool:
		t := tensor.New(tensor.Bool)
		t.Uint8s()[0] = byte(number)
		return c.To.Constant(t)
	}
	return c.Scalar(float32(number))
}

// Shape is the extents of x.
func (c *Chain) Shape(x *graph.Value) *graph.Value { return c.Do(op.Shape{}, x) }

// Extent is that of x along an axis, as a vector of one number.
func (c *Chain) Extent(x *graph.Value, axis int) *graph.Value {
	return c.Do(op.Gather{}, c.Shape(x), c.List(axis))
}

// Count is the whole numbers from 0 on, so many.
func (c *Chain) Count(n *graph.Value) *graph.Value {
	return c.Do(op.ARange{}, c.List(0), n, c.List(1))
}

// Along returns a vector as one along axis, -1 being the last, with axes of extent 1 behind.
func (c *Chain) Along(axis int, v *graph.Value) *graph.Value {
	if axis == -1 || c.Err != nil {
		return v
	}
	behind := make([]int, -axis-1)
	for i := range behind {
		behind[i] = i + 1
	}
	return c.Do(op.Unsqueeze{Axes: behind}, v)
}

// As casts v to an element type, if it has another.
func (c *Chain) As(d tensor.DType, v *graph.Value) *graph.Value {
	if c.Err != nil || v.Type.DType == d {
		return v
	}
	return c.Do(op.Cast{To: d}, v)
}
