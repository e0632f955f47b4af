package autodiff

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// evaluated is a node that its operator computes and differentiates itself, on
// row-major tensors.
type evaluated struct {
	*Step
	node   *graph.Node
	op     op.Differentiable
	in     []*reader
	params []*tensor.Tensor // by input; nil for activations
	ws     []*weights       // by input, of params that are trained; nil for others
	out    *value

	last []*tensor.Tensor // the inputs of the last forward pass
}

// untrained says what is left to do with a model that cannot be trained.
const untrained = "train a model without this node, or quantize without training (octet quantize --fix keeps the layers in float that lose most)"

// evaluated builds the cell of n. A clamp that n has is left to its epilogue.
func (b *builder) evaluated(n *graph.Node, in []*value) (*value, error) {
	o, ok := op.WithoutClamp(n.Op).(op.Differentiable)
	if !ok {
		return nil, fmt.Errorf("%s has no gradient, so that nothing in front of it can be trained: %s", n.Op.Kind(), untrained)
	}
	shape := b.types[n.Output()].Shape
	if f, ok := n.Op.(op.Function); ok && f.Steps() && trained(in...) {
		return nil, fmt.Errorf("%s is flat but for its steps, so that nothing in front of it would be trained: %s", n.Op.Kind(), untrained)
	}
	c := &evaluated{Step: b.Step, node: n, op: o, params: make([]*tensor.Tensor, len(n.Inputs)), ws: make([]*weights, len(n.Inputs))}
	for i, v := range n.Inputs {
		c.params[i] = b.constant(v)
		if p := b.p.byValue[v]; p != nil {
			if b.p.g.SoleConsumer(v) != n {
				return nil, fmt.Errorf("its parameter %q is shared; shared ones cannot be trained", v.Name)
			}
			outs, _, _ := p.dims()
			c.ws[i] = b.newWeights(p, outs, nil)
		}
	}
	for _, v := range in {
		c.in = append(c.in, b.read(v, true))
	}
	c.out = b.newValue(n.Name, shape, trained(in...) || slices.ContainsFunc(c.ws, func(w *weights) bool { return w != nil }))
	b.push(n.Name, c, c.out)
	return c.out, nil
}

// take copies the inputs, and rounds weights.
func (c *evaluated) take() error {
	c.last = c.last[:0]
	at := 0
	for i, p := range c.params {
		switch w := c.ws[i]; {
		case w != nil:
			if err := w.forward(); err != nil {
				return err
			}
			p = w.param.TensorOf(w.data())
		case p == nil:
			v := c.in[at].v
			p = tensor.New(tensor.Float32, v.shape...)
			rowMajor(p.Float32s(), v.data.floats(), v.shape)
			at++
		}
		c.last = append(c.last, p)
	}
	return nil
}

func (c *evaluated) forward() error {
	if err := c.take(); err != nil {
		return err
	}
	y, err := c.op.Eval(graph.Context{}, c.last, []graph.Type{{DType: tensor.Float32, Shape: c.out.shape}})
	if err != nil {
		return err
	}
	images(c.out.data.floats(), y[0].Float32s(), c.out.shape)
	return nil
}

func (c *evaluated) backward() error {
	if !c.out.trained {
		return nil
	}
	up := tensor.New(tensor.Float32, c.out.shape...)
	rowMajor(up.Float32s(), c.out.grad.floats(), c.out.shape)
	grads, err := c.op.Gradient(c.last, up)
	if err != nil {
		return err
	}
	at := 0
	for i, p := range c.params {
		if w := c.ws[i]; w != nil {
			w.param.SetInto(w.param.Grad, grads[i].Float32s())
			w.backward()
			continue
		}
		if p != nil {
			continue
		}
		r := c.in[at]
		at++
		if !r.v.trained {
			continue
		}
		down := r.v.grad.floats()
		turned := make([]float32, len(down))
		images(turned, grads[i].Float32s(), r.v.shape)
		if !r.add {
			copy(down, turned)
			continue
		}
		for j, g := range turned {
			down[j] += g
		}
	}
	return nil
}
