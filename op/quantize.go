package op

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Quantize turns float32 into the codes that the type of the result describes.
// With a float32 result it is the identity: the QuantStub of a graph that has
// not been converted.
//
// Input: x, any shape. Result: the shape of x.
type Quantize struct{}

// Kind is "quantize".
func (Quantize) Kind() string { return "quantize" }

// Signatures: float32 to float32, quint8 and qint8.
func (Quantize) Signatures() []graph.Signature {
	in := []tensor.DType{f32}
	return []graph.Signature{{In: in, Out: f32}, {In: in, Out: u8}, {In: in, Out: i8}}
}

// Infer returns the shape of x.
func (Quantize) Infer(in []graph.Fact) ([]graph.Type, error) { return inferSame(in) }

// inferSame is Infer of operators that keep the shape of their one input.
func inferSame(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	return like(in[0], in[0].Shape.Clone())
}

// Eval quantizes with quant.Quantizer.
func (Quantize) Eval(ctx graph.Context, in []*tensor.Tensor, outs []graph.Type) ([]*tensor.Tensor, error) {
	out := outs[0]
	if out.DType == f32 {
		return []*tensor.Tensor{in[0]}, nil
	}
	if err := needPerTensor(out); err != nil {
		return nil, err
	}
	return []*tensor.Tensor{quantized(in[0].Float32s(), out, quant.NewActivationQuantizer(ctx.Numerics, out.Q, out.DType))}, nil
}

// quantized returns a tensor of type out with the codes of x by a rule.
func quantized(x []float32, out graph.Type, rule quant.Quantizer) *tensor.Tensor {
	codes := make([]int32, len(x))
	for i, v := range x {
		codes[i] = rule.Code(v)
	}
	return ofCodes(codes, out)
}

// Gradient is up: in float the stub does nothing.
func (o Quantize) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	return scattered(o, in, up, func(i int) int { return i })
}
