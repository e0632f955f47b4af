package onnx

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/tensor"
)

// elementTypes maps TensorProto.DataType.
var elementTypes = map[int32]tensor.DType{
	1: tensor.Float32, 2: tensor.UInt8, 3: tensor.Int8, 4: tensor.UInt16, 5: tensor.Int16, 6: tensor.Int32, 7: tensor.Int64,
	9: tensor.Bool, 10: tensor.Float16, 11: tensor.Float64, 12: tensor.UInt32, 13: tensor.UInt64, 16: tensor.BFloat16,
	17: tensor.Float8E4M3, 18: tensor.Float8E4M3FNUZ, 19: tensor.Float8E5M2, 20: tensor.Float8E5M2FNUZ,
	21: tensor.UInt4, 22: tensor.Int4, 23: tensor.Float4E2M1, 24: tensor.Float8E8M0, 25: tensor.UInt2, 26: tensor.Int2,
}

// typeName is ONNX's name of an element type, for messages.
func typeName(t int32) string { return onnxpb.TensorProto_DataType(t).String() }

// elementType is the element type of a TensorProto's or a value's number.
func elementType(t int32) (tensor.DType, error) {
	if d, ok := elementTypes[t]; ok {
		return d, nil
	}
	return tensor.Invalid, fmt.Errorf("element type %s is not read", typeName(t))
}

// HeldType is the element type that a graph has for one of ONNX's: the sizes and kinds of
// numbers that operators do not tell apart are one.
func HeldType(d tensor.DType) (tensor.DType, error) {
	if d.IsFloat() {
		return tensor.Float32, nil
	}
	switch d {
	case tensor.Int2, tensor.UInt2, tensor.Int4, tensor.UInt4, tensor.Int8, tensor.Int16, tensor.Int32, tensor.Int64, tensor.UInt8, tensor.UInt16, tensor.UInt32, tensor.UInt64:
		return tensor.Int64, nil
	case tensor.Bool:
		return tensor.Bool, nil
	}
	return tensor.Invalid, fmt.Errorf("elements of type %v", d)
}

// Initializer returns a constant of the file by its name, in the type that it declares.
func (f *File) Initializer(name string) (*tensor.Tensor, error) {
	for _, p := range f.model.GetGraph().GetInitializer() {
		if p.GetName() == name {
			return f.decode(p)
		}
	}
	return nil, fmt.Errorf("%s: there is no initializer %q", f.name, name)
}

// TakenType is the element type that a graph has for an input of one of ONNX's: integers of eight
// bits stay what they are, since they may be codes.
func TakenType(d tensor.DType) (tensor.DType, error) {
	if d == tensor.UInt8 || d == tensor.Int8 {
		return d, nil
	}
	return HeldType(d)
}

// Taken returns t with the element type that a graph has for it as an input.
func Taken(t *tensor.Tensor) (*tensor.Tensor, error) {
	kind, err := TakenType(t.DType())
	if err != nil {
		return nil, err
	}
	return Convert(t, kind)
}

// decode returns the elements of a TensorProto in the type that its file declares.
func (f *File) decode(p *onnxpb.TensorProto) (*tensor.Tensor, error) {
	if t := f.replaced[p]; t != nil {
		return t, nil
	}
	dtype, err := elementType(p.GetDataType())
	if err != nil {
		return nil, err
	}
	shape, err := extents(p)
	if err != nil {
		return nil, err
	}
	if p.GetSegment() != nil {
		return nil, fmt.Errorf("it is stored in segments, which no tool writes any more")
	}
	if p.GetDataLocation() == onnxpb.TensorProto_EXTERNAL {
		return f.external(p, dtype, shape)
	}
	if bits := packedBits(dtype); bits > 0 {
		packed := p.GetRawData()
		if packed == nil {
			for _, v := range p.Int32Data {
				packed = append(packed, byte(v))
			}
		}
		return unpacked(packed, dtype, bits, shape)
	}
	if p.RawData != nil {
		return tensor.FromBytes(dtype, nil, shape, p.GetRawData())
	}
	return typed(p, dtype, shape, shape.Numel())
}

