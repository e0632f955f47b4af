package main

import (
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/tensor"
)

// wider are the types of NumPy that arrays have for element types that it does not know.
var wider = map[tensor.DType]tensor.DType{
	tensor.BFloat16: tensor.Float32, tensor.Float8E4M3: tensor.Float32, tensor.Float8E4M3FNUZ: tensor.Float32, tensor.Float8E5M2: tensor.Float32,
	tensor.Float8E5M2FNUZ: tensor.Float32, tensor.Float8E8M0: tensor.Float32, tensor.Float4E2M1: tensor.Float32,
	tensor.Int4: tensor.Int8, tensor.Int2: tensor.Int8, tensor.UInt4: tensor.UInt8, tensor.UInt2: tensor.UInt8,
}

// stored returns an array as an input of type wanted takes it, if its own type is the one that
// arrays have for that.
func stored(t *tensor.Tensor, wanted tensor.DType) (*tensor.Tensor, error) {
	if wide, ok := wider[wanted]; ok && t.DType() == wide {
		return onnx.Convert(t, wanted)
	}
	return t, nil
}

// portable returns an output as an array has it.
func portable(t *tensor.Tensor) (*tensor.Tensor, error) {
	if wide, ok := wider[t.DType()]; ok {
		return onnx.Convert(t, wide)
	}
	return t, nil
}
