package op

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// FakeQuantize quantizes float32 values to codes from QMin to QMax and dequantizes them:
// torch.fake_quantize_per_tensor_affine and torch.fake_quantize_per_channel_affine.
//
// Scales and ZeroPoints have one entry per tensor when Axis is tensor.PerTensor
// (-1), or one per index along Axis.
//
// Input: x, any shape. Result: the shape of x.
type FakeQuantize struct {
	QMin       int       `json:"qmin"`
	QMax       int       `json:"qmax"`
	Scales     []float64 `json:"scales"`
	ZeroPoints []int64   `json:"zero_points"`
	Axis       int       `json:"axis"`
}

// Kind is "fake_quantize".
func (FakeQuantize) Kind() string { return "fake_quantize" }

// Signatures: float.
func (FakeQuantize) Signatures() []graph.Signature { return each(1, f32) }

// Infer returns the shape of x.
func (f FakeQuantize) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	shape, want := in[0].Shape, 1
	if f.Axis != tensor.PerTensor {
		if f.Axis < 0 || f.Axis >= len(shape) {
			return nil, fmt.Errorf("quantization axis %d is outside shape %v", f.Axis, shape)
		}
		want = shape[f.Axis]
	}
	if len(f.Scales) != want || len(f.ZeroPoints) != want {
		return nil, fmt.Errorf("%d scales and %d zero points; shape %v with axis %d needs %d", len(f.Scales), len(f.ZeroPoints), shape, f.Axis, want)
	}
	if f.QMin > f.QMax || f.QMin < math.MinInt32 || f.QMax > math.MaxInt32 {
		return nil, fmt.Errorf("codes from %d to %d", f.QMin, f.QMax)
	}
	for i, s := range f.Scales {
		if z := f.ZeroPoints[i]; !(float32(s) > 0) || math.IsInf(float64(float32(s)), 0) || z < int64(f.QMin) || z > int64(f.QMax) {
			return nil, fmt.Errorf("scale %d is %v with zero point %d; expected a finite positive scale and a zero point from %d to %d", i, s, z, f.QMin, f.QMax)
		}
	}
	return like(in[0], shape.Clone())
}

// Eval rounds with the functions of package quant.
func (f FakeQuantize) Eval(_ graph.Context, in []*tensor.Tensor, _ []graph.Type) ([]*tensor.Tensor, error) {
	y, _, err := f.apply(in[0])
	return []*tensor.Tensor{y}, err
}

func (f FakeQuantize) apply(x *tensor.Tensor) (y, mask *tensor.Tensor, err error) {
	if f.Axis == tensor.PerTensor {
		return quant.FakeQuantizePerTensor(x, f.Scales[0], f.ZeroPoints[0], f.QMin, f.QMax)
	}
	return quant.FakeQuantizePerChannel(x, tensor.PerAxis(f.Scales, f.ZeroPoints, f.Axis), f.QMin, f.QMax)
}

// Gradient is the straight-through estimator: up where the code of x is within QMin to QMax,
// else 0.
func (f FakeQuantize) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := needFloats(f, in, up); err != nil {
		return nil, err
	}
	_, mask, err := f.apply(in[0])
	if err != nil {
		return nil, err
	}
	g := tensor.New(f32, up.Shape()...)
	for i, m := range mask.Uint8s() {
		if m != 0 {
			g.Float32s()[i] = up.Float32s()[i]
		}
	}
	return []*tensor.Tensor{g}, nil
}
