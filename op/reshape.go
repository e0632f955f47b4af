package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Reshape is torch.reshape: the elements of x in row-major order with another shape, in which
// one extent of -1 is inferred. A second input, int64 and known at shape inference, takes the
// place of the attribute. With KeepZero an extent of 0 means that of x on the same axis, as in
// ONNX.
//
// Inputs: x, optionally the shape. The result shares its elements with x.
type Reshape struct {
	Shape    []int `json:"shape,omitempty"` // of the result; nil where the second input is it
	KeepZero bool  `json:"keep_zero,omitempty"`
}

// Kind is "reshape".
func (Reshape) Kind() string { return "reshape" }

func (Reshape) moves() {}

// Signatures: any type, with or without the shape as int64; codes keep their parameters.
func (Reshape) Signatures() []graph.Signature {
	return []graph.Signature{{In: []tensor.DType{graph.T, i64}, Out: graph.T, SameQ: true}}
}

// Infer returns the new shape.
func (r Reshape) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 2); err != nil {
		return nil, err
	}
	want := r.Shape
	if len(in) == 2 {
		var err error
		if want, err = knownInts("the shape", in[1]); err != nil {
			return nil, err
		}
	}
	out, err := r.resolve(in[0].Shape, want)
	if err != nil {
		return nil, err
	}
	return like(in[0], out)
}

// resolve fills in the extents that want leaves to be inferred.
func (r Reshape) resolve(x tensor.Shape, want []int) (tensor.Shape, error) {
	out := make(tensor.Shape, len(want))
	open, known := -1, tensor.Shape{}
	for i, n := range want {
		switch {
		case n == -1 && open < 0:
			open = i
			continue
		case n == 0 && r.KeepZero && i < len(x):
			n = x[i]
		case n < 0:
			return nil, fmt.Errorf("shape %v: one extent may be -1, the others are at least 0", want)
		}
		out[i], known = n, append(known, n)
	}
	size, err := known.CheckedNumel()
	if err != nil {
		return nil, err
	}
	if open >= 0 && size > 0 && x.Numel()%size == 0 {
		out[open] = x.Numel() / size
		return out, nil
	}
	if open >= 0 || size != x.Numel() {
		return nil, fmt.Errorf("shape %v has %d elements; they do not fill %v", x, x.Numel(), want)
	}
	return out, nil
}

// knownInts returns the numbers of an input that must be known at shape inference.
func knownInts(what string, f graph.Fact) ([]int, error) {
	if f.Data == nil {
		return nil, fmt.Errorf("%s is %w; it has to follow from their shapes", what, graph.ErrComputed)
	}
	if f.DType != i64 || len(f.Shape) > 1 {
		return nil, fmt.Errorf("%s is %v; expected int64 with one axis", what, f.Type)
	}
	ints := make([]int, f.Shape.Numel())
	for i, v := range f.Data.Int64s() {
		if v < -maxElements || v > maxElements {
			return nil, fmt.Errorf("%s has %d, beyond the limit of %d", what, v, maxElements)
		}
		ints[i] = int(v)
	}
	return ints, nil
}

// Eval returns x with another shape, sharing its elements.
func (r Reshape) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	if err := needPerTensor(out[0]); err != nil {
		return nil, err
	}
	return []*tensor.Tensor{in[0].Reshape(out[0].Shape...)}, nil
}

// Gradient is up with the shape of x.
func (r Reshape) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	return reshapedBack(r, in, up)
}

// reshapedBack is Gradient of an operator that gives x another shape, for which a second
// input has no gradient.
func reshapedBack(o graph.Op, in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	if len(in) == 2 {
		g, err := Reshape{Shape: up.Shape()}.Gradient(in[:1], up)
		return append(g, nil), err
	}
	return scattered(o, in, up, func(i int) int { return i })
}
