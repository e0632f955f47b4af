package inputs

import (
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/tensor"
)

// wider are the NumPy types that stand for element types that NumPy lacks.
var wider = map[tensor.DType]tensor.DType{
	tensor.BFloat16: tensor.Float32, tensor.Float8E4M3: tensor.Float32, tensor.Float8E4M3FNUZ: tensor.Float32, tensor.Float8E5M2: tensor.Float32,
	tensor.Float8E5M2FNUZ: tensor.Float32, tensor.Float8E8M0: tensor.Float32, tensor.Float4E2M1: tensor.Float32,
	tensor.Int4: tensor.Int8, tensor.Int2: tensor.Int8, tensor.UInt4: tensor.UInt8, tensor.UInt2: tensor.UInt8,
}

// Stored converts an array to the element type of an input, if its own type is the one that
// stands for it.
func Stored(t *tensor.Tensor, wanted tensor.DType) (*tensor.Tensor, error) {
	if wide, ok := wider[wanted]; ok && t.DType() == wide {
		return onnx.Convert(t, wanted)
	}
	return t, nil
}

// Portable converts an output to a type that NumPy has.
func Portable(t *tensor.Tensor) (*tensor.Tensor, error) {
	if wide, ok := wider[t.DType()]; ok {
		return onnx.Convert(t, wide)
	}
	return t, nil
}
