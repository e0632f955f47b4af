package op

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// LayerNorm is torch.nn.functional.layer_norm over the axes from Axis on, which counts
// from the end when negative: (x - mean) / sqrt(variance + Eps) * weight + bias.
//
// Inputs: x, optionally weight and bias with the shape of these axes. Results: the shape of x,
// and with Moments the mean and 1 / sqrt(variance + Eps), with extents of 1 from Axis on.
type LayerNorm struct {
	Axis int     `json:"axis"`
	Eps  float64 `json:"eps"` // added to the variance

	Moments bool `json:"moments,omitempty"` // two more results
}

// Kind is "layer_norm".
func (LayerNorm) Kind() string { return "layer_norm" }

// Results is three with Moments.
func (l LayerNorm) Results() int {
	if l.Moments {
		return 3
	}
	return 1
}

// Signatures: float.
func (LayerNorm) Signatures() []graph.Signature { return each(3, f32) }

// Infer returns the shape of x.
func (l LayerNorm) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 3); err != nil {
		return nil, err
	}
	x := in[0].Shape
	axis, err := axisOf(l.Axis, len(x))
	if err != nil {
		return nil, err
	}
	for _, p := range in[1:] {
		if !p.Shape.Equal(x[axis:]) {
			return nil, fmt.Errorf("a parameter has shape %v; expected %v, the axes of %v from %d on", p.Shape, x[axis:], x, axis)
		}
	}
	moments := x.Clone()
	for i := axis; i < len(x); i++ {
		moments[i] = 1
	}
	types := []graph.Type{{DType: f32, Shape: x.Clone()}, {DType: f32, Shape: moments}, {DType: f32, Shape: moments}}
	return typed(types[:l.Results()]...)
}

// Eval computes moments in float64 and rounds each result once.
func (l LayerNorm) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	y := tensor.New(f32, out[0].Shape...)
	n, err := l.width(out[0].Shape)
	if err != nil {
		return nil, err
	}
	for row := range y.Numel() / max(1, n) {
		hat, _ := l.normalized(in[0].Float32s()[row*n : (row+1)*n])
		for i, v := range hat {
			if len(in) > 1 {
				v = float64(v * float64(in[1].Float32s()[i]))
			}
			if len(in) > 2 {
				v += float64(in[2].Float32s()[i])
			}
			y.Float32s()[row*n+i] = float32(v)
		}
	}
	return append([]*tensor.Tensor{y}, l.moments(in[0].Float32s(), n, out[1:])...), nil
}

// moments are the mean and 1/sqrt(variance + Eps) of each row of n elements, as tensors of
// these types.
func (l LayerNorm) moments(x []float32, n int, types []graph.Type) []*tensor.Tensor {
	var results []*tensor.Tensor
	for _, t := range types {
		results = append(results, tensor.New(f32, t.Shape...))
	}
	for i := range len(x) / max(1, n) * min(1, len(types)) {
		mean := 0.0
		for _, v := range x[i*n : (i+1)*n] {
			mean += float64(v)
		}
		_, factor := l.normalized(x[i*n : (i+1)*n])
		results[0].Float32s()[i], results[1].Float32s()[i] = float32(mean/float64(n)), float32(factor)
	}
	return results
}

// width is the number of elements that are normalized together.
func (l LayerNorm) width(x tensor.Shape) (int, error) {
	axis, err := axisOf(l.Axis, len(x))
	if err != nil {
		return 0, err
	}
	return x[axis:].Numel(), nil
}

// normalized returns (x - mean) * factor, and the factor 1/sqrt(variance + Eps).
func (l LayerNorm) normalized(x []float32) (hat []float64, factor float64) {
	mean, variance := 0.0, 0.0
	for _, v := range x {
		mean += float64(v)
	}
	mean /= float64(len(x))
	hat = make([]float64, len(x))
	for i, v := range x {
		hat[i] = float64(v) - mean
		variance += float64(hat[i] * hat[i])
	}
	factor = 1 / math.Sqrt(variance/float64(len(x))+l.Eps)
	for i := range hat {
		hat[i] *= factor
	}
	return hat, factor
}

// Gradient is that of x and, where there are, weight and bias.
func (l LayerNorm) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := needFloats(l, in, up); err != nil {
		return nil, err
	}
	n, err := l.width(up.Shape())
	if err != nil {
		return nil, err
	}
	dx, dw, db := make([]float64, up.Numel()), make([]float64, n), make([]float64, n)
	for row := range up.Numel() / max(1, n) {
		hat, factor := l.normalized(in[0].Float32s()[row*n : (row+1)*n])
		g := make([]float64, n)
		for i, v := range up.Float32s()[row*n : (row+1)*n] {
			dw[i] += float64(float64(v) * hat[i])
			db[i] += float64(v)
			if g[i] = float64(v); len(in) > 1 {
				g[i] *= float64(in[1].Float32s()[i])
			}
		}
		unnormalized(dx[row*n:(row+1)*n], g, hat, factor)
	}
	grads := []*tensor.Tensor{rounded(dx, up.Shape())}
	for i, d := range [][]float64{dw, db}[:len(in)-1] {
		grads = append(grads, rounded(d, in[i+1].Shape()))
	}
	return grads, nil
}

// unnormalized sets dx to the gradient of the numbers whose normalized ones are hat and have the gradient g.
func unnormalized(dx, g, hat []float64, factor float64) {
	n, mean, along := float64(len(g)), 0.0, 0.0
	for i, v := range g {
		mean += v
		along += float64(v * hat[i])
	}
	for i, v := range hat {
		dx[i] = factor * (g[i] - mean/n - float64(v*along)/n)
	}
}
