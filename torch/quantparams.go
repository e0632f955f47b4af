package torch

import (
	"fmt"

	"github.com/octet-ml/octet/tensor"
)

// quantParams are the parameters of a quantized tensor as the pickle gives them.
// Those per channel are tensors themselves, which must be loaded first.
type quantParams struct {
	ready         *tensor.QParams // set once the parameters are known
	scales, zeros *Tensor         // per channel
	axis          int
}

// parseQuantParams reads (per_tensor_affine, scale, zero_point) or
// (per_channel_affine, scales, zero_points, axis), where scales and zero_points
// are tensors, or lists in files of 2019.
func parseQuantParams(v Value, dtype tensor.DType, shape tensor.Shape) (*quantParams, error) {
	t, ok := v.(*List)
	if !ok || t.Kind != Tuple || len(t.Items) == 0 {
		return nil, fmt.Errorf("quantization parameters are %s, expected a tuple", v.kind())
	}
	scheme, _ := t.Items[0].(Global)
	switch {
	case scheme.String() == "torch.per_tensor_affine" && len(t.Items) == 3:
		scale, ok1 := t.Items[1].(Float)
		zero, ok2 := t.Items[2].(Int)
		if !ok1 || !ok2 {
			return nil, fmt.Errorf("scale is %s and zero point %s, expected a float and an int", t.Items[1].kind(), t.Items[2].kind())
		}
		p := &quantParams{ready: tensor.Affine(float64(scale), int64(zero))}
		return p, p.ready.Validate(dtype, shape)
	case (scheme.String() == "torch.per_channel_affine" || scheme.String() == "torch.per_channel_affine_float_qparams") && len(t.Items) == 4:
		return parsePerChannel(t.Items[1], t.Items[2], t.Items[3], dtype, shape)
	}
	return nil, fmt.Errorf("quantization scheme %q with %d parameters", scheme, len(t.Items)-1)
}

func parsePerChannel(scales, zeros, axis Value, dtype tensor.DType, shape tensor.Shape) (*quantParams, error) {
	ax, ok := axis.(Int)
	if !ok || ax < 0 || int64(ax) >= int64(len(shape)) {
		return nil, fmt.Errorf("quantization axis %v is outside shape %v", axis, shape)
	}
	p := &quantParams{axis: int(ax)}
	if s, ok := scales.(*Tensor); ok {
		z, ok := zeros.(*Tensor)
		if !ok {
			return nil, fmt.Errorf("scales are a tensor and zero points %s", zeros.kind())
		}
		want := tensor.Shape{shape[ax]}
		if !s.Shape().Equal(want) || !z.Shape().Equal(want) {
			return nil, fmt.Errorf("scales %v and zero points %v, expected %v", s.Shape(), z.Shape(), want)
		}
		p.scales, p.zeros = s, z
		return p, nil
	}
	sl, ok1 := scales.(*List)
	zl, ok2 := zeros.(*List)
	if !ok1 || !ok2 || sl.Kind != PlainList || zl.Kind != PlainList {
		return nil, fmt.Errorf("scales are %s and zero points %s, expected tensors or lists", scales.kind(), zeros.kind())
	}
	q := &tensor.QParams{Axis: p.axis}
	for _, v := range sl.Items {
		f, ok := v.(Float)
		if !ok {
			return nil, fmt.Errorf("%s among the scales", v.kind())
		}
		q.Scales = append(q.Scales, float64(f))
	}
	for _, v := range zl.Items {
		z, ok := v.(Int)
		if !ok {
			return nil, fmt.Errorf("%s among the zero points", v.kind())
		}
		q.ZeroPoints = append(q.ZeroPoints, int64(z))
	}
	p.ready = q
	return p, q.Validate(dtype, shape)
}

// resolve builds the parameters from the loaded tensors.
func (p *quantParams) resolve(dtype tensor.DType, shape tensor.Shape) (*tensor.QParams, error) {
	if p.ready != nil {
		return p.ready, nil
	}
	q := &tensor.QParams{Axis: p.axis}
	switch s := p.scales.Data; s.DType() {
	case tensor.Float64:
		q.Scales = tensor.Data[float64](s)
	case tensor.Float32:
		for _, x := range s.Float32s() {
			q.Scales = append(q.Scales, float64(x))
		}
	default:
		return nil, fmt.Errorf("scales of type %v", s.DType())
	}
	switch z := p.zeros.Data; z.DType() {
	case tensor.Int64:
		q.ZeroPoints = z.Int64s()
	case tensor.Int32:
		for _, x := range z.Int32s() {
			q.ZeroPoints = append(q.ZeroPoints, int64(x))
		}
	case tensor.Float32:
		// The scheme with float zero points is written under the same name; only
		// the type of the zero points tells.
		q.FloatZeroPoints = z.Float32s()
	default:
		return nil, fmt.Errorf("zero points of type %v", z.DType())
	}
	if err := q.Validate(dtype, shape); err != nil {
		return nil, err
	}
	p.ready = q
	return q, nil
}
