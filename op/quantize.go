package op

import (
	"github.com/octet-ml/octet/graph"
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
func (Quantize) Infer(in []graph.Type) (tensor.Shape, error) { return inferSame(in) }

// inferSame is Infer of operators that keep the shape of their one input.
func inferSame(in []graph.Type) (tensor.Shape, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	return in[0].Shape.Clone(), nil
}