// extents is the shape of a TensorProto; the product of its extents is an int.
func extents(p *onnxpb.TensorProto) (tensor.Shape, error) {
	shape := make(tensor.Shape, len(p.GetDims()))
	for i, d := range p.GetDims() {
		if d < 0 || d > math.MaxInt32 {
			return nil, fmt.Errorf("extent %d of %v", d, p.GetDims())
		}
		shape[i] = int(d)
	}
	_, err := shape.CheckedNumel()
	return shape, err
}

// packedBits is how many bits an element takes where several share a byte, otherwise 0.
func packedBits(d tensor.DType) int {
	switch d {
	case tensor.Int4, tensor.UInt4, tensor.Float4E2M1:
		return 4
	case tensor.Int2, tensor.UInt2:
		return 2
	}
	return 0
}

// unpacked returns elements that share bytes, the first in the lowest bits.
func unpacked(packed []byte, dtype tensor.DType, bits int, shape tensor.Shape) (*tensor.Tensor, error) {
	perByte := 8 / bits
	if len(packed) != (shape.Numel()+perByte-1)/perByte {
		return nil, fmt.Errorf("%v%v in %d bytes; expected %d", dtype, shape, len(packed), (shape.Numel()+perByte-1)/perByte)
	}
	return tensor.Decode(dtype, nil, shape, func(raw []byte) error {
		for i := range raw {
			raw[i] = kept(dtype, packed[i/perByte]>>(i%perByte*bits))
		}
		return nil
	})
}

// kept is a byte with what an element of fewer bits has of it: the sign goes on.
func kept(d tensor.DType, b byte) byte {
	switch d {
	case tensor.Int4:
		return byte(int8(b) << 4 >> 4)
	case tensor.Int2:
		return byte(int8(b) << 6 >> 6)
	case tensor.UInt4, tensor.Float4E2M1:
		return b & 15
	case tensor.UInt2:
		return b & 3
	}
	return b
}

// typed returns the elements of a TensorProto's list for its type.
func typed(p *onnxpb.TensorProto, dtype tensor.DType, shape tensor.Shape, n int) (*tensor.Tensor, error) {
	var count int
	var put func(raw []byte, i int)
	little := binary.LittleEndian
	switch dtype {
	case tensor.Float32:
		count, put = len(p.FloatData), func(raw []byte, i int) { little.PutUint32(raw[4*i:], math.Float32bits(p.FloatData[i])) }
	case tensor.Float64:
		count, put = len(p.DoubleData), func(raw []byte, i int) { little.PutUint64(raw[8*i:], math.Float64bits(p.DoubleData[i])) }
	case tensor.Int64:
		count, put = len(p.Int64Data), func(raw []byte, i int) { little.PutUint64(raw[8*i:], uint64(p.Int64Data[i])) }
	case tensor.UInt32:
		count, put = len(p.Uint64Data), func(raw []byte, i int) { little.PutUint32(raw[4*i:], uint32(p.Uint64Data[i])) }
	case tensor.UInt64:
		count, put = len(p.Uint64Data), func(raw []byte, i int) { little.PutUint64(raw[8*i:], p.Uint64Data[i]) }
	case tensor.Int32:
		count, put = len(p.Int32Data), func(raw []byte, i int) { little.PutUint32(raw[4*i:], uint32(p.Int32Data[i])) }
	case tensor.Int16, tensor.UInt16, tensor.Float16, tensor.BFloat16:
		count, put = len(p.Int32Data), func(raw []byte, i int) { little.PutUint16(raw[2*i:], uint16(p.Int32Data[i])) }
	case tensor.Int8, tensor.UInt8, tensor.Bool, tensor.Float8E4M3, tensor.Float8E4M3FNUZ, tensor.Float8E5M2, tensor.Float8E5M2FNUZ, tensor.Float8E8M0:
		count, put = len(p.Int32Data), func(raw []byte, i int) { raw[i] = byte(p.Int32Data[i]) }
	}
	if count != n {
		return nil, fmt.Errorf("%v%v with %d elements", dtype, shape, count)
	}
	return tensor.Decode(dtype, nil, shape, func(raw []byte) error {
		for i := range n {
			put(raw, i)
		}
		return nil
	})
}

