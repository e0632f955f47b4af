package rewrite

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
)

// affine recognises the channels of an image, each times a constant plus a constant, joined
// again, as torchvision's transform_input computes them.
func (c *composer) affine(n *graph.Node) (graph.Op, []*graph.Value) {
	if cat, ok := n.Op.(op.Cat); !ok || cat.Axis != 1 {
		return nil, nil
	}
	var image *graph.Value
	var found op.Affine
	for i, v := range n.Inputs {
		x, scale, shift := c.transformed(v, i)
		if x == nil || image != nil && x != image {
			return nil, nil
		}
		image = x
		found.Scale, found.Shift = append(found.Scale, scale), append(found.Shift, shift)
	}
	for _, t := range c.trials() {
		if s := t.shape(image); len(s) != 4 || s[1] != len(n.Inputs) {
			return nil, nil
		}
	}
	return found, []*graph.Value{image}
}

// transformed takes v apart into a channel of x, times scale, plus shift.
func (c *composer) transformed(v *graph.Value, channel int) (x *graph.Value, scale, shift float32) {
	sum := c.inner(v, 1)
	if sum == nil {
		return nil, 0, 0
	}
	v, by, ok := c.shifted(sum)
	if !ok {
		return nil, 0, 0
	}
	product := c.inner(v, 1)
	if product == nil {
		return nil, 0, 0
	}
	if o, ok := product.Op.(op.Mul); !ok || o.Act != quant.NoActivation {
		return nil, 0, 0
	}
	for i, w := range product.Inputs {
		if f, ok := scalar(w, product.Inputs[1-i]); ok {
			c.pass(sum, product)
			return c.channel(product.Inputs[1-i], channel), float32(f), float32(by)
		}
	}
	return nil, 0, 0
}

// channel returns x where v is the given channel of it, as an image of one.
func (c *composer) channel(v *graph.Value, channel int) *graph.Value {
	n := c.inner(v, 1)
	if n == nil {
		return nil
	}
	c.pass(n)
	switch o := n.Op.(type) {
	case op.Slice:
		if o == (op.Slice{Axis: 1, Start: channel, End: channel + 1}) {
			return n.Inputs[0]
		}
	case op.Unsqueeze:
		p := c.inner(n.Inputs[0], 1)
		if p == nil || len(n.Inputs) > 1 || !slices.Equal(o.Axes, []int{1}) {
			return nil
		}
		c.pass(p)
		if g, ok := p.Op.(op.Gather); ok && g.Axis == 1 && isIndex(p.Inputs[1], channel) {
			return c.uncut(p.Inputs[0])
		}
	}
	return nil
}

// uncut returns x where v is x[:], as the dynamo exporter writes it, else v.
func (c *composer) uncut(v *graph.Value) *graph.Value {
	n := c.inner(v, 1)
	if n == nil {
		return v
	}
	s, ok := n.Op.(op.StridedSlice)
	if !ok {
		return v
	}
	for _, t := range c.trials() {
		place, err := s.Places(t.facts(n))
		from := t.shape(n.Inputs[0])
		if err != nil || from == nil || !slices.Equal(from, t.shape(v)) {
			return v
		}
		for axis := range from {
			if place(axis, 0) != 0 {
				return v
			}
		}
	}
	c.pass(n)
	return n.Inputs[0]
}

// isIndex says that v is a constant without axes, the given number.
func isIndex(v *graph.Value, number int) bool {
	return v.Role == graph.Parameter && v.Data != nil && len(v.Data.Shape()) == 0 && v.Data.Load() == nil && v.Data.Int64s()[0] == int64(number)
}
