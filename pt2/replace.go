package pt2

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/tensor"
)

// Weights are the tensors of the state dict, in the order in which the program takes them.
func (f *File) Weights() ([]onnx.Weight, error) {
	var weights []onnx.Weight
	first := map[string]string{} // by place in the file
	for _, key := range f.Names() {
		w := f.state[key]
		place := fmt.Sprint(w.record, w.dtype, w.shape, w.strides, w.offset)
		weights = append(weights, onnx.Weight{Name: key, DType: w.dtype, Shape: slices.Clone(w.shape), Tied: first[place]})
		if first[place] == "" {
			first[place] = key
		}
	}
	return weights, nil
}

// Replace gives tensors of the state dict other elements, of the types that the file declares, by
// their keys. Graphs that are made from now on hold them, and what follows from them.
func (f *File) Replace(weights map[string]*tensor.Tensor) { f.replaced = weights }
