package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// ReverseSequence reverses, for each index of BatchAxis, the first elements along TimeAxis, as
// many as the second input says; the others stay in place.
//
// Inputs: x, any type, two axes at least; lengths, int64, one for each index of BatchAxis.
// Result: the shape of x.
type ReverseSequence struct {
	BatchAxis int `json:"batch_axis"`
	TimeAxis  int `json:"time_axis"`
}

// Kind is "reverse_sequence".
func (ReverseSequence) Kind() string { return "reverse_sequence" }

func (ReverseSequence) moves() {}

// Signatures: any type; codes keep their parameters.
func (ReverseSequence) Signatures() []graph.Signature { return Gather{}.Signatures() }

// Infer returns the shape of x.
func (r ReverseSequence) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 2, 2); err != nil {
		return nil, err
	}
	x := in[0].Shape
	batch, time, err := r.axes(len(x))
	if err != nil {
		return nil, err
	}
	if batch == time {
		return nil, fmt.Errorf("axis %d is that of the batch and that of the time", batch)
	}
	if s := in[1].Shape; len(s) != 1 || s[0] != x[batch] {
		return nil, fmt.Errorf("lengths have shape %v; expected [%d], axis %d of %v", s, x[batch], batch, x)
	}
	return like(in[0], x.Clone())
}

func (r ReverseSequence) axes(rank int) (batch, time int, err error) {
	if batch, err = axisOf(r.BatchAxis, rank); err != nil {
		return 0, 0, err
	}
	time, err = axisOf(r.TimeAxis, rank)
	return batch, time, err
}

// Eval copies the elements.
func (r ReverseSequence) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	if err := needPerTensor(out[0]); err != nil {
		return nil, err
	}
	x := in[0].Shape()
	batch, time, err := r.axes(len(x))
	if err != nil {
		return nil, err
	}
	lengths, strides := in[1].Int64s(), ownStrides(x)
	for _, n := range lengths {
		if n < 0 || n > int64(x[time]) {
			return nil, fmt.Errorf("a length is %d; it must be from 0 to the %d elements along axis %d", n, x[time], time)
		}
	}
	return []*tensor.Tensor{moved(in[0], out[0], func(i int) int {
		at, n := i/strides[time]%x[time], int(lengths[i/strides[batch]%x[batch]])
		if at >= n {
			return i
		}
		return i + (n-1-2*at)*strides[time]
	})}, nil
}
