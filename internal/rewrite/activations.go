package rewrite

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
)

// activation recognises a product as an activation of x:
//
//	x * sigmoid(x)                                   SiLU
//	x * hardsigmoid(x), x * clamp(x+3, 0, 6) / 6     Hardswish
//	clamp(x+3, 0, 6) / 6                             Hardsigmoid
//	x * tanh(softplus(x))                            Mish
//	x * (1 + erf(x/√2)) / 2                          GELU
//	x * (1 + tanh(√(2/π) * (x + 0.044715 x³))) / 2   GELU with Tanh
//
// The factors may stand in any order, and a division for a multiplication.
func (c *composer) activation(n *graph.Node) (graph.Op, []*graph.Value) {
	constant, factors := c.factors(n)
	switch len(factors) {
	case 1:
		if x := c.hardsigmoid(factors[0]); x != nil && near(constant, 1./6) {
			return op.Hardsigmoid{}, []*graph.Value{x}
		}
	case 2:
		for i, gate := range factors {
			x := factors[1-i]
			if o := c.gated(x, gate, constant); o != nil {
				return o, []*graph.Value{x}
			}
		}
	}
	return nil, nil
}

// gated is the activation that is constant * x * gate, nil where that is none.
func (c *composer) gated(x, gate *graph.Value, constant float64) graph.Op {
	p := c.inner(gate, 1)
	if p == nil {
		return nil
	}
	before := len(c.through)
	c.pass(p)
	switch p.Op.(type) {
	case op.Sigmoid:
		if near(constant, 1) && c.is(p.Inputs[0], x) {
			return op.SiLU{}
		}
	case op.Hardsigmoid:
		if near(constant, 1) && c.is(p.Inputs[0], x) {
			return op.Hardswish{}
		}
	case op.Tanh:
		if q := c.inner(p.Inputs[0], 1); q != nil && near(constant, 1) {
			if f, ok := q.Op.(op.Function); ok && f.Name == "softplus" && q.Inputs[0] == x {
				c.pass(q)
				return op.Function{Name: "mish"}
			}
		}
	case op.Clamp, op.Clip:
		c.through = c.through[:before]
		if y := c.hardsigmoid(gate); y == x && near(constant, 1./6) {
			return op.Hardswish{}
		}
	case op.Add, op.Sub:
		if g := c.gelu(p, x); g != nil && near(constant, 0.5) {
			return g
		}
	}
	c.through = c.through[:before]
	return nil
}

// is says whether v is x, or x times a constant 1.
func (c *composer) is(v, x *graph.Value) bool {
	if v == x {
		return true
	}
	f, of := c.scaled(v)
	return f == 1 && of == x
}

// hardsigmoid returns x where v is clamp(x+3, 0, 6), which nobody else reads.
func (c *composer) hardsigmoid(v *graph.Value) *graph.Value {
	p := c.inner(v, 1)
	if p == nil {
		return nil
	}
	switch o := p.Op.(type) {
	case op.Clamp:
		if o.Act != quant.ReLU6 {
			return nil
		}
	case op.Clip:
		if o.Lo == nil || o.Hi == nil || *o.Lo != 0 || *o.Hi != 6 {
			return nil
		}
	default:
		return nil
	}
	q := c.inner(p.Inputs[0], 1)
	if q == nil {
		return nil
	}
	x, by, ok := c.shifted(q)
	if !ok || by != 3 {
		return nil
	}
	c.pass(p)
	c.pass(q)
	return x
}

// gelu is GELU where sum is 1 + erf(x/√2) or its approximation.
func (c *composer) gelu(sum *graph.Node, x *graph.Value) graph.Op {
	v, by, ok := c.shifted(sum)
	if !ok || by != 1 {
		return nil
	}
	p := c.inner(v, 1)
	if p == nil {
		return nil
	}
	c.pass(p)
	switch o := p.Op.(type) {
	case op.Function:
		if f, of := c.scaled(p.Inputs[0]); o.Name == "erf" && near(f, 1/math.Sqrt2) && of == x {
			return op.GELU{}
		}
	case op.Tanh:
		if f, of := c.scaled(p.Inputs[0]); near(f, math.Sqrt(2/math.Pi)) && c.cubic(of, x) {
			return op.GELU{Tanh: true}
		}
	}
	return nil
}

// cubic says whether v is x + 0.044715 x³.
func (c *composer) cubic(v, x *graph.Value) bool {
	p := c.inner(v, 1)
	if p == nil {
		return false
	}
	o, ok := p.Op.(op.Add)
	if !ok || o.Act != quant.NoActivation {
		return false
	}
	for i, term := range p.Inputs {
		q := c.inner(term, 1)
		if q == nil || p.Inputs[1-i] != x {
			continue
		}
		f, factors := c.factors(q)
		if !near(f, 0.044715) {
			continue
		}
		c.pass(p)
		c.pass(q)
		return c.cube(factors, x)
	}
	return false
}

// cube says whether the factors make x³: three times x, or one power.
func (c *composer) cube(factors []*graph.Value, x *graph.Value) bool {
	if len(factors) == 3 {
		return factors[0] == x && factors[1] == x && factors[2] == x
	}
	if len(factors) != 1 {
		return false
	}
	p := c.inner(factors[0], 1)
	if p == nil || !power(p, x, 3) {
		return false
	}
	c.pass(p)
	return true
}

// power says whether n is x to the power of e.
func power(n *graph.Node, x *graph.Value, e float64) bool {
	o, ok := n.Op.(op.Pairwise)
	if !ok || o.Name != "pow" || n.Inputs[0] != x {
		return false
	}
	f, ok := scalar(n.Inputs[1], x)
	return ok && f == e
}
