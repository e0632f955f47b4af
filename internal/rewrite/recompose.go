package rewrite

import (
	"math"
	"sync"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Recompose returns a copy of a graph in which operators that an exporter wrote as several
// are one again, where only the last of those is read elsewhere: the activations of
// activation, LayerNorm, channel shuffles, slices of channels, a factor and a summand for each
// channel, and the bias of a linear layer. One operator has one kernel, one observer and one
// rounding. The node keeps the name of the last of the several.
//
// Constants around a layer with weights become part of it, other constants of one number
// functions, and functions one after another one: see constants.go. Images have channels
// first: see channelslast.go.
func Recompose(g *graph.Graph) (*graph.Graph, error) {
	var passes []graph.Pass
	layers := g.Numerics == quant.NumericsUnset // those of integers have their constants as codes
	if layers {
		passes = append(passes, graph.Pass{Name: "channels first", Run: channelsFirst})
	}
	passes = append(passes, graph.Pass{Name: "recompose", Run: composing((*composer).recompose)})
	add := func(name string, rule func(*composer, *graph.Node) bool) {
		passes = append(passes, graph.Pass{Name: name, Run: composing(rule)})
	}
	if layers {
		add("fold constants into the layer in front", (*composer).foldBehind)
	}
	add("constants are functions", (*composer).scaleShift)
	if layers {
		add("fold constants into the layer behind", (*composer).foldBefore)
	}
	add("compose functions", (*composer).compose)
	return graph.Rewrite(g, passes...)
}

// composing makes a pass of a rule that is tried on every node, in the order of computation.
func composing(rule func(*composer, *graph.Node) bool) func(*graph.Graph) (bool, error) {
	return func(g *graph.Graph) (changed bool, err error) {
		c := &composer{g: g, readers: g.Reads(), trials: sync.OnceValue(func() [2]trial { return trials(g) })}
		for _, n := range g.Nodes {
			changed = rule(c, n) || changed
		}
		return changed, nil
	}
}

// composer looks at one node after the other, and at what it is computed from.
type composer struct {
	g       *graph.Graph
	readers map[*graph.Value]int // how often a value is read, by nodes that still count
	names   parameterNames
	trials  func() [2]trial // of the graph as it was
	through []*graph.Node   // what the match at hand has passed: nobody else may read it
}

func (c *composer) count(n *graph.Node, by int) {
	for _, v := range n.Inputs {
		c.readers[v] += by
	}
}

// replace makes n an operator on other inputs, and what the match went through nobody's.
func (c *composer) replace(n *graph.Node, o graph.Op, in []*graph.Value, through ...*graph.Node) {
	for _, p := range through {
		c.count(p, -1)
	}
	c.count(n, -1)
	n.Op, n.Inputs = o, in
	c.count(n, 1)
}

// recompose tries every rule on n as the last node of a composition.
func (c *composer) recompose(n *graph.Node) bool {
	if len(n.Outputs) != 1 || len(n.Inputs) == 0 || !floatNode(n) {
		return false
	}
	rules := []func(*graph.Node) (graph.Op, []*graph.Value){c.activation, c.layerNorm, c.channels, c.channelShuffle, c.affine, c.globalPool, c.bias}
	if c.g.Numerics != quant.NumericsUnset {
		rules = rules[:len(rules)-1] // a float addition behind a product of codes is none of integers
	}
	for _, rule := range rules {
		c.through = c.through[:0]
		if o, in := rule(n); o != nil {
			c.replace(n, o, in, c.through...)
			return true
		}
	}
	return false
}

// inner is the node that computes v in the composition: v is read times times, all by it.
func (c *composer) inner(v *graph.Value, times int) *graph.Node {
	if v.Node == nil || len(v.Node.Outputs) != 1 || c.readers[v] != times || v.Type.DType != tensor.Float32 {
		return nil
	}
	return v.Node
}

// pass records that a match goes through nodes.
func (c *composer) pass(nodes ...*graph.Node) { c.through = append(c.through, nodes...) }

// scalar is a constant of one number that does not change the shape of what it is combined
// with: it has no axes, or the other operand has some.
func scalar(v, other *graph.Value) (float64, bool) {
	if v.Role != graph.Parameter || v.Data == nil || v.Data.DType() != tensor.Float32 || v.Data.Shape().Numel() != 1 || v.Data.Load() != nil {
		return 0, false
	}
	if axes := len(v.Data.Shape()); axes > 1 || axes == 1 && !hasAxes(other) {
		return 0, false
	}
	return float64(v.Data.Float32s()[0]), true
}

// hasAxes says that v is no scalar, as far as the operators that compute it tell.
func hasAxes(v *graph.Value) bool {
	for range 32 { // as deep as real compositions are
		if len(v.Type.Shape) > 0 {
			return true
		}
		if v.Node == nil {
			return false
		}
		switch o := v.Node.Op.(type) {
		case op.Conv2D, op.ConvTranspose2D, op.Linear, op.BatchNorm, op.LayerNorm, op.Cat:
			return true
		case op.Transpose:
			return len(o.Perm) > 0
		case op.Mean:
			if !o.KeepDim {
				return false
			}
		case op.Unary, op.Add, op.Sub, op.Mul, op.Div, op.Pairwise:
		default:
			return false
		}
		in := v.Node.Inputs
		if v = in[0]; len(in) > 1 && (v.Role == graph.Parameter || len(in[1].Type.Shape) > 0) {
			v = in[1]
		}
	}
	return false
}

// shifted takes x + c apart, for a constant c: also of a subtraction of one.
func (c *composer) shifted(n *graph.Node) (x *graph.Value, by float64, ok bool) {
	switch o := n.Op.(type) {
	case op.Add:
		if ok = o.Act == quant.NoActivation; !ok {
			return nil, 0, false
		}
		for i, v := range n.Inputs {
			if by, ok = scalar(v, n.Inputs[1-i]); ok {
				return n.Inputs[1-i], by, true
			}
		}
	case op.Sub:
		if by, ok = scalar(n.Inputs[1], n.Inputs[0]); ok && o.Act == quant.NoActivation {
			return n.Inputs[0], -by, true
		}
	}
	return nil, 0, false
}

// factors takes a product apart: into its constant factor and its others, where products
// that nobody else reads and divisions by constants are taken apart as well.
func (c *composer) factors(n *graph.Node) (constant float64, others []*graph.Value) {
	constant = 1
	switch o := n.Op.(type) {
	case op.Mul:
		if o.Act != quant.NoActivation {
			return 1, nil
		}
		for i, v := range n.Inputs {
			if f, ok := scalar(v, n.Inputs[1-i]); ok {
				constant *= f
				continue
			}
			others = append(others, v)
		}
	case op.Div:
		f, ok := scalar(n.Inputs[1], n.Inputs[0])
		if !ok || f == 0 || o.Act != quant.NoActivation {
			return 1, nil
		}
		constant, others = 1/f, n.Inputs[:1:1]
	default:
		return 1, nil
	}
	var leaves []*graph.Value
	for _, v := range others {
		if p := c.inner(v, 1); p != nil && len(leaves) < 8 {
			if f, list := c.factors(p); list != nil {
				c.pass(p)
				constant, leaves = constant*f, append(leaves, list...)
				continue
			}
		}
		leaves = append(leaves, v)
	}
	return constant, leaves
}

// scaled is v as a constant times another value: 1 times itself where it is no product.
func (c *composer) scaled(v *graph.Value) (constant float64, of *graph.Value) {
	if p := c.inner(v, 1); p != nil {
		before := len(c.through)
		if f, list := c.factors(p); len(list) == 1 {
			c.pass(p)
			return f, list[0]
		}
		c.through = c.through[:before]
	}
	return 1, v
}

// near says that a constant of a file is the one that is meant, as far as float32 and the
// digits that people write tell.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-4*math.Abs(b) }

// bias makes the constant that is added to the result of a linear layer its bias.
func (c *composer) bias(n *graph.Node) (graph.Op, []*graph.Value) {
	add, ok := n.Op.(op.Add)
	if !ok {
		return nil, nil
	}
	for i, v := range n.Inputs {
		p := c.inner(n.Inputs[1-i], 1)
		if p == nil || len(p.Inputs) != 2 || v.Role != graph.Parameter {
			continue
		}
		l, ok := p.Op.(op.Linear)
		if w := p.Inputs[1].Type.Shape; ok && l.Act == quant.NoActivation && len(w) == 2 && v.Type.Shape.Equal(tensor.Shape{w[0]}) {
			c.pass(p)
			l.Act = add.Act
			return l, []*graph.Value{p.Inputs[0], p.Inputs[1], v}
		}
	}
	return nil, nil
}
