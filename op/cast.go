package op

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Cast is torch.Tensor.to: x as another of the types that graphs compute with. From float32 to
// int64 it truncates, and what int64 cannot hold becomes the smallest int64. To bool it is
// whether x differs from 0.
//
// Via is a narrower type that graphs do not compute with; x is converted to it first: rounded
// to a float of fewer bits, or wrapped around in an integer of fewer bits. Numbers too large
// for a float of 8 bits saturate, or with Overflow become infinity or NaN.
//
// Input: x, any shape, in these types or in integers of eight bits. Result: the shape of x.
type Cast struct {
	To  tensor.DType `json:"to"`            // float32, int64 or bool
	Via tensor.DType `json:"via,omitempty"` // float16, bfloat16, int8, int16, int32, uint8, uint16 or uint32, or smaller

	Overflow bool `json:"overflow,omitempty"` // no saturation of floats of 8 bits
}

// Kind is "to".
func (Cast) Kind() string { return "to" }

// Signatures: from each type to the wanted one.
func (o Cast) Signatures() []graph.Signature {
	var sigs []graph.Signature
	for _, d := range []tensor.DType{f32, i64, boolean, byte8, char8} {
		sigs = append(sigs, graph.Signature{In: []tensor.DType{d}, Out: o.To})
	}
	return sigs
}

// Infer returns the shape of x.
func (o Cast) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	if o.To != f32 && o.To != i64 && o.To != boolean {
		return nil, fmt.Errorf("cast to %v; expected float32, int64 or bool", o.To)
	}
	if o.Via != tensor.Invalid && o.narrowReal() == nil && narrowWhole(o.Via) == nil {
		return nil, fmt.Errorf("cast through %v; expected a float or an integer of fewer bits", o.Via)
	}
	return typed(graph.Type{DType: o.To, Shape: in[0].Shape.Clone()})
}

// narrowReal rounds to a float of fewer bits; nil for other types.
func (o Cast) narrowReal() func(float32) float32 {
	if d := o.Via; d.IsSmallFloat() {
		return func(x float32) float32 { return tensor.SmallToFloat32(d, tensor.Float32ToSmall(d, x, !o.Overflow)) }
	}
	switch o.Via {
	case tensor.Float16:
		return roundHalf
	case tensor.BFloat16:
		return roundBrain
	}
	return nil
}

// narrowWhole wraps an int64 around in an integer of fewer bits; nil for other types.
func narrowWhole(d tensor.DType) func(int64) int64 {
	switch d {
	case tensor.Int2:
		return func(v int64) int64 { return v << 62 >> 62 }
	case tensor.Int4:
		return func(v int64) int64 { return v << 60 >> 60 }
	case tensor.UInt2:
		return func(v int64) int64 { return v & 3 }
	case tensor.UInt4:
		return func(v int64) int64 { return v & 15 }
	case tensor.Int8:
		return func(v int64) int64 { return int64(int8(v)) }
	case tensor.Int16:
		return func(v int64) int64 { return int64(int16(v)) }
	case tensor.Int32:
		return func(v int64) int64 { return int64(int32(v)) }
	case tensor.UInt8:
		return func(v int64) int64 { return int64(uint8(v)) }
	case tensor.UInt16:
		return func(v int64) int64 { return int64(uint16(v)) }
	case tensor.UInt32:
		return func(v int64) int64 { return int64(uint32(v)) }
	}
	return nil
}

// roundHalf rounds to the nearest float16, half-way to the even one.
func roundHalf(x float32) float32 { return tensor.HalfToFloat32(tensor.Float32ToHalf(x)) }

// roundBrain rounds to the nearest bfloat16, half-way to the even one.
func roundBrain(x float32) float32 {
	b := math.Float32bits(x)
	if x == x {
		b += 0x7fff + b>>16&1
	}
	return math.Float32frombits(b &^ 0xffff)
}

// Real is the cast of a float32 to a float32.
func (o Cast) Real(x float32) float32 {
	if f := o.narrowReal(); f != nil {
		return f(x)
	}
	if f := narrowWhole(o.Via); f != nil {
		return float32(f(whole(x)))
	}
	return x
}

// whole truncates x.
func whole(x float32) int64 {
	if !(x >= math.MinInt64 && x < math.MaxInt64) {
		return math.MinInt64
	}
	return int64(x)
}

// Truncated is the cast of a float32 to an int64.
func (o Cast) Truncated(x float32) int64 {
	v := whole(o.Real(x))
	if f := narrowWhole(o.Via); f != nil {
		return f(v)
	}
	return v
}

// Whole is the cast of an int64 to an int64.
func (o Cast) Whole(x int64) int64 {
	if f := narrowWhole(o.Via); f != nil {
		return f(x)
	}
	if f := o.narrowReal(); f != nil {
		return whole(f(float32(x)))
	}
	return x
}

// RealOf is the cast of an int64 to a float32.
func (o Cast) RealOf(x int64) float32 {
	if f := o.narrowReal(); f != nil {
		return f(float32(x))
	}
	return float32(o.Whole(x))
}

// Eval casts each element.
func (o Cast) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	n, y := out[0].Shape.Numel(), tensor.New(o.To, out[0].Shape...)
	real, integer := o.element(in[0])
	for i := range n {
		switch o.To {
		case f32:
			y.Float32s()[i] = real(i)
		case i64:
			y.Int64s()[i] = integer(i)
		default:
			y.Uint8s()[i] = truth(real(i) != 0)
		}
	}
	return []*tensor.Tensor{y}, nil
}

// element returns element i of x, after Via, as a real and as a whole number.
func (o Cast) element(x *tensor.Tensor) (real func(i int) float32, integer func(i int) int64) {
	switch x.DType() {
	case f32:
		v := x.Float32s()
		return func(i int) float32 { return o.Real(v[i]) }, func(i int) int64 { return o.Truncated(v[i]) }
	case i64:
		v := x.Int64s()
		return func(i int) float32 { return o.RealOf(v[i]) }, func(i int) int64 { return o.Whole(v[i]) }
	}
	if x.DType() == char8 {
		v := x.Int8s()
		return func(i int) float32 { return o.RealOf(int64(v[i])) }, func(i int) int64 { return o.Whole(int64(v[i])) }
	}
	v := x.Uint8s()
	if x.DType() == byte8 {
		return func(i int) float32 { return o.RealOf(int64(v[i])) }, func(i int) int64 { return o.Whole(int64(v[i])) }
	}
	return func(i int) float32 { return float32(truth(v[i] != 0)) }, func(i int) int64 { return int64(truth(v[i] != 0)) }
}

// Gradient is up for float32, as if nothing was rounded.
func (o Cast) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := needFloats(o, in, up); err != nil {
		return nil, err
	}
	return []*tensor.Tensor{up.Clone()}, nil
}
