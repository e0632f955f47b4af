package op

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// TopK is torch.topk: the K largest elements along Axis, or the smallest, in order; of equal
// elements those that come first are taken, and NaN counts as less than all numbers. K may be
// computed: then the size of the results is known only at run time.
//
// Inputs: x; K, int64 of one element. Results: the elements, and their int64 indices along
// Axis.
type TopK struct {
	Axis     int  `json:"axis"`
	Smallest bool `json:"smallest,omitempty"` // the smallest elements are taken
}

// Kind is "topk".
func (TopK) Kind() string { return "topk" }

// Results is two.
func (TopK) Results() int { return 2 }

// Signatures: float, codes that keep their parameters, and int64.
func (TopK) Signatures() []graph.Signature {
	var sigs []graph.Signature
	for _, d := range []tensor.DType{f32, u8, i8, i64} {
		sigs = append(sigs, graph.Signature{In: []tensor.DType{d, i64}, Out: d, Rest: []tensor.DType{i64}, SameQ: d.IsQuantized()})
	}
	return sigs
}

// Defers is true unless K is known.
func (TopK) Defers(in []graph.Fact) bool { return len(in) == 2 && in[1].Data == nil }

// Infer returns the shape of x with K elements along Axis, or all if K is not known.
func (o TopK) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 2, 2); err != nil {
		return nil, err
	}
	axis, err := axisOf(o.Axis, len(in[0].Shape))
	if err != nil {
		return nil, err
	}
	if in[1].Shape.Numel() != 1 {
		return nil, fmt.Errorf("k has shape %v; expected one number", in[1].Shape)
	}
	shape := in[0].Shape.Clone()
	if in[1].Data != nil {
		if err := in[1].Data.Load(); err != nil {
			return nil, err
		}
		if shape[axis], err = o.Count(in[1].Data.Int64s()[0], shape[axis]); err != nil {
			return nil, err
		}
	}
	return typed(graph.Type{DType: in[0].DType, Q: in[0].Q, Shape: shape}, graph.Type{DType: i64, Shape: shape})
}

// Count checks k and returns it as the number of elements taken of n.
func (TopK) Count(k int64, n int) (int, error) {
	if k < 0 || k > int64(n) {
		return 0, fmt.Errorf("k is %d; it must be from 0 to the %d elements along the axis", k, n)
	}
	return int(k), nil
}

// Eval sorts every line.
func (o TopK) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	if err := needPerTensor(out[0]); err != nil {
		return nil, err
	}
	s := in[0].Shape()
	axis, err := axisOf(o.Axis, len(s))
	if err != nil {
		return nil, err
	}
	n, inner := s[axis], s[axis+1:].Numel()
	k, err := o.Count(in[1].Int64s()[0], n)
	if err != nil {
		return nil, err
	}
	shape := s.Clone()
	shape[axis] = k
	index := tensor.New(i64, shape...)
	compare := comparing(in[0])
	from := make([]int, index.Numel())
	for line := range s[:axis].Numel() * inner {
		at := line/inner*n*inner + line%inner
		order := make([]int, n)
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int {
			if o.Smallest {
				a, b = b, a
			}
			return compare(at+b*inner, at+a*inner)
		})
		for i, place := range order[:k] {
			to := line/inner*k*inner + i*inner + line%inner
			index.Int64s()[to], from[to] = int64(place), at+place*inner
		}
	}
	values := graph.Type{DType: out[0].DType, Q: out[0].Q, Shape: shape}
	return []*tensor.Tensor{moved(in[0], values, func(i int) int { return from[i] }), index}, nil
}

// comparing returns the comparison of two elements of x.
func comparing(x *tensor.Tensor) func(i, j int) int {
	switch x.DType() {
	case f32:
		return comparingOf(x.Float32s())
	case u8:
		return comparingOf(x.Uint8s())
	case i8:
		return comparingOf(x.Int8s())
	}
	return comparingOf(x.Int64s())
}

func comparingOf[T cmp.Ordered](x []T) func(i, j int) int {
	return func(i, j int) int { return cmp.Compare(x[i], x[j]) }
}
