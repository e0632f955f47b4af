package rewrite

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Constants that are multiplied with, or added to, what a layer with weights gives become part
// of its weight and bias; so do those of its input, where no padding stands in between. What
// is left of constants of one number are functions of one number, ScaleShift, and functions
// one after another are one, Composed: on codes each is a table.

// foldBehind makes the node n, which multiplies with a constant or adds one, part of the
// layer in front of it.
func (c *composer) foldBehind(n *graph.Node) bool {
	x, scale, shift, ok := constantOf(n)
	if !ok {
		return false
	}
	p := c.inner(x, 1)
	if p == nil {
		return false
	}
	l, ok := c.layer(p)
	if !ok {
		return false
	}
	scales, ok := l.perChannel(scale, 1)
	if !ok {
		return false
	}
	shifts, ok := l.perChannel(shift, 0)
	if !ok {
		return false
	}
	w, b := l.load()
	for o := range l.channels {
		l.each(o, func(i int) { w[i] = float32(w[i] * scales[o]) })
		b[o] = float32(b[o]*scales[o]) + shifts[o]
	}
	c.replace(n, p.Op, c.with(l, w, b), p)
	return true
}

// foldBefore makes a multiplication with one constant and an addition of one, of which alone
// the layer n is computed, part of it.
func (c *composer) foldBefore(n *graph.Node) bool {
	if op.WeightOf(n) == nil {
		return false
	}
	p := c.inner(n.Inputs[0], 1)
	if p == nil {
		return false
	}
	s, ok := p.Op.(op.ScaleShift)
	if !ok {
		return false
	}
	l, ok := c.layer(n)
	if !ok || s.Shift != 0 && l.padded() {
		return false
	}
	w, b := l.load()
	for o := range l.channels {
		var sum float64
		l.each(o, func(i int) {
			sum += float64(w[i])
			w[i] = float32(w[i] * s.Scale)
		})
		b[o] += float32(sum * float64(s.Shift))
	}
	in := c.with(l, w, b)
	in[0] = p.Inputs[0]
	c.replace(n, n.Op, in, p)
	return true
}

// constantOf takes x*scale + shift apart, where one of both is there and a constant.
func constantOf(n *graph.Node) (x *graph.Value, scale, shift *graph.Value, ok bool) {
	if len(n.Inputs) != 2 || !floatNode(n) || op.ClampOf(n.Op) != quant.NoActivation {
		return nil, nil, nil, false
	}
	for i, v := range n.Inputs {
		if v.Role != graph.Parameter || v.Data == nil || v.Data.DType() != tensor.Float32 || v.Data.Load() != nil {
			continue
		}
		switch n.Op.(type) {
		case op.Mul:
			return n.Inputs[1-i], v, nil, true
		case op.Add:
			return n.Inputs[1-i], nil, v, true
		}
	}
	return nil, nil, nil, false
}

// layer is a node with a weight of its own, whose numbers are known.
type layer struct {
	node     *graph.Node
	weight   *graph.Value
	bias     *graph.Value // nil where it has none
	channels int          // of the result
	axis     int          // of the channels of the result, from behind
	groups   int          // where the output channels are the weight's second axis, else 0
}

// layer returns n as one, where it is one.
func (c *composer) layer(n *graph.Node) (layer, bool) {
	if op.WeightOf(n) == nil || len(n.Outputs) != 1 || op.ClampOf(n.Op) != quant.NoActivation || !floatNode(n) {
		return layer{}, false
	}
	l := layer{node: n, weight: n.Inputs[1], bias: inputAt(n, 2)}
	for _, v := range []*graph.Value{l.weight, l.bias} {
		if v == nil {
			continue
		}
		if v.Role != graph.Parameter || v.Data == nil || v.Data.DType() != tensor.Float32 || c.readers[v] != 1 || v.Data.Load() != nil {
			return layer{}, false
		}
	}
	shape := l.weight.Data.Shape()
	switch o := n.Op.(type) {
	case op.Conv2D:
		l.axis, l.channels = 3, shape[0]
	case op.ConvTranspose2D:
		l.axis, l.groups = 3, max(1, o.Groups)
		l.channels = shape[1] * l.groups
	case op.Linear:
		l.axis, l.channels = 1, shape[0]
	default:
		return layer{}, false
	}
	return l, l.channels > 0 && shape.Numel() > 0
}

// padded reports whether the layer sees numbers that are not its input's.
func (l layer) padded() bool {
	switch o := l.node.Op.(type) {
	case op.Linear:
		return false
	case op.Conv2D:
		return o.Padding != [2]int{} || o.Uneven != [2]int{} || o.Auto != ""
	}
	return true
}

// perChannel is the constant v, a number or one for each output channel, or the number that
// stands for none.
func (l layer) perChannel(v *graph.Value, none float32) ([]float32, bool) {
	if v == nil {
		return slices.Repeat([]float32{none}, l.channels), true
	}
	shape := v.Data.Shape()
	if shape.Numel() == 1 && len(shape) <= l.axis {
		return slices.Repeat(v.Data.Float32s(), l.channels), true
	}
	if len(shape) < l.axis || shape.Numel() != l.channels || shape[len(shape)-l.axis] != l.channels {
		return nil, false
	}
	if _, linear := l.node.Op.(op.Linear); linear && len(shape) > 1 || len(shape) > 4 {
		return nil, false // its result may have fewer axes
	}
	return v.Data.Float32s(), true
}

// load returns copies of the weight and the bias.
func (l layer) load() (weight, bias []float32) {
	weight = slices.Clone(l.weight.Data.Float32s())
	if l.bias == nil {
		return weight, make([]float32, l.channels)
	}
	return weight, slices.Clone(l.bias.Data.Float32s())
}

// each calls f with the places of the weights of output channel o.
func (l layer) each(o int, f func(i int)) {
	shape := l.weight.Data.Shape()
	if l.groups == 0 {
		row := shape.Numel() / l.channels
		for i := o * row; i < (o+1)*row; i++ {
			f(i)
		}
		return
	}
	inGroup, outGroup, taps := shape[0]/l.groups, shape[1], shape[2:].Numel()
	first := o / outGroup * inGroup
	for in := first; in < first+inGroup; in++ {
		for t := range taps {
			f((in*outGroup+o%outGroup)*taps + t)
		}
	}
}

// with returns the operands of the layer with another weight and bias.
func (c *composer) with(l layer, weight, bias []float32) []*graph.Value {
	in := slices.Clone(l.node.Inputs)
	l.weight.Data = tensor.Of(weight, l.weight.Data.Shape()...)
	data := tensor.Of(bias, l.channels)
	if l.bias != nil {
		l.bias.Data = data
		return in
	}
	return append(in, c.g.AddConst(c.unique(l.node.Name+".bias"), data))
}

// unique is name, or one that begins with it, which no parameter has.
func (c *composer) unique(name string) string {
	if c.names == nil {
		c.names = map[string]bool{}
		for _, v := range c.g.Params {
			c.names[v.Name] = true
		}
	}
	for c.names[name] {
		name += "_"
	}
	c.names[name] = true
	return name
}
