package op

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// codesOf returns the codes of a quint8 or qint8 tensor, copied.
func codesOf(t *tensor.Tensor) []int32 {
	if t.DType() == u8 {
		return widen(t.Uint8s())
	}
	return widen(t.Int8s())
}

func widen[T uint8 | int8](src []T) []int32 {
	dst := make([]int32, len(src))
	for i, v := range src {
		dst[i] = int32(v)
	}
	return dst
}

// ofCodes returns a tensor of type out that holds codes within its range.
func ofCodes(codes []int32, out graph.Type) *tensor.Tensor {
	if out.DType == u8 {
		return tensor.OfQuantized(narrow[uint8](codes), out.Q, out.Shape...)
	}
	return tensor.OfQuantized(narrow[int8](codes), out.Q, out.Shape...)
}

func narrow[T uint8 | int8](src []int32) []T {
	dst := make([]T, len(src))
	for i, v := range src {
		dst[i] = T(v)
	}
	return dst
}

// needIntegerRules refuses integer arithmetic that no preset describes: a graph
// that does not name its numerics, activations quantized per channel.
func needIntegerRules(ctx graph.Context, types ...graph.Type) error {
	if ctx.Numerics == quant.NumericsUnset {
		return fmt.Errorf("no numerics: an int8 graph must say which backend's rules it follows (fbgemm, qnnpack, onednn)")
	}
	return needPerTensor(types...)
}

// needPerTensor refuses activations quantized per channel.
func needPerTensor(types ...graph.Type) error {
	for _, t := range types {
		if t.Q != nil && !t.Q.IsPerTensor() {
			return fmt.Errorf("activation of type %v; activations are quantized per tensor", t)
		}
	}
	return nil
}

// typesOf lists the types of tensors.
func typesOf(tensors []*tensor.Tensor) []graph.Type {
	types := make([]graph.Type, len(tensors))
	for i, t := range tensors {
		types[i] = graph.TypeOf(t)
	}
	return types
}

// maxProducts is how many products of two codes, each minus its zero point, an int32
// accumulator holds without overflow.
const maxProducts = math.MaxInt32 / (255 * 255)

// checkProducts refuses reductions over k products of codes that may overflow int32.
func checkProducts(d tensor.DType, k int) error {
	if d.IsQuantized() && k > maxProducts {
		return fmt.Errorf("sums of %d products of codes with zero points; int32 holds %d for certain: split the operands along that axis and add the parts, or keep the node in float", k, maxProducts)
	}
	return nil
}
