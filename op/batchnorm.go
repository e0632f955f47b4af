package op

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// BatchNorm is torch.nn.functional.batch_norm, followed by Act: with the running
// statistics or, in Training, with those of the batch. It exists in float only:
// quantization folds it into its producer.
//
// Inputs: x [N, C, ...], then weight, bias, running_mean, running_var, each [C].
// Result: the shape of x.
type BatchNorm struct {
	Eps      float64          `json:"eps"`                // added to the variance
	Act      quant.Activation `json:"act,omitempty"`      // clamp of the result
	Training bool             `json:"training,omitempty"` // takes the statistics of the batch
}

// Kind is "batch_norm".
func (BatchNorm) Kind() string { return "batch_norm" }

// Clamp is Act.
func (b BatchNorm) Clamp() quant.Activation { return b.Act }

// WithClamp returns the operator with another Act.
func (b BatchNorm) WithClamp(a quant.Activation) graph.Op {
	b.Act = a
	return b
}

// Signatures: float.
func (BatchNorm) Signatures() []graph.Signature { return each(5, f32) }

// Infer returns the shape of x.
func (b BatchNorm) Infer(in []graph.Fact) ([]graph.Type, error) {
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
	if b.Training && x[0]*x[2:].Numel() < 2 {
		return nil, fmt.Errorf("input %v has one value per channel; training needs more for a variance", x)
	}
	return like(in[0], x.Clone())
}

// Eval computes x*alpha + beta with alpha = weight / sqrt(var + eps) and
// beta = bias - mean*alpha, each step rounded to float32. In Training mean and
// variance (of the population) are those of x, in float64, rounded once.
func (b BatchNorm) Eval(_ graph.Context, in []*tensor.Tensor, outs []graph.Type) ([]*tensor.Tensor, error) {
	out := outs[0]
	y := b.linear(in)
	activate(y, y, b.Act)
	return []*tensor.Tensor{tensor.Of(y, out.Shape...)}, nil
}

// linear is the result before Act.
func (b BatchNorm) linear(in []*tensor.Tensor) []float32 {
	x, y := in[0].Float32s(), make([]float32, in[0].Numel())
	weight, bias, mean, variance := in[1].Float32s(), in[2].Float32s(), in[3].Float32s(), in[4].Float32s()
	if b.Training {
		mean, variance = b.moments(in[0])
	}
	channels, inner := in[0].Dim(1), in[0].Shape()[2:].Numel()
	for i := range x {
		c := i / inner % channels
		alpha := float32(weight[c] * (1 / float32(math.Sqrt(float64(variance[c]+float32(b.Eps))))))
		beta := bias[c] - float32(mean[c]*alpha)
		y[i] = float32(x[i]*alpha) + beta
	}
	return y
}

// moments are the mean and the variance of each channel.
func (BatchNorm) moments(x *tensor.Tensor) (mean, variance []float32) {
	channels, inner := x.Dim(1), x.Shape()[2:].Numel()
	mean, variance = make([]float32, channels), make([]float32, channels)
	sums, squares := make([]float64, channels), make([]float64, channels)
	n := float64(x.Dim(0) * inner)
	for i, v := range x.Float32s() {
		sums[i/inner%channels] += float64(v)
	}
	for i, v := range x.Float32s() {
		c := i / inner % channels
		d := float64(v) - sums[c]/n
		squares[c] += float64(d * d)
	}
	for c := range mean {
		mean[c], variance[c] = float32(sums[c]/n), float32(squares[c]/n)
	}
	return mean, variance
}
