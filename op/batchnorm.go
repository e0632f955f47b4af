package op

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// BatchNorm is torch.nn.functional.batch_norm with running statistics, followed
// by Act. It exists in float only: quantization folds it into its producer.
//
// Inputs: x [N, C, ...], then weight, bias, running_mean, running_var, each [C].
// Result: the shape of x.
type BatchNorm struct {
	Eps float64          `json:"eps"`
	Act quant.Activation `json:"act,omitempty"`
}

// Kind is "batch_norm".
func (BatchNorm) Kind() string { return "batch_norm" }

// Signatures: float.
func (BatchNorm) Signatures() []graph.Signature { return each(5, f32) }

// Infer returns the shape of x.
func (b BatchNorm) Infer(in []graph.Type) (tensor.Shape, error) {
	if err := arity(in, 5, 5); err != nil {
		return nil, err
	}
	if !(b.Eps >= 0) {
		return nil, fmt.Errorf("eps is %v; it must not be negative", b.Eps)
	}
	if err := checkActivation(b.Act); err != nil {
		return nil, err
	}
	x := in[0].Shape
	if len(x) < 2 {
		return nil, fmt.Errorf("input has shape %v; expected [N, C, ...]", x)
	}
	for i, name := range [...]string{"weight", "bias", "running_mean", "running_var"} {
		if s := in[i+1].Shape; len(s) != 1 || s[0] != x[1] {
			return nil, fmt.Errorf("%s has shape %v; expected [%d], the channels of %v", name, s, x[1], x)
		}
	}
	return checked(x.Clone())
}

// Eval computes x*alpha + beta with alpha = weight / sqrt(var + eps) and
// beta = bias - mean*alpha, each step rounded to float32.
func (b BatchNorm) Eval(_ graph.Context, in []*tensor.Tensor, out graph.Type) (*tensor.Tensor, error) {
	x, y := in[0].Float32s(), tensor.New(f32, out.Shape...)
	weight, bias, mean, variance := in[1].Float32s(), in[2].Float32s(), in[3].Float32s(), in[4].Float32s()
	channels, inner := out.Shape[1], out.Shape[2:].Numel()
	for i := range x {
		c := i / inner % channels
		alpha := float32(weight[c] * (1 / float32(math.Sqrt(float64(variance[c]+float32(b.Eps))))))
		beta := bias[c] - float32(mean[c]*alpha)
		y.Float32s()[i] = b.Act.Float(float32(x[i]*alpha) + beta)
	}
	return y, nil
}
