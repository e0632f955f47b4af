package op

import (
	"math"

	"github.com/octet-ml/octet/tensor"
)

// Gradient is that of x, weight and bias; the running statistics have none. In
// Training the mean and the variance depend on x: with the normalised x, u, and
// averages over a channel,
//
//	dx = weight / sqrt(var+eps) * (up - mean(up) - u*mean(up*u))
func (b BatchNorm) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := needFloats(b, in, up); err != nil {
		return nil, err
	}
	x, weight := in[0].Float32s(), in[1].Float32s()
	mean, variance := in[3].Float32s(), in[4].Float32s()
	if b.Training {
		mean, variance = b.moments(in[0])
	}
	channels, inner := in[0].Dim(1), in[0].Shape()[2:].Numel()
	g, u := behind(b.Act, b.linear(in), up), make([]float64, len(x))
	dw, db := make([]float64, channels), make([]float64, channels)
	inv := make([]float64, channels)
	for c := range inv {
		inv[c] = 1 / math.Sqrt(float64(variance[c])+b.Eps)
	}
	for i, v := range x {
		c := i / inner % channels
		u[i] = (float64(v) - float64(mean[c])) * inv[c]
		dw[c] += float64(g[i] * u[i])
		db[c] += g[i]
	}
	n := float64(in[0].Dim(0) * inner)
	for i := range g {
		c := i / inner % channels
		if b.Training {
			g[i] -= db[c]/n + float64(u[i]*dw[c]/n)
		}
		g[i] *= float64(weight[c]) * inv[c]
	}
	s := tensor.Shape{channels}
	return []*tensor.Tensor{rounded(g, in[0].Shape()), rounded(dw, s), rounded(db, s), nil, nil}, nil
}
