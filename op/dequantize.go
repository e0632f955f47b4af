package op

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Dequantize turns codes into the float32 numbers they stand for. With a
// float32 input it is the identity: the DeQuantStub of a graph that has not
// been converted.
//
// Input: x, any shape. Result: the shape of x.
type Dequantize struct{}

// Kind is "dequantize".
func (Dequantize) Kind() string { return "dequantize" }

// Signatures: float32, quint8 and qint8 to float32.
func (Dequantize) Signatures() []graph.Signature {
	return []graph.Signature{
		{In: []tensor.DType{f32}, Out: f32},
		{In: []tensor.DType{u8}, Out: f32},
		{In: []tensor.DType{i8}, Out: f32},
	}
}

// Infer returns the shape of x.
func (Dequantize) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	return float(in[0].Shape.Clone())
}

// Eval dequantizes with quant.Dequantizer.Real.
func (Dequantize) Eval(_ graph.Context, in []*tensor.Tensor, outs []graph.Type) ([]*tensor.Tensor, error) {
	out := outs[0]
	x := in[0]
	if x.DType() == f32 {
		return []*tensor.Tensor{x}, nil
	}
	if err := needPerTensor(graph.TypeOf(x)); err != nil {
		return nil, err
	}
	return []*tensor.Tensor{tensor.Of(reals(x), out.Shape...)}, nil
}

// reals returns the numbers that the codes of x stand for.
func reals(x *tensor.Tensor) []float32 {
	rule := quant.NewDequantizer(x.QParams())
	real := make([]float32, x.Numel())
	for i, v := range codesOf(x) {
		real[i] = rule.Real(v)
	}
	return real
}

// Gradient is up: in float the stub does nothing.
func (o Dequantize) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	return scattered(o, in, up, func(i int) int { return i })
}
