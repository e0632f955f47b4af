package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// char8 are signed codes without parameters, as byte8 are unsigned ones.
const char8 = tensor.Int8

// IntRepr is torch.Tensor.int_repr: codes without quantization parameters, as plain integers.
//
// Input: x, any shape. Result: the shape of x, in uint8 or int8.
type IntRepr struct{}

// Kind is "int_repr".
func (IntRepr) Kind() string { return "int_repr" }

// Signatures: quint8 to uint8, qint8 to int8.
func (IntRepr) Signatures() []graph.Signature {
	return []graph.Signature{{In: []tensor.DType{u8}, Out: byte8}, {In: []tensor.DType{i8}, Out: char8}}
}

// Infer returns the shape of x.
func (IntRepr) Infer(in []graph.Fact) ([]graph.Type, error) { return relabelled(in, byte8, char8) }

// Eval copies.
func (IntRepr) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	return copied(in[0], out[0])
}

// FromIntRepr is the inverse of IntRepr: plain integers become codes with the parameters of the
// result's type.
//
// Input: x, any shape, in uint8 or int8. Result: codes, the shape of x.
type FromIntRepr struct{}

// Kind is "from_int_repr".
func (FromIntRepr) Kind() string { return "from_int_repr" }

// Signatures: uint8 to quint8, int8 to qint8.
func (FromIntRepr) Signatures() []graph.Signature {
	return []graph.Signature{{In: []tensor.DType{byte8}, Out: u8}, {In: []tensor.DType{char8}, Out: i8}}
}

// Infer returns the shape of x.
func (FromIntRepr) Infer(in []graph.Fact) ([]graph.Type, error) { return relabelled(in, u8, i8) }

// Eval copies.
func (FromIntRepr) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	return copied(in[0], out[0])
}

// relabelled is the type of the same bytes with or without quantization parameters.
func relabelled(in []graph.Fact, unsigned, signed tensor.DType) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	d := unsigned
	switch in[0].DType {
	case i8, char8:
		d = signed
	case u8, byte8:
	default:
		return nil, fmt.Errorf("elements of type %v; integers of eight bits are expected", in[0].DType)
	}
	return typed(graph.Type{DType: d, Shape: in[0].Shape.Clone()})
}

func copied(x *tensor.Tensor, out graph.Type) ([]*tensor.Tensor, error) {
	y, err := tensor.FromBytes(out.DType, out.Q, out.Shape, x.Bytes())
	return []*tensor.Tensor{y}, err
}
