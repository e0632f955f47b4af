package op

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// LogSoftmax is torch.log_softmax along Axis, which counts from the end when negative.
//
// Input: x. Result: the shape of x.
type LogSoftmax struct {
	Axis int `json:"axis"`
}

// Kind is "log_softmax".
func (LogSoftmax) Kind() string { return "log_softmax" }

// Signatures: float.
func (LogSoftmax) Signatures() []graph.Signature { return each(1, f32) }

// Infer returns the shape of x.
func (o LogSoftmax) Infer(in []graph.Fact) ([]graph.Type, error) { return Softmax(o).Infer(in) }

// Eval subtracts from each element the logarithm of the sum of the exponentials of its line.
func (o LogSoftmax) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	x, y := in[0].Float32s(), tensor.New(f32, out[0].Shape...)
	err := reducing(out[0].Shape, []int{o.Axis}, func(_ int, elements []int) {
		whole := logSumExp(picked[float32, float64](nil, x, elements))
		for _, e := range elements {
			y.Float32s()[e] = float32(float64(x[e]) - whole)
		}
	})
	return []*tensor.Tensor{y}, err
}

// Gradient is up - softmax(x) * sum(up).
func (o LogSoftmax) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := needFloats(o, in, up); err != nil {
		return nil, err
	}
	x, g := in[0].Float32s(), float64s(up)
	err := reducing(up.Shape(), []int{o.Axis}, func(_ int, elements []int) {
		whole, total := logSumExp(picked[float32, float64](nil, x, elements)), sum(picked[float64, float64](nil, g, elements))
		for _, e := range elements {
			g[e] -= math.Exp(float64(x[e])-whole) * total
		}
	})
	return []*tensor.Tensor{rounded(g, up.Shape())}, err
}
