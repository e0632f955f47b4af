package autodiff

import (
	"fmt"

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
	params []*tensor.Tensor // by input, what training does not change; nil for activations
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
	if len(shape) != 2 && len(shape) != 4 {
		return nil, fmt.Errorf("its result has shape %v; training knows images and vectors", shape)
	}
	if f, ok := n.Op.(op.Function); ok && f.Steps() && trained(in...) {
		return nil, fmt.Errorf("%s is flat but for its steps, so that nothing in front of it would be trained: %s", n.Op.Kind(), untrained)
	}
	c := &evaluated{Step: b.Step, node: n, op: o, params: make([]*tensor.Tensor, len(n.Inputs))}
	for i, v := range n.Inputs {
		if c.params[i] = b.constant(v); c.params[i] == nil {
			continue
		}
		if b.p.byValue[v] != nil {
			return nil, fmt.Errorf("parameter %q of it cannot be trained", v.Name)
		}
	}
	for _, v := range in {
		c.in = append(c.in, b.read(v, true))
	}
	c.out = b.newValue(n.Name, shape, trained(in...))
	b.push(n.Name, c, c.out)
	return c.out, nil
}

// take copies the inputs.
func (c *evaluated) take() {
	c.last = c.last[:0]
	at := 0
	for _, p := range c.params {
		if p == nil {
			v := c.in[at].v
			p = tensor.New(tensor.Float32, v.shape...)
			rowMajor(p.Float32s(), v.data.floats(), v.shape)
			at++
		}
		c.last = append(c.last, p)
	}
}

func (c *evaluated) forward() error {
	c.take()
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
