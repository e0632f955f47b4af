package compare

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/tensor"
)

// Answers joins the outputs of a model for n inputs, each [n, ...], to float32 [n, K]. Of a single
// input they may have any shape. Whole numbers, such as classes and counts, are left out.
func Answers(outputs []*tensor.Tensor, n int) (*tensor.Tensor, error) {
	var parts []*tensor.Tensor
	width := 0
	for _, y := range outputs {
		if !y.DType().IsFloat() {
			continue
		}
		y, err := y.ToFloat32()
		if err != nil {
			return nil, err
		}
		if n != 1 && (len(y.Shape()) == 0 || y.Dim(0) != n) {
			return nil, fmt.Errorf("%d inputs give %v, whose leading axis does not count them: compute one at a time (--batch-size 1)", n, y)
		}
		parts = append(parts, y)
		width += y.Numel() / n
	}
	if len(parts) == 0 {
		return nil, fmt.Errorf("the outputs are %v: none of them has real numbers to compare", outputs)
	}
	if len(parts) == 1 {
		return parts[0].Reshape(n, width), nil
	}
	out := make([]float32, 0, n*width)
	for i := range n {
		for _, y := range parts {
			k := y.Numel() / n
			out = append(out, y.Float32s()[i*k:(i+1)*k]...)
		}
	}
	return tensor.Of(out, n, width), nil
}

// Count is how many inputs a run computed: the leading extent of what it was given, where all real
// outputs have it, else one.
func Count(inputs, outputs []*tensor.Tensor) int {
	if len(inputs) == 0 || len(inputs[0].Shape()) == 0 {
		return 1
	}
	n := inputs[0].Dim(0)
	other := func(y *tensor.Tensor) bool {
		return y.DType().IsFloat() && (len(y.Shape()) == 0 || y.Dim(0) != n)
	}
	if n == 0 || slices.ContainsFunc(outputs, other) {
		return 1
	}
	return n
}
