package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// StridedSlice takes, along each of Axes, every Steps-th element from Starts up to, not
// including, Ends: ONNX's Slice. Bounds count from the end when negative, and are clamped to
// the extent of x. A negative step goes backwards. Without Axes the bounds are of the first
// axes, without Steps the step is 1.
//
// Further inputs, int64 and known at shape inference, take the place of the attributes.
//
// Inputs: x, optionally starts, ends, axes, steps; an empty tensor stands for one that is left
// out. Result: the shape of x with other extents along Axes.
type StridedSlice struct {
	Starts []int64 `json:"starts,omitempty"`
	Ends   []int64 `json:"ends,omitempty"`
	Axes   []int64 `json:"axes,omitempty"`
	Steps  []int64 `json:"steps,omitempty"`
}

// Kind is "strided_slice".
func (StridedSlice) Kind() string { return "strided_slice" }

func (StridedSlice) moves() {}

// Signatures: any type, and int64 bounds; codes keep their parameters.
func (StridedSlice) Signatures() []graph.Signature {
	return []graph.Signature{{In: []tensor.DType{graph.T, i64, i64, i64, i64}, Out: graph.T, SameQ: true}}
}

// cut selects elements along one axis: count of them from start on, step apart.
type cut struct{ start, step, count int }

// cuts resolves the bounds for the inputs.
func (s StridedSlice) cuts(in []graph.Fact) ([]cut, error) {
	if err := arity(in, 1, 5); err != nil {
		return nil, err
	}
	lists := [4][]int64{s.Starts, s.Ends, s.Axes, s.Steps}
	for i, f := range in[1:] {
		list, err := knownInt64s([4]string{"starts", "ends", "axes", "steps"}[i], f)
		if err != nil {
			return nil, err
		}
		if len(list) > 0 || i < 2 {
			lists[i] = list
		}
	}
	starts, ends, axes, steps := lists[0], lists[1], lists[2], lists[3]
	if len(ends) != len(starts) || axes != nil && len(axes) != len(starts) || steps != nil && len(steps) != len(starts) {
		return nil, fmt.Errorf("starts %v, ends %v, axes %v, steps %v: they must be equally many", starts, ends, axes, steps)
	}
	x := in[0].Shape
	all := make([]cut, len(x))
	for i, n := range x {
		all[i] = cut{0, 1, n}
	}
	seen := map[int]bool{}
	for i := range starts {
		axis, step := int64(i), int64(1)
		if axes != nil {
			axis = axes[i]
		}
		if steps != nil {
			step = steps[i]
		}
		a, err := axisOf64(axis, len(x))
		switch {
		case err != nil:
			return nil, err
		case seen[a]:
			return nil, fmt.Errorf("axis %d is named twice in %v", a, axes)
		case step == 0:
			return nil, fmt.Errorf("the step along axis %d is 0", a)
		}
		seen[a] = true
		all[a] = cutOf(starts[i], ends[i], step, int64(x[a]))
	}
	return all, nil
}

// cutOf selects start:end:step of n elements. With a negative step, ONNX clamps a start in
// front of x to its first element, where Python selects nothing.
func cutOf(start, end, step, n int64) cut {
	within := func(at, lo, hi int64) int64 {
		if at < 0 {
			at = max(at, -n-1) + n // which does not overflow
		}
		return min(max(at, lo), hi)
	}
	if step > 0 {
		start, end = within(start, 0, n), within(end, 0, n)
	} else {
		start, end = within(start, 0, n-1), within(end, -1, n-1)
	}
	step = min(max(step, -n-1), n+1)
	count := (end - start + step - step/max(step, -step)) / step
	return cut{int(start), int(step), int(max(0, count))}
}

// axisOf64 is axisOf of a number as files hold it.
func axisOf64(axis int64, rank int) (int, error) {
	if axis < -int64(rank) || axis >= int64(rank) {
		return 0, fmt.Errorf("axis %d is outside a tensor of %d axes", axis, rank)
	}
	return axisOf(int(axis), rank)
}

// knownInt64s is knownInts without a limit.
func knownInt64s(what string, f graph.Fact) ([]int64, error) {
	if f.Data == nil {
		return nil, fmt.Errorf("%s: %w; they have to follow from their shapes", what, graph.ErrComputed)
	}
	if f.DType != i64 || len(f.Shape) > 1 {
		return nil, fmt.Errorf("%s: %v; expected int64 with one axis", what, f.Type)
	}
	return f.Data.Int64s(), f.Data.Load()
}

// Infer returns the shape.
func (s StridedSlice) Infer(in []graph.Fact) ([]graph.Type, error) {
	cuts, err := s.cuts(in)
	if err != nil {
		return nil, err
	}
	shape := make(tensor.Shape, len(cuts))
	for i, c := range cuts {
		shape[i] = c.count
	}
	return like(in[0], shape)
}

// Places returns a function from index i along an axis of the result to the index in x.
func (s StridedSlice) Places(in []graph.Fact) (func(axis, i int) int, error) {
	cuts, err := s.cuts(in)
	return func(axis, i int) int { return cuts[axis].start + i*cuts[axis].step }, err
}

// Eval copies the elements.
func (s StridedSlice) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	if err := needPerTensor(out[0]); err != nil {
		return nil, err
	}
	from, err := s.source(in, out[0].Shape)
	if err != nil {
		return nil, err
	}
	return []*tensor.Tensor{moved(in[0], out[0], from)}, nil
}

// source returns the function from an element of the result to that of x.
func (s StridedSlice) source(in []*tensor.Tensor, result tensor.Shape) (func(i int) int, error) {
	cuts, err := s.cuts(graph.FactsOf(in...))
	if err != nil {
		return nil, err
	}
	strides, base := ownStrides(in[0].Shape()), 0
	for i, c := range cuts {
		base += c.start * strides[i]
		strides[i] *= c.step
	}
	return strided(result, strides, base), nil
}

// Gradient is up in its place, zero elsewhere.
func (s StridedSlice) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	from, err := s.source(in, up.Shape())
	if err != nil {
		return nil, err
	}
	return gathered(s, in[0], up, from, len(in))
}
