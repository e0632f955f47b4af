package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Split is torch.split: it cuts x along Axis, which counts from the end when negative, into
// parts of the given Sizes. Where only the number of Parts is given, they are equal, and the
// last one may be smaller. A second input, int64 and known at shape inference, takes the place
// of Sizes; Parts is then their number.
//
// Inputs: x, optionally the sizes. Results: one for each size.
type Split struct {
	Axis  int   `json:"axis"`
	Sizes []int `json:"sizes,omitempty"`
	Parts int   `json:"parts,omitempty"`
}

// Kind is "split".
func (Split) Kind() string { return "split" }

func (Split) moves() {}

// Results is the number of parts.
func (s Split) Results() int { return max(s.Parts, len(s.Sizes)) }

// Signatures: any type, with or without the sizes as int64; codes keep their parameters.
func (Split) Signatures() []graph.Signature { return Reshape{}.Signatures() }

// Infer returns the shapes of the parts.
func (s Split) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 2); err != nil {
		return nil, err
	}
	x := in[0].Shape
	axis, err := axisOf(s.Axis, len(x))
	if err != nil {
		return nil, err
	}
	if s, err = s.Resolve(in); err != nil {
		return nil, err
	}
	var types []graph.Type
	left := x[axis]
	for _, n := range s.Sizes {
		if n < 0 || n > left {
			return nil, fmt.Errorf("sizes %v do not cut the %d elements along axis %d of %v", s.Sizes, x[axis], axis, x)
		}
		left -= n
		shape := x.Clone()
		shape[axis] = n
		types = append(types, graph.Type{DType: in[0].DType, Shape: shape, Q: in[0].Q})
	}
	if left != 0 {
		return nil, fmt.Errorf("sizes %v leave %d of the %d elements along axis %d of %v", s.Sizes, left, x[axis], axis, x)
	}
	return typed(types...)
}

// Resolve returns the operator with Sizes filled in for the inputs.
func (s Split) Resolve(in []graph.Fact) (Split, error) {
	if n := s.Results(); n == 0 || n > maxAttr {
		return s, fmt.Errorf("split into %d parts", n)
	}
	axis, err := axisOf(s.Axis, len(in[0].Shape))
	switch {
	case err != nil:
		return s, err
	case len(in) == 2:
		if s.Sizes, err = knownInts("the sizes", in[1]); err != nil {
			return s, err
		}
	case s.Sizes == nil:
		left := in[0].Shape[axis]
		size := ceilDiv(left, s.Parts)
		for range s.Parts {
			s.Sizes = append(s.Sizes, min(size, left))
			left -= min(size, left)
		}
	}
	if s.Parts != 0 && s.Parts != len(s.Sizes) {
		return s, fmt.Errorf("sizes %v; expected %d of them", s.Sizes, s.Parts)
	}
	return s, nil
}

// Part is the slice that gives result i; Sizes must be set.
func (s Split) Part(i int) Slice {
	start := 0
	for _, n := range s.Sizes[:i] {
		start += n
	}
	return Slice{Axis: s.Axis, Start: start, End: start + s.Sizes[i]}
}

// Eval copies the elements of each part.
func (s Split) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	axis, err := axisOf(s.Axis, len(in[0].Shape()))
	if err != nil {
		return nil, err
	}
	if s, err = s.Resolve(graph.FactsOf(in...)); err != nil {
		return nil, err
	}
	parts := make([]*tensor.Tensor, len(out))
	for i, t := range out {
		if err := needPerTensor(t); err != nil {
			return nil, err
		}
		if s.Sizes[i] == 0 {
			parts[i] = newResult(t)
			continue
		}
		parts[i] = moved(in[0], t, s.Part(i).source(in[0].Shape(), axis))
	}
	return parts, nil
}
