package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// GroupNorm is torch.nn.functional.group_norm: it normalizes the channels of each of Groups
// groups together, then multiplies each channel with its weight and adds its bias. As many
// groups as channels, for which Groups is 0, make it an instance norm.
//
// Inputs: x [N, C, ...], optionally weight and bias [C]. Result: the shape of x.
type GroupNorm struct {
	Groups int     `json:"groups"` // a divisor of C, or 0
	Eps    float64 `json:"eps"`    // added to the variance
}

// Kind is "group_norm".
func (GroupNorm) Kind() string { return "group_norm" }

// Signatures: float.
func (GroupNorm) Signatures() []graph.Signature { return each(3, f32) }

// Infer returns the shape of x.
func (g GroupNorm) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 3); err != nil {
		return nil, err
	}
	x := in[0].Shape
	if len(x) < 2 || x[1] == 0 {
		return nil, fmt.Errorf("input has shape %v; expected [N, C, ...]", x)
	}
	if g.Groups < 0 || g.Groups > 0 && x[1]%g.Groups != 0 {
		return nil, fmt.Errorf("%d groups do not divide the %d channels of %v", g.Groups, x[1], x)
	}
	for _, p := range in[1:] {
		if len(p.Shape) != 1 || p.Shape[0] != x[1] {
			return nil, fmt.Errorf("a parameter has shape %v; expected [%d], the channels of %v", p.Shape, x[1], x)
		}
	}
	return like(in[0], x.Clone())
}

// Eval computes moments in float64 and rounds each result once.
func (g GroupNorm) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	s := in[0].Shape()
	y := tensor.New(f32, out[0].Shape...)
	groups, inner := g.Groups, s[2:].Numel()
	if groups == 0 {
		groups = s[1]
	}
	n := s[1] / groups * inner
	if n == 0 {
		return []*tensor.Tensor{y}, nil
	}
	norm := LayerNorm{Eps: g.Eps}
	for row := range y.Numel() / n {
		hat, _ := norm.normalized(in[0].Float32s()[row*n : (row+1)*n])
		for i, v := range hat {
			c := (row*n + i) / inner % s[1]
			if len(in) > 1 {
				v = float64(v * float64(in[1].Float32s()[c]))
			}
			if len(in) > 2 {
				v += float64(in[2].Float32s()[c])
			}
			y.Float32s()[row*n+i] = float32(v)
		}
	}
	return []*tensor.Tensor{y}, nil
}

// Gradient is that of x and, where there are, weight and bias.
func (g GroupNorm) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := needFloats(g, in, up); err != nil {
		return nil, err
	}
	s := up.Shape()
	groups, inner := g.Groups, s[2:].Numel()
	if groups == 0 {
		groups = s[1]
	}
	n := s[1] / groups * inner
	dx, dw, db := make([]float64, up.Numel()), make([]float64, s[1]), make([]float64, s[1])
	norm := LayerNorm{Eps: g.Eps}
	for first := 0; first < len(dx); first += n {
		hat, factor := norm.normalized(in[0].Float32s()[first : first+n])
		scaled := make([]float64, n)
		for i, v := range up.Float32s()[first : first+n] {
			c := (first + i) / inner % s[1]
			dw[c] += float64(float64(v) * hat[i])
			db[c] += float64(v)
			if scaled[i] = float64(v); len(in) > 1 {
				scaled[i] *= float64(in[1].Float32s()[c])
			}
		}
		unnormalized(dx[first:first+n], scaled, hat, factor)
	}
	grads := []*tensor.Tensor{rounded(dx, s)}
	for i, d := range [][]float64{dw, db}[:len(in)-1] {
		grads = append(grads, rounded(d, in[i+1].Shape()))
	}
	return grads, nil
}
