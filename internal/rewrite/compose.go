package rewrite

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// scaleShift makes a multiplication with a constant of one number, or an addition of one, a
// function of one number.
func (c *composer) scaleShift(n *graph.Node) bool {
	x, scale, shift, ok := constantOf(n)
	if !ok {
		return false
	}
	s := op.ScaleShift{Scale: 1}
	for _, part := range []struct {
		of *graph.Value
		to *float32
	}{{scale, &s.Scale}, {shift, &s.Shift}} {
		if part.of == nil {
			continue
		}
		number, ok := scalar(part.of, x)
		if !ok || math.IsInf(number, 0) || math.IsNaN(number) {
			return false
		}
		*part.to = float32(number)
	}
	if p := c.inner(x, 1); p != nil && scale == nil {
		if before, ok := p.Op.(op.ScaleShift); ok && before.Shift == 0 {
			before.Shift = s.Shift
			c.replace(n, before, p.Inputs, p)
			return true
		}
	}
	c.replace(n, s, []*graph.Value{x})
	return true
}

// compose makes n one with the function of one number that it is computed of.
func (c *composer) compose(n *graph.Node) bool {
	last, ok := composable(n)
	if !ok {
		return false
	}
	p := c.inner(n.Inputs[0], 1)
	if p == nil {
		return false
	}
	first, ok := composable(p)
	if !ok {
		return false
	}
	c.replace(n, op.Composed{Functions: append(first, last...)}, p.Inputs, p)
	return true
}

// composable returns the functions of one number that n applies to floats, where each is
// worth having on codes. A clamp is none: it costs nothing behind a layer.
func composable(n *graph.Node) ([]op.Unary, bool) {
	if len(n.Inputs) != 1 || len(n.Outputs) != 1 || !floatNode(n) {
		return nil, false
	}
	switch o := n.Op.(type) {
	case op.Clamp, op.Clip:
		return nil, false
	case op.Composed:
		return append([]op.Unary(nil), o.Functions...), true
	case op.Unary:
		for _, s := range o.Signatures() {
			if s.Out == tensor.QUInt8 {
				return []op.Unary{o}, true
			}
		}
	}
	return nil, false
}
