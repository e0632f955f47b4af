package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Cat joins tensors along Axis, which counts from the end when negative. Inputs
// with other quantization parameters than the result's are rescaled; those with
// equal ones are copied.
//
// Inputs: one or more, equal in all extents but Axis. Result: the sum of the
// extents along Axis.
type Cat struct {
	Axis int `json:"axis"`
	// Views says that an operand is a slice of the channels of a larger image, which PyTorch
	// does not copy. It then rescales all operands by quant.NewScalarRescale.
	Views bool `json:"views,omitempty"`
}

// Kind is "cat".
func (Cat) Kind() string { return "cat" }

// Signatures: float, quint8 and qint8, whose result has parameters of its own, int64 and
// bool.
func (Cat) Signatures() []graph.Signature {
	sigs := each(1, f32, u8, i8, i64, tensor.Bool)
	for i := range sigs {
		sigs[i].Variadic = true
	}
	return sigs
}

// Infer returns the joined shape.
func (c Cat) Infer(in []graph.Fact) ([]graph.Type, error) {
	if len(in) == 0 {
		return nil, fmt.Errorf("takes at least one input")
	}
	if err := checkInputs(in); err != nil {
		return nil, err
	}
	out := in[0].Shape.Clone()
	axis, err := axisOf(c.Axis, len(out))
	if err != nil {
		return nil, err
	}
	for i, t := range in[1:] {
		same := t.Shape.Clone()
		if len(same) == len(out) {
			same[axis] = out[axis]
		}
		if !same.Equal(out) {
			return nil, fmt.Errorf("input %d has shape %v, which does not join %v along axis %d", i+1, t.Shape, in[0].Shape, axis)
		}
		out[axis] += t.Shape[axis]
		if out[axis] > maxElements {
			return nil, fmt.Errorf("the result has more than %d elements along axis %d", maxElements, axis)
		}
	}
	return like(in[0], out)
}

// Eval copies each input to its place, rescaled by quant.Rescale on codes.
func (c Cat) Eval(ctx graph.Context, in []*tensor.Tensor, outs []graph.Type) ([]*tensor.Tensor, error) {
	out := outs[0]
	axis, err := axisOf(c.Axis, len(out.Shape))
	if err != nil {
		return nil, err
	}
	if !out.DType.IsQuantized() {
		y := tensor.New(out.DType, out.Shape...)
		at := 0
		bytes := append(out.Shape.Clone(), out.DType.Size())
		for _, x := range in {
			at = place(y.Memory(), x.Memory(), bytes, axis, at, x.Dim(axis))
		}
		return []*tensor.Tensor{y}, nil
	}
	if err := needIntegerRules(ctx, append(typesOf(in), out)...); err != nil {
		return nil, err
	}
	codes := make([]int32, out.Shape.Numel())
	at := 0
	for _, x := range in {
		rule := c.Rescale(ctx.Numerics, x.QParams(), out.Q, out.DType)
		src := codesOf(x)
		for i, v := range src {
			src[i] = rule.Code(v)
		}
		at = place(codes, src, out.Shape, axis, at, x.Dim(axis))
	}
	return []*tensor.Tensor{ofCodes(codes, out)}, nil
}

// Rescale returns the rule by which the codes of an operand become those of the
// result.
func (c Cat) Rescale(n quant.Numerics, in, out *tensor.QParams, dtype tensor.DType) *quant.Rescale {
	if c.Views && n != quant.ONNX {
		return quant.NewScalarRescale(in, out, dtype)
	}
	return quant.NewRescale(n, in, out, dtype)
}

// place copies src, whose extent along axis is n, into dst of the given shape
// from index at of that axis on, and returns the index behind it.
func place[T any](dst, src []T, shape tensor.Shape, axis, at, n int) int {
	inner := shape[axis+1:].Numel()
	if len(src) == 0 {
		return at + n
	}
	for o := range shape[:axis].Numel() {
		copy(dst[(o*shape[axis]+at)*inner:], src[o*n*inner:(o+1)*n*inner])
	}
	return at + n
}

// Gradient is that of each part: its place in up.
func (c Cat) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := needFloats(c, in, up); err != nil {
		return nil, err
	}
	axis, err := axisOf(c.Axis, len(up.Shape()))
	if err != nil {
		return nil, err
	}
	grads := make([]*tensor.Tensor, len(in))
	at := 0
	for i, x := range in {
		g := tensor.New(f32, x.Shape()...)
		run, line := x.Shape()[axis:].Numel(), up.Shape()[axis:].Numel()
		for o := range x.Shape()[:axis].Numel() {
			copy(g.Float32s()[o*run:(o+1)*run], up.Float32s()[o*line+at:])
		}
		at += run
		grads[i] = g
	}
	return grads, nil
}
