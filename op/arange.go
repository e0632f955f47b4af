package op

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// ARange is torch.arange: start, start+step and so on, up to limit without limit itself. Its
// operands must be known at shape inference, since the size of the result follows from them.
//
// Inputs: start, limit, step, one number each. Result: a vector of their type.
type ARange struct{}

// Kind is "arange".
func (ARange) Kind() string { return "arange" }

// Signatures: float and int64.
func (ARange) Signatures() []graph.Signature { return each(3, f32, i64) }

// Infer returns as many elements as there are steps.
func (o ARange) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 3, 3); err != nil {
		return nil, err
	}
	for i, f := range in {
		if f.Shape.Numel() != 1 || f.DType != in[0].DType {
			return nil, fmt.Errorf("%s is %v; expected one number, of one type with the others", []string{"start", "limit", "step"}[i], f.Type)
		}
	}
	if !allKnown(in) {
		return nil, fmt.Errorf("start, limit or step is %w, so the size of the result is unknown: make them constants or sizes", graph.ErrComputed)
	}
	data, err := loaded(in)
	if err != nil {
		return nil, err
	}
	n, err := o.count(data)
	if err != nil {
		return nil, err
	}
	return typed(graph.Type{DType: in[0].DType, Shape: tensor.Shape{n}})
}

// count is the number of elements.
func (ARange) count(in []*tensor.Tensor) (int, error) {
	if in[0].DType() == i64 {
		start, limit, step := in[0].Int64s()[0], in[1].Int64s()[0], in[2].Int64s()[0]
		switch {
		case step == 0:
			return 0, fmt.Errorf("the step is 0")
		case step > 0 && start >= limit || step < 0 && start <= limit:
			return 0, nil
		case step < 0:
			start, limit, step = limit, start, -step
		}
		n := (uint64(limit)-uint64(start)-1)/uint64(step) + 1
		if n > maxElements {
			return 0, fmt.Errorf("from %d to %d by %d are %d elements, more than the limit of %d", start, limit, step, n, maxElements)
		}
		return int(n), nil
	}
	start, limit, step := in[0].Float32s()[0], in[1].Float32s()[0], in[2].Float32s()[0]
	n := math.Ceil((float64(limit) - float64(start)) / float64(step))
	if step == 0 || !(n <= maxElements) {
		return 0, fmt.Errorf("from %v to %v by %v are more elements than the limit of %d", start, limit, step, maxElements)
	}
	return int(max(0, n)), nil
}

// Eval computes start + i*step, for float32 rounded once.
func (ARange) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	y := tensor.New(out[0].DType, out[0].Shape...)
	for i := range out[0].Shape.Numel() {
		if out[0].DType == i64 {
			y.Int64s()[i] = in[0].Int64s()[0] + int64(i)*in[2].Int64s()[0]
		} else {
			y.Float32s()[i] = float32(float64(in[0].Float32s()[0]) + float64(float64(i)*float64(in[2].Float32s()[0])))
		}
	}
	return []*tensor.Tensor{y}, nil
}
