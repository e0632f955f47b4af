package op

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// ScatterND is x with slices replaced, or changed by Reduction: "" replaces; "add", "mul",
// "min" and "max" combine the update with what is there. The last axis of the indices holds the
// index of a slice; indices count from the end when negative. If an index occurs twice, the
// later update wins.
//
// Inputs: x; indices, int64; updates: the extents of the indices but the last, then those of
// x that no index names. Result: the shape of x.
type ScatterND struct {
	Reduction string `json:"reduction,omitempty"` // "", "add", "mul", "min" or "max"
}

// Kind is "scatter_nd".
func (ScatterND) Kind() string { return "scatter_nd" }

// Signatures: float and int64, bool too where elements are replaced.
func (s ScatterND) Signatures() []graph.Signature { return scattering(s.Reduction) }

func scattering(reduction string) []graph.Signature {
	var sigs []graph.Signature
	for _, d := range []tensor.DType{f32, i64, tensor.Bool} {
		if d != tensor.Bool || reduction == "" {
			sigs = append(sigs, graph.Signature{In: []tensor.DType{d, i64, d}, Out: d})
		}
	}
	return sigs
}

// Infer returns the shape of x.
func (s ScatterND) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 3, 3); err != nil {
		return nil, err
	}
	if err := checkReduction(s.Reduction); err != nil {
		return nil, err
	}
	x, at := in[0].Shape, in[1].Shape
	if len(at) == 0 || at[len(at)-1] > len(x) {
		return nil, fmt.Errorf("indices have shape %v; their last axis has one index for each of the first axes of %v", at, x)
	}
	if want := slices.Concat(at[:len(at)-1], x[at[len(at)-1]:]); !in[2].Shape.Equal(want) {
		return nil, fmt.Errorf("updates have shape %v; expected %v for indices %v of %v", in[2].Shape, want, at, x)
	}
	return like(in[0], x.Clone())
}

// Eval copies x and changes the slices.
func (s ScatterND) Eval(_ graph.Context, in []*tensor.Tensor, _ []graph.Type) ([]*tensor.Tensor, error) {
	starts, inner, err := slicesAt(in[0].Shape(), in[1], 0)
	if err != nil {
		return nil, err
	}
	return []*tensor.Tensor{scatter(in, s.Reduction, func(i int) int { return starts[i/inner] + i%inner })}, nil
}

// ScatterElements is torch.scatter: x with elements replaced, or changed by Reduction as in
// ScatterND. Element i of the updates goes to its own position, except along Axis, where
// element i of the indices is the index.
//
// Inputs: x; indices, int64, as many axes, no longer than those of x but for Axis; updates,
// the shape of the indices. Result: the shape of x.
type ScatterElements struct {
	Axis      int    `json:"axis"`
	Reduction string `json:"reduction,omitempty"`
}

// Kind is "scatter_elements".
func (ScatterElements) Kind() string { return "scatter_elements" }

// Signatures: float and int64, bool too where elements are replaced.
func (s ScatterElements) Signatures() []graph.Signature { return scattering(s.Reduction) }

// Infer returns the shape of x.
func (s ScatterElements) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 3, 3); err != nil {
		return nil, err
	}
	if err := checkReduction(s.Reduction); err != nil {
		return nil, err
	}
	if err := checkElements(in[0].Shape, in[1].Shape, s.Axis); err != nil {
		return nil, err
	}
	if !in[2].Shape.Equal(in[1].Shape) {
		return nil, fmt.Errorf("updates have shape %v, indices %v; they must be equal", in[2].Shape, in[1].Shape)
	}
	return like(in[0], in[0].Shape.Clone())
}

// Eval copies x and changes the elements.
func (s ScatterElements) Eval(_ graph.Context, in []*tensor.Tensor, _ []graph.Type) ([]*tensor.Tensor, error) {
	to, err := elementsAt(in[0].Shape(), in[1], s.Axis)
	if err != nil {
		return nil, err
	}
	return []*tensor.Tensor{scatter(in, s.Reduction, func(i int) int { return to[i] })}, nil
}

func checkReduction(r string) error {
	if slices.Contains([]string{"", "add", "mul", "min", "max"}, r) {
		return nil
	}
	return fmt.Errorf("reduction %q; there are add, mul, min and max, and none", r)
}

// scatter returns in[0] with element i of in[2] put, or reduced, to element to(i).
func scatter(in []*tensor.Tensor, reduction string, to func(i int) int) *tensor.Tensor {
	y := in[0].Clone()
	switch {
	case reduction == "":
		size := y.DType().Size()
		dst, src := y.Memory(), in[2].Memory()
		for i := range in[2].Numel() {
			copy(dst[to(i)*size:][:size], src[i*size:])
		}
	case y.DType() == f32:
		scatterInto(y.Float32s(), in[2].Float32s(), reduction, to)
	default:
		scatterInto(y.Int64s(), in[2].Int64s(), reduction, to)
	}
	return y
}

// scatterInto reduces updates into y. NaN is both less and more than any number.
func scatterInto[T float32 | int64](y, updates []T, reduction string, to func(i int) int) {
	for i, v := range updates {
		at := &y[to(i)]
		switch reduction {
		case "add":
			*at += v
		case "mul":
			*at *= v
		case "min":
			*at = min(*at, v)
		default:
			*at = max(*at, v)
		}
	}
}
