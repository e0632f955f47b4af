package op

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// LocalResponseNorm is torch.nn.functional.local_response_norm: it divides by
// (K + Alpha/Size * sum of squares)^Beta, over the Size channels around each.
//
// Input: x [N, C, ...]. Result: the shape of x.
type LocalResponseNorm struct {
	Size  int     `json:"size"`
	Alpha float64 `json:"alpha"`
	Beta  float64 `json:"beta"`
	K     float64 `json:"k"`
}

// Kind is "local_response_norm".
func (LocalResponseNorm) Kind() string { return "local_response_norm" }

// Signatures: float.
func (LocalResponseNorm) Signatures() []graph.Signature { return each(1, f32) }

// Infer returns the shape of x.
func (l LocalResponseNorm) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	if l.Size < 1 || l.Size > maxAttr || len(in[0].Shape) < 2 {
		return nil, fmt.Errorf("size %d over the channels of %v; expected at least 1, and [N, C, ...]", l.Size, in[0].Shape)
	}
	return like(in[0], in[0].Shape.Clone())
}

// Eval sums in float64 and rounds each result once.
func (l LocalResponseNorm) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	x, s := in[0].Float32s(), in[0].Shape()
	y := tensor.New(f32, out[0].Shape...)
	channels, inner := s[1], s[2:].Numel()
	for i, v := range x {
		c, sum := i/inner%channels, 0.0
		for k := max(0, c-(l.Size-1)/2); k <= min(channels-1, c+l.Size/2); k++ {
			w := float64(x[i+(k-c)*inner])
			sum += float64(w * w)
		}
		y.Float32s()[i] = float32(float64(v) / math.Pow(l.K+l.Alpha/float64(l.Size)*sum, l.Beta))
	}
	return []*tensor.Tensor{y}, nil
}
