package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Where is torch.where: the elements of a where a condition holds, of b elsewhere. All three
// broadcast as NumPy's do.
//
// Inputs: condition, bool; a, b of one type. Result: the shape that all broadcast to.
type Where struct{}

// Kind is "where".
func (Where) Kind() string { return "where" }

// Signatures: float, int64 and bool.
func (Where) Signatures() []graph.Signature {
	var sigs []graph.Signature
	for _, d := range []tensor.DType{f32, i64, boolean} {
		sigs = append(sigs, graph.Signature{In: []tensor.DType{boolean, d, d}, Out: d})
	}
	return sigs
}

// Infer returns the shape that all broadcast to.
func (Where) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 3, 3); err != nil {
		return nil, err
	}
	if in[0].DType != boolean || in[1].DType != in[2].DType {
		return nil, fmt.Errorf("a condition of %v chooses between %v and %v; expected bool, and one type", in[0].DType, in[1].DType, in[2].DType)
	}
	shape, err := broadcastShape(in[1].Shape, in[2].Shape)
	if err == nil {
		shape, err = broadcastShape(in[0].Shape, shape)
	}
	if err != nil {
		return nil, err
	}
	return like(in[1], shape)
}

// Eval chooses each element.
func (Where) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	y, size, condition := newResult(out[0]), out[0].DType.Size(), in[0].Uint8s()
	chosen := chosenFrom(in, out[0].Shape)
	for i := range out[0].Shape.Numel() {
		holds, j := chosen(i, condition)
		copy(y.Memory()[i*size:][:size], in[2-int(truth(holds))].Memory()[j*size:])
	}
	return []*tensor.Tensor{y}, nil
}

// chosenFrom returns a function that tells for element i of a result whether the condition
// holds, and the index of the element in a or b.
func chosenFrom(in []*tensor.Tensor, to tensor.Shape) func(i int, condition []uint8) (bool, int) {
	var from [3]func(i int) int
	for k, t := range in {
		from[k] = strided(to, broadcastStrides(t.Shape(), to), 0)
	}
	return func(i int, condition []uint8) (bool, int) {
		if condition[from[0](i)] != 0 {
			return true, from[1](i)
		}
		return false, from[2](i)
	}
}

// Gradient goes to the operand that the element was taken from.
func (Where) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	if in[1].DType() != f32 || up.DType() != f32 {
		return nil, fmt.Errorf("gradient of where: %v; only float32 has gradients", in[1])
	}
	sums := [2][]float64{make([]float64, in[1].Numel()), make([]float64, in[2].Numel())}
	chosen := chosenFrom(in, up.Shape())
	for i, v := range up.Float32s() {
		holds, j := chosen(i, in[0].Uint8s())
		sums[1-truth(holds)][j] += float64(v)
	}
	return []*tensor.Tensor{nil, rounded(sums[0], in[1].Shape()), rounded(sums[1], in[2].Shape())}, nil
}
