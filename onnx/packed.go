package onnx

import (
	"fmt"

	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/tensor"
)

// integerKind is an element type of ONNX that codes may have.
type integerKind struct {
	lo, hi int64
	bits   int // of an element of a file, where several share a byte; else 0
}

// integerKinds are by the number of the type.
var integerKinds = map[int32]integerKind{
	2: {0, 1<<8 - 1, 0}, 3: {-1 << 7, 1<<7 - 1, 0}, 4: {0, 1<<16 - 1, 0}, 5: {-1 << 15, 1<<15 - 1, 0},
	6: {-1 << 31, 1<<31 - 1, 0}, 12: {0, 1<<32 - 1, 0},
	21: {0, 15, 4}, 22: {-8, 7, 4}, 25: {0, 3, 2}, 26: {-2, 1, 2},
}

// unpacked is the type that has the elements of a packed one, one in each byte.
func (k integerKind) unpacked() tensor.DType {
	if k.lo < 0 {
		return tensor.Int8
	}
	return tensor.UInt8
}

// packed returns the elements of a TensorProto of which several share a byte, one in each.
func (f *File) packed(p *onnxpb.TensorProto, kind integerKind, dtype tensor.DType, shape tensor.Shape, n int) (*tensor.Tensor, error) {
	each := 8 / kind.bits
	size := (n + each - 1) / each
	var raw []byte
	switch {
	case p.GetDataLocation() == onnxpb.TensorProto_EXTERNAL:
		t, err := f.external(p, tensor.UInt8, tensor.Shape{size})
		if err != nil {
			return nil, err
		}
		raw = t.Bytes()
	case p.RawData != nil:
		raw = p.GetRawData()
	default:
		for _, v := range p.Int32Data {
			raw = append(raw, byte(v))
		}
	}
	if len(raw) != size {
		return nil, fmt.Errorf("%s%v in %d bytes; expected %d", typeName(p.GetDataType()), shape, len(raw), size)
	}
	return tensor.Decode(dtype, nil, shape, func(to []byte) error {
		for i := range to {
			v := raw[i/each] >> (i % each * kind.bits) & (1<<kind.bits - 1)
			if int64(v) > kind.hi {
				v -= 1 << kind.bits
			}
			to[i] = v
		}
		return nil
	})
}

// kindOf is the element type of input i, a number of ONNX; 0 where that is not known.
func (n *node) kindOf(i int) int32 {
	name, v := n.proto.GetInput()[i], n.in[i]
	if p := n.weights[name]; p != nil {
		return p.GetDataType()
	}
	if k, ok := n.kinds[v]; ok {
		return k
	}
	g := n.file.model.GetGraph()
	for _, list := range [][]*onnxpb.ValueInfoProto{g.GetInput(), g.GetValueInfo()} {
		for _, info := range list {
			if info.GetName() == name {
				return info.GetType().GetTensorType().GetElemType()
			}
		}
	}
	d := v.Type.DType
	if stored := n.stored[v]; stored != nil {
		d = stored.DType()
	}
	switch d {
	case tensor.UInt8, tensor.QUInt8:
		return 2
	case tensor.Int8, tensor.QInt8:
		return 3
	case tensor.UInt16:
		return 4
	case tensor.Int16:
		return 5
	case tensor.Int32, tensor.QInt32:
		return 6
	case tensor.UInt32:
		return 12
	}
	return 0
}
