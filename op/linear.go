package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Linear is torch.nn.functional.linear, followed by Act.
//
// Inputs: x [..., K], weight [O, K], optional bias [O] in float32.
// Result: [..., O].
type Linear struct {
	Act quant.Activation `json:"act,omitempty"` // clamp of the result
}

// Kind is "linear".
func (Linear) Kind() string { return "linear" }

// Clamp is Act.
func (l Linear) Clamp() quant.Activation { return l.Act }

// WithClamp returns the operator with another Act.
func (l Linear) WithClamp(a quant.Activation) graph.Op {
	l.Act = a
	return l
}

func (Linear) weighted() {}

// Signatures: float, codes to codes (quint8 or qint8), and codes with qint8 weights to float32.
func (Linear) Signatures() []graph.Signature { return weighted }

// Infer returns [..., O].
func (l Linear) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 2, 3); err != nil {
		return nil, err
	}
	if err := checkActivation(l.Act); err != nil {
		return nil, err
	}
	x, w := in[0].Shape, in[1].Shape
	if len(w) != 2 || w[0] == 0 || w[1] == 0 {
		return nil, fmt.Errorf("weight has shape %v; expected [O, K]", w)
	}
	if len(x) == 0 || x[len(x)-1] != w[1] {
		return nil, fmt.Errorf("weight %v expects %d features; the input has shape %v", w, w[1], x)
	}
	if err := checkBias(in, w[0]); err != nil {
		return nil, err
	}
	if err := checkZeroPoints(in[1], w[1]); err != nil {
		return nil, err
	}
	out := x.Clone()
	out[len(out)-1] = w[0]
	return float(out)
}

// Eval multiplies: in float each sum is rounded to float32 once, codes follow
// quant.Requant.
func (l Linear) Eval(ctx graph.Context, in []*tensor.Tensor, outs []graph.Type) ([]*tensor.Tensor, error) {
	out := outs[0]
	x, w := in[0], in[1]
	channels, k := w.Dim(0), w.Dim(1)
	if x.DType() == f32 {
		y := tensor.New(f32, out.Shape...)
		e := epilogue{act: l.Act, bias: biasOf(in)}
		xs, ws := float64s(x), float64s(w)
		for i := range y.Float32s() {
			y.Float32s()[i] = e.finish(float32(dot(xs, ws, i/channels*k, i%channels*k, k)), i%channels)
		}
		return []*tensor.Tensor{y}, nil
	}
	e, err := newEpilogue(ctx, in, out, l.Act, quant.NewLinearRequant, in[1].Dim(0))
	if err != nil {
		return nil, err
	}
	y := e.result(out)
	xs, ws := centred(x), centred(w)
	for i := range out.Shape.Numel() {
		y.set(i, dot(xs, ws, i/channels*k, i%channels*k, k), i%channels)
	}
	return []*tensor.Tensor{y.tensor()}, nil
}

// dot is the dot product of a[i:i+n] and b[j:j+n], in order; int32 accumulators wrap, and in
// float64 the products of float32 numbers are exact.
func dot[T int32 | float64](a, b []T, i, j, n int) T {
	var sum T
	for k := range n {
		sum += a[i+k] * b[j+k]
	}
	return sum
}

// Gradient is that of x, weight and, where there is one, bias.
func (l Linear) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := needFloats(l, in, up); err != nil {
		return nil, err
	}
	x, w := float64s(in[0]), float64s(in[1])
	channels, k := in[1].Dim(0), in[1].Dim(1)
	before, e := make([]float32, up.Numel()), epilogue{bias: biasOf(in)}
	for i := range before {
		before[i] = e.finish(float32(dot(x, w, i/channels*k, i%channels*k, k)), i%channels)
	}
	dx, dw, db := make([]float64, len(x)), make([]float64, len(w)), make([]float64, channels)
	for i, g := range behind(l.Act, before, up) {
		row, o := i/channels*k, i%channels*k
		for j := range k {
			dx[row+j] += float64(g * w[o+j])
			dw[o+j] += float64(g * x[row+j])
		}
		db[i%channels] += g
	}
	grads := []*tensor.Tensor{rounded(dx, in[0].Shape()), rounded(dw, in[1].Shape()), rounded(db, tensor.Shape{channels})}
	return grads[:len(in)], nil
}
