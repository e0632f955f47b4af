package rewrite

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// layerNorm recognises n as the end of
//
//	d = x - mean(x);  d / sqrt(mean(d*d) + eps) * weight + bias
//
// over the last axis, with pow(d, 2) for d*d where an exporter writes that.
func (c *composer) layerNorm(n *graph.Node) (graph.Op, []*graph.Value) {
	if o, ok := n.Op.(op.Add); !ok || o.Act != quant.NoActivation {
		return nil, nil
	}
	product, bias := c.withParameter(n)
	if product == nil {
		return nil, nil
	}
	if o, ok := product.Op.(op.Mul); !ok || o.Act != quant.NoActivation {
		return nil, nil
	}
	quotient, weight := c.withParameter(product)
	if quotient == nil || !weight.Type.Shape.Equal(bias.Type.Shape) || weight.Type.Shape[0] == 1 { // one number may stand for a whole axis
		return nil, nil
	}
	if o, ok := quotient.Op.(op.Div); !ok || o.Act != quant.NoActivation {
		return nil, nil
	}
	eps, square := c.deviation(quotient.Inputs[1])
	if square == nil {
		return nil, nil
	}
	x := c.centred(quotient.Inputs[0], square)
	if x == nil {
		return nil, nil
	}
	c.pass(product, quotient)
	return op.LayerNorm{Axis: -1, Eps: eps}, []*graph.Value{x, weight, bias}
}

// withParameter takes a node of two operands apart into a node that only it reads and a
// parameter of one axis.
func (c *composer) withParameter(n *graph.Node) (*graph.Node, *graph.Value) {
	for i, v := range n.Inputs {
		if p := c.inner(n.Inputs[1-i], 1); p != nil && v.Role == graph.Parameter && v.Type.DType == tensor.Float32 && len(v.Type.Shape) == 1 {
			return p, v
		}
	}
	return nil, nil
}

// deviation takes sqrt(mean(square) + eps) apart.
func (c *composer) deviation(v *graph.Value) (eps float64, square *graph.Node) {
	root := c.inner(v, 1)
	if root == nil {
		return 0, nil
	}
	if f, ok := root.Op.(op.Function); !ok || f.Name != "sqrt" {
		return 0, nil
	}
	sum := c.inner(root.Inputs[0], 1)
	if sum == nil {
		return 0, nil
	}
	variance, eps, ok := c.shifted(sum)
	if !ok || eps <= 0 {
		return 0, nil
	}
	mean := c.inner(variance, 1)
	if mean == nil || !overLast(mean) {
		return 0, nil
	}
	if square = c.inner(mean.Inputs[0], 1); square != nil {
		c.pass(root, sum, mean, square)
	}
	return eps, square
}

// centred returns x where d is x - mean(x), and square, beside the quotient the only reader
// of d, is its square.
func (c *composer) centred(d *graph.Value, square *graph.Node) *graph.Value {
	readers := 2 // the power and the quotient
	if o, ok := square.Op.(op.Mul); ok {
		if o.Act != quant.NoActivation || square.Inputs[0] != d || square.Inputs[1] != d {
			return nil
		}
		readers = 3
	} else if !power(square, d, 2) {
		return nil
	}
	sub := c.inner(d, readers)
	if sub == nil {
		return nil
	}
	if o, ok := sub.Op.(op.Sub); !ok || o.Act != quant.NoActivation {
		return nil
	}
	x, mean := sub.Inputs[0], c.inner(sub.Inputs[1], 1)
	if mean == nil || !overLast(mean) || mean.Inputs[0] != x {
		return nil
	}
	c.pass(sub, mean)
	return x
}

// overLast says that n is a mean over the last axis, which stays with extent 1.
func overLast(n *graph.Node) bool {
	m, ok := n.Op.(op.Mean)
	return ok && m.KeepDim && slices.Equal(m.Axes, []int{-1})
}
