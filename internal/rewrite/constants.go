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
	b := l.biases()
	for o := range b {
		b[o] = float32(b[o]*scales[o]) + shifts[o]
	}
	if scale != nil {
		l.scaleWeights(func(o int) float32 { return scales[o] })
	}
	c.replace(n, p.Op, c.withBias(l, b), p)
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
	w, b := l.weight.Data.Float32s(), l.biases()
	for o := range b {
		var sum float64
		l.form.rows(o, func(from, end int) {
			for _, v := range w[from:end] {
				sum += float64(v)
			}
		})
		b[o] += float32(sum * float64(s.Shift))
	}
	l.scaleWeights(func(int) float32 { return s.Scale })
	in := c.withBias(l, b)
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
		if v.Role != graph.Parameter || v.Data == nil || v.Data.DType() != tensor.Float32 {
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
	node   *graph.Node
	weight *graph.Value
	bias   *graph.Value // nil where it has none
	form   form
	axis   int // of the channels of the result, from behind
}

// layer returns n as one, where it is one.
func (c *composer) layer(n *graph.Node) (layer, bool) {
	own := ownsFloats(n, func(v *graph.Value) int { return c.readers[v] })
	if !own || op.ClampOf(n.Op) != quant.NoActivation || n.Inputs[1].Data.Numel() == 0 {
		return layer{}, false
	}
	for _, v := range n.Inputs[1:] {
		if v.Data.Load() != nil {
			return layer{}, false
		}
	}
	l := layer{node: n, weight: n.Inputs[1], bias: inputAt(n, 2), form: formOf(n), axis: 3}
	if _, linear := n.Op.(op.Linear); linear {
		l.axis = 1
	}
	return l, true
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
		return slices.Repeat([]float32{none}, l.form.outputs), true
	}
	shape, channels := v.Data.Shape(), l.form.outputs
	one := shape.Numel() == 1 && len(shape) <= l.axis
	if !one {
		if len(shape) < l.axis || shape.Numel() != channels || shape[len(shape)-l.axis] != channels {
			return nil, false
		}
		if _, linear := l.node.Op.(op.Linear); linear && len(shape) > 1 || len(shape) > 4 {
			return nil, false // its result may have fewer axes
		}
	}
	if v.Data.Load() != nil {
		return nil, false
	}
	if one {
		return slices.Repeat(v.Data.Float32s(), channels), true
	}
	return v.Data.Float32s(), true
}

// biases returns a copy of the bias, zeros where there is none.
func (l layer) biases() []float32 {
	if l.bias == nil {
		return make([]float32, l.form.outputs)
	}
	return slices.Clone(l.bias.Data.Float32s())
}

// scaleWeights multiplies the weights of each output channel.
func (l layer) scaleWeights(by func(o int) float32) {
	w := slices.Clone(l.weight.Data.Float32s())
	for o := range l.form.outputs {
		factor := by(o)
		l.form.rows(o, func(from, end int) {
			for i := from; i < end; i++ {
				w[i] = float32(w[i] * factor)
			}
		})
	}
	l.weight.Data = tensor.Of(w, l.weight.Data.Shape()...)
}

// withBias returns the operands of the layer with another bias.
func (c *composer) withBias(l layer, bias []float32) []*graph.Value {
	in, data := slices.Clone(l.node.Inputs), tensor.Of(bias, len(bias))
	if l.bias != nil {
		l.bias.Data = data
		return in
	}
	return append(in, c.g.AddConst(c.names.unique(c.g, l.node.Name+".bias"), data))
}

// parameterNames are those of a graph, once they are asked for.
type parameterNames map[string]bool

// unique is name, or one that begins with it, which no parameter of g has.
func (p *parameterNames) unique(g *graph.Graph, name string) string {
	if *p == nil {
		*p = parameterNames{}
		for _, v := range g.Params {
			(*p)[v.Name] = true
		}
	}
	for (*p)[name] {
		name += "_"
	}
	(*p)[name] = true
	return name
}
