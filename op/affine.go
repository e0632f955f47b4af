package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Affine computes x*Scale + Shift with a scale and a shift for each channel of images. It
// exists in float only: preprocessing that a model does itself, in front of its quantization
// (torchvision's transform_input).
//
// Input: x [N, C, H, W]. Result: the shape of x.
type Affine struct {
	Scale []float32 `json:"scale"` // by channel
	Shift []float32 `json:"shift"` // by channel
}

// Kind is "affine".
func (Affine) Kind() string { return "affine" }

// Signatures: float.
func (Affine) Signatures() []graph.Signature { return each(1, f32) }

// Infer returns the shape of x.
func (a Affine) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	if err := images(in[0]); err != nil {
		return nil, err
	}
	if c := in[0].Shape[1]; len(a.Scale) != c || len(a.Shift) != c {
		return nil, fmt.Errorf("%d factors and %d summands for images of %d channels; expected one of each per channel", len(a.Scale), len(a.Shift), c)
	}
	return like(in[0], in[0].Shape.Clone())
}

// Eval computes f32(x*scale) + shift.
func (a Affine) Eval(_ graph.Context, in []*tensor.Tensor, outs []graph.Type) ([]*tensor.Tensor, error) {
	out := outs[0]
	y := tensor.New(f32, out.Shape...)
	plane := out.Shape[2:].Numel()
	for i, v := range in[0].Float32s() {
		c := i / plane % len(a.Scale)
		y.Float32s()[i] = float32(v*a.Scale[c]) + a.Shift[c]
	}
	return []*tensor.Tensor{y}, nil
}

// Gradient is that of x.
func (a Affine) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := needFloats(a, in, up); err != nil {
		return nil, err
	}
	g, plane := float64s(up), up.Shape()[2:].Numel()
	for i := range g {
		g[i] *= float64(a.Scale[i/plane%len(a.Scale)])
	}
	return []*tensor.Tensor{rounded(g, up.Shape())}, nil
}