// Held returns t with the element type that a graph has for it.
func Held(t *tensor.Tensor) (*tensor.Tensor, error) {
	kind, err := HeldType(t.DType())
	if err != nil {
		return nil, err
	}
	return Convert(t, kind)
}

// Convert returns t with elements of type to, as a cast of ONNX between these types
// does: whole numbers keep their low bits, fractions are cut off.
func Convert(t *tensor.Tensor, to tensor.DType) (*tensor.Tensor, error) {
	from := t.DType()
	if from == to {
		return t, nil
	}
	toKind, err := HeldType(to)
	if err != nil {
		return nil, err
	}
	fromKind, err := HeldType(from)
	if err != nil {
		return nil, err
	}
	switch {
	case fromKind == tensor.Float32 && toKind == tensor.Float32:
		f, err := t.ToFloat32()
		if err != nil || to == tensor.Float32 {
			return f, err
		}
		if to != tensor.Float64 {
			return narrower(f, to)
		}
		wide := make([]float64, f.Numel())
		for i, v := range f.Float32s() {
			wide[i] = float64(v)
		}
		return tensor.Of(wide, t.Shape()...), nil
	case fromKind != tensor.Float32 && toKind == tensor.Int64:
		return narrow(whole(t), t.Shape(), to), nil
	case fromKind == tensor.Int64 && to == tensor.Float32:
		v := make([]float32, t.Numel())
		for i, x := range whole(t) {
			v[i] = float32(x)
		}
		return tensor.Of(v, t.Shape()...), nil
	}
	return nil, fmt.Errorf("%v is not converted to %v", from, to)
}

// whole returns the elements of a tensor of whole numbers or truth values.
func whole(t *tensor.Tensor) []int64 {
	if t.DType() == tensor.Int64 {
		return t.Int64s()
	}
	raw, v := t.Bytes(), make([]int64, t.Numel())
	little := binary.LittleEndian
	for i := range v {
		switch t.DType() {
		case tensor.Int8, tensor.Int4, tensor.Int2:
			v[i] = int64(int8(raw[i]))
		case tensor.UInt8, tensor.Bool, tensor.UInt4, tensor.UInt2:
			v[i] = int64(raw[i])
		case tensor.Int16:
			v[i] = int64(int16(little.Uint16(raw[2*i:])))
		case tensor.UInt16:
			v[i] = int64(little.Uint16(raw[2*i:]))
		case tensor.Int32:
			v[i] = int64(int32(little.Uint32(raw[4*i:])))
		case tensor.UInt32:
			v[i] = int64(little.Uint32(raw[4*i:]))
		case tensor.UInt64:
			v[i] = int64(little.Uint64(raw[8*i:]))
		}
	}
	return v
}

// narrow returns whole numbers as elements of type to, which has their low bits.
func narrow(v []int64, shape tensor.Shape, to tensor.DType) *tensor.Tensor {
	if to == tensor.Int64 {
		return tensor.Of(v, shape...)
	}
	size := to.Size()
	t, err := tensor.Decode(to, nil, shape, func(raw []byte) error {
		for i, x := range v {
			for b := range size {
				raw[i*size+b] = kept(to, byte(uint64(x)>>(8*b)))
			}
		}
		return nil
	})
	if err != nil {
		panic(err) // shape is that of a tensor in memory
	}
	return t
}

// narrower returns numbers as floats of fewer bits, rounded to the nearest, of two equally
// near ones the even one.
func narrower(t *tensor.Tensor, to tensor.DType) (*tensor.Tensor, error) {
	if to.IsSmallFloat() {
		return tensor.Decode(to, nil, t.Shape(), func(raw []byte) error {
			for i, v := range t.Float32s() {
				raw[i] = tensor.Float32ToSmall(to, v, false)
			}
			return nil
		})
	}
	code := tensor.Float32ToHalf
	if to == tensor.BFloat16 {
		code = func(v float32) uint16 {
			b := math.Float32bits(v)
			if v != v {
				return uint16(b>>16) | 0x40
			}
			return uint16((b + 0x7fff + b>>16&1) >> 16)
		}
	}
	return tensor.Decode(to, nil, t.Shape(), func(raw []byte) error {
		for i, v := range t.Float32s() {
			binary.LittleEndian.PutUint16(raw[2*i:], code(v))
		}
		return nil
	})
}
