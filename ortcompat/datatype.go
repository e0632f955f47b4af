package ortcompat

import (
	"fmt"

	"github.com/octet-ml/octet/tensor"
)

// TensorElementDataType is an element type, numbered as ONNX numbers them.
type TensorElementDataType int

// Element types. Those of strings and complex numbers are named, but no tensor has them.
const (
	TensorElementDataTypeUndefined TensorElementDataType = iota
	TensorElementDataTypeFloat
	TensorElementDataTypeUint8
	TensorElementDataTypeInt8
	TensorElementDataTypeUint16
	TensorElementDataTypeInt16
	TensorElementDataTypeInt32
	TensorElementDataTypeInt64
	TensorElementDataTypeString
	TensorElementDataTypeBool
	TensorElementDataTypeFloat16
	TensorElementDataTypeDouble
	TensorElementDataTypeUint32
	TensorElementDataTypeUint64
	TensorElementDataTypeComplex64
	TensorElementDataTypeComplex128
	TensorElementDataTypeBFloat16
)

// types are the element types that tensors have here.
var types = map[TensorElementDataType]tensor.DType{
	TensorElementDataTypeFloat: tensor.Float32, TensorElementDataTypeDouble: tensor.Float64,
	TensorElementDataTypeFloat16: tensor.Float16, TensorElementDataTypeBFloat16: tensor.BFloat16,
	TensorElementDataTypeUint8: tensor.UInt8, TensorElementDataTypeUint16: tensor.UInt16,
	TensorElementDataTypeUint32: tensor.UInt32, TensorElementDataTypeUint64: tensor.UInt64,
	TensorElementDataTypeInt8: tensor.Int8, TensorElementDataTypeInt16: tensor.Int16,
	TensorElementDataTypeInt32: tensor.Int32, TensorElementDataTypeInt64: tensor.Int64,
	TensorElementDataTypeBool: tensor.Bool,
}

func typeOf(d tensor.DType) TensorElementDataType {
	for t, held := range types {
		if held == d {
			return t
		}
	}
	return TensorElementDataTypeUndefined
}

// String is octet's name of the type, such as float32.
func (t TensorElementDataType) String() string {
	if d, ok := types[t]; ok {
		return d.String()
	}
	return fmt.Sprintf("element type %d", int(t))
}

// ONNXType is what kind of value an input or output is.
type ONNXType int

// Kinds of values. Models of others than tensors are refused when they are read.
const (
	ONNXTypeUnknown ONNXType = iota
	ONNXTypeTensor
	ONNXTypeSequence
	ONNXTypeMap
	ONNXTypeOpaque
	ONNXTypeSparseTensor
	ONNXTypeOptional
)

// String is its name.
func (t ONNXType) String() string {
	names := [...]string{"unknown", "tensor", "sequence", "map", "opaque", "sparse tensor", "optional"}
	if t < 0 || int(t) >= len(names) {
		return fmt.Sprintf("ONNX type %d", int(t))
	}
	return names[t]
}
