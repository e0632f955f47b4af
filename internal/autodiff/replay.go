package autodiff

import (
	"fmt"

	"github.com/octet-ml/octet/internal/kernel/channels32"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Begin starts a forward pass whose results are computed elsewhere: call Given or
// GivenReals for every node, in order, then set the gradient of the output and call
// Backward.
//
// With it the integer operators are the forward pass of training: gradients are computed
// at their results.
func (s *Step) Begin(x *tensor.Tensor) error {
	if x.DType() != tensor.Float32 || !x.Shape().Equal(s.shape) {
		return fmt.Errorf("the step is for float32%v, the input is %v", s.shape, x)
	}
	images(s.input.data.floats(), x.Float32s(), s.shape)
	return nil
}

// Given sets the result of a node to codes, in channels-last order. If the result has a
// fake quantization, a gradient passes where no clamping can have happened: not at the
// bounds of the clamp, nor at the ends of the range of codes, except at code 0 when it is
// the zero point.
func (s *Step) Given(node string, codes []uint8, q *tensor.QParams) error {
	v, err := s.replay(node, len(codes))
	if v == nil || err != nil {
		return err
	}
	decode := channels32.Decode{C: v.channels, Scale: float32(q.Scale()), Zero: float32(q.ZeroPoint()), Lo: -1, Hi: 256}
	mask := s.spare
	parts := divide(v.rows, max(16, 1<<15/v.channels))
	if f, ok := s.cells[s.last[node]].(*finish); ok {
		mask, parts = f.mask.mem, f.parts
		decode.Lo, decode.Hi = f.limits(q)
	}
	stride, n := channels32.MaskStride(v.channels), v.channels
	if need := v.rows * stride; len(mask) < need {
		s.spare = make([]byte, need)
		mask = s.spare
	}
	out := v.data.floats()
	s.run(parts.count, func(_, i int) {
		from, to := parts.bounds(i)
		d := decode
		d.Codes, d.Out, d.Mask, d.Rows = codes[from*n:to*n], out[from*n:to*n], mask[from*stride:to*stride], to-from
		s.p.channels.Decode(&d)
	})
	return nil
}

// GivenReals sets the result of a node to numbers, in channels-last order. A gradient passes where the
// node does not clamp them.
func (s *Step) GivenReals(node string, x []float32) error {
	v, err := s.replay(node, len(x))
	if v == nil || err != nil {
		return err
	}
	copy(v.data.floats(), x)
	if f, ok := s.cells[s.last[node]].(*finish); ok {
		f.givenReals()
	}
	return nil
}

// givenReals sets the mask of results that are given, which tell where they were clamped.
func (c *finish) givenReals() {
	if c.act == quant.NoActivation {
		for i := range c.mask.mem {
			c.mask.mem[i] = 255
		}
		return
	}
	for i := range c.alpha {
		c.alpha[i], c.beta[i] = 1, 0
	}
	out, mask, n := c.out.data.floats(), c.mask.mem, c.y.channels
	stride := channels32.MaskStride(n)
	c.run(c.parts.count, func(_, i int) {
		pass := c.pass
		from, to := c.parts.bounds(i)
		pass.Quant, pass.Rows = false, to-from
		pass.X, pass.Out, pass.Mask = out[from*n:to*n], out[from*n:to*n], mask[from*stride:to*stride]
		c.p.channels.Finish(&pass)
	})
}

// replay does everything that the cells of a node do in the forward pass except computing
// the result, and returns the result's value; nil if that shares its operand's memory.
func (s *Step) replay(node string, n int) (*value, error) {
	last, ok := s.last[node]
	if !ok {
		return nil, nil
	}
	v := s.values[node]
	if n != v.rows*v.channels {
		return nil, fmt.Errorf("node %q: %d numbers for a result of shape %v", node, n, v.shape)
	}
	for i := last; i >= 0 && s.names[i] == node; i-- {
		if err := s.cells[i].replay(); err != nil {
			return nil, s.failed(i, err)
		}
	}
	return v, nil
}

// limits are the codes strictly between which a gradient passes.
func (c *finish) limits(q *tensor.QParams) (lo, hi int32) {
	zero := int32(q.ZeroPoint())
	lo, hi = 0, 255
	if zero == 0 {
		lo = -1
	}
	if c.act != quant.NoActivation {
		lo = zero
	}
	if c.act == quant.ReLU6 {
		hi = min(hi, quant.NewQuantizer(q, tensor.QUInt8).Code(6))
	}
	return lo, hi
}

func (c *product) replay() error {
	if c.border != nil {
		c.border.fill()
	}
	return c.w.forward()
}

func (c *depthwise) replay() error { return c.w.forward() }

func (c *finish) replay() error {
	if c.batch = false; c.norm != nil {
		c.affine()
	}
	return nil
}

func (c *maxPool) replay() error { return c.forward() }

func (c *addition) replay() error { return nil }

func (c *average) replay() error { return nil }

func (c *evaluated) replay() error { return c.take() }
