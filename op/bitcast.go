package op

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// BitCast is torch.Tensor.view with another element type of the same size: the bits of x, of
// type From in the model's file, are read as type To. In a graph both are held as float32,
// int64 or bool, as for Cast.
//
// Input: x, any shape. Result: the shape of x.
type BitCast struct {
	From tensor.DType `json:"from"`
	To   tensor.DType `json:"to"`
}

// Kind is "bit_cast".
func (BitCast) Kind() string { return "bit_cast" }

// heldAs is the element type that graphs have for one of files; Invalid where there is none.
func heldAs(d tensor.DType) tensor.DType {
	switch {
	case d.IsFloat():
		return f32
	case d == boolean:
		return boolean
	case d == i64 || d == tensor.UInt64 || narrowWhole(d) != nil:
		return i64
	}
	return tensor.Invalid
}

// Signatures: from what From is in a graph to what To is.
func (o BitCast) Signatures() []graph.Signature {
	return []graph.Signature{{In: []tensor.DType{heldAs(o.From)}, Out: heldAs(o.To)}}
}

// Infer returns the shape of x.
func (o BitCast) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	if heldAs(o.From) == tensor.Invalid || heldAs(o.To) == tensor.Invalid || o.From.Size() != o.To.Size() {
		return nil, fmt.Errorf("the bits of %v as %v; expected types of files, of the same size", o.From, o.To)
	}
	return typed(graph.Type{DType: heldAs(o.To), Shape: in[0].Shape.Clone()})
}

// Eval takes the bits of each element.
func (o BitCast) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	y := tensor.New(out[0].DType, out[0].Shape...)
	for i := range y.Numel() {
		bits := bitsAs(o.From, in[0], i)
		switch y.DType() {
		case f32:
			y.Float32s()[i] = realOfBits(o.To, bits)
		case i64:
			y.Int64s()[i] = Cast{Via: o.To}.Whole(int64(bits))
		default:
			y.Uint8s()[i] = truth(bits != 0)
		}
	}
	return []*tensor.Tensor{y}, nil
}

// bitsAs are the bits of element i of x as one of type d; of whole numbers there may be more.
func bitsAs(d tensor.DType, x *tensor.Tensor, i int) uint64 {
	switch x.DType() {
	case i64:
		return uint64(x.Int64s()[i])
	case boolean:
		return uint64(truth(x.Uint8s()[i] != 0))
	}
	v := x.Float32s()[i]
	switch d {
	case tensor.Float64:
		return math.Float64bits(float64(v))
	case tensor.Float16:
		return uint64(tensor.Float32ToHalf(v))
	case tensor.BFloat16:
		return uint64(math.Float32bits(roundBrain(v)) >> 16)
	case f32:
		return uint64(math.Float32bits(v))
	}
	return uint64(tensor.Float32ToSmall(d, v, false))
}

// realOfBits is the number of type d that has these bits, among the lowest.
func realOfBits(d tensor.DType, bits uint64) float32 {
	switch d {
	case tensor.Float64:
		return float32(math.Float64frombits(bits))
	case tensor.Float16:
		return tensor.HalfToFloat32(uint16(bits))
	case tensor.BFloat16:
		return math.Float32frombits(uint32(bits) << 16)
	case f32:
		return math.Float32frombits(uint32(bits))
	}
	return tensor.SmallToFloat32(d, uint8(bits))
}
