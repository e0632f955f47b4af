package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Pad is torch.nn.functional.pad: it adds Before[i] elements in front of axis i and
// After[i] behind it. Mode is "constant", with Value, "reflect" or "edge", which is
// PyTorch's replicate. On codes the value is quantized as x is.
//
// Input: x, as many axes as Before and After have. Result: its extents and theirs.
type Pad struct {
	Before []int   `json:"before"`
	After  []int   `json:"after"`
	Mode   string  `json:"mode"`
	Value  float32 `json:"value,omitempty"`
}

// Kind is "pad".
func (Pad) Kind() string { return "pad" }

// Signatures: float, and codes that keep their parameters.
func (Pad) Signatures() []graph.Signature { return keeping(each(1, f32, u8, i8)) }

// Infer returns the padded shape.
func (p Pad) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	x := in[0].Shape
	if len(p.Before) != len(x) || len(p.After) != len(x) {
		return nil, fmt.Errorf("padding %v and %v; the input has shape %v", p.Before, p.After, x)
	}
	out := x.Clone()
	for i := range out {
		for _, n := range []int{p.Before[i], p.After[i]} {
			switch {
			case n < 0 || n > maxAttr:
				return nil, fmt.Errorf("padding %v and %v: each must be from 0 to %d", p.Before, p.After, maxAttr)
			case n > 0 && p.Mode == "reflect" && n >= x[i], n > 0 && p.Mode == "edge" && x[i] == 0:
				return nil, fmt.Errorf("padding of %d by %s along axis %d of %v: there are too few elements", n, p.Mode, i, x)
			}
			out[i] += n
		}
	}
	switch p.Mode {
	case "constant", "reflect", "edge":
		return like(in[0], out)
	}
	return nil, fmt.Errorf("mode %q; the modes are constant, reflect and edge", p.Mode)
}

// source returns the function from an element of the result to that of x, -1 for the
// value.
func (p Pad) source(x, out tensor.Shape) func(i int) int {
	strides := ownStrides(x)
	return func(i int) int {
		at := 0
		for axis := len(out) - 1; axis >= 0; axis-- {
			place := i % out[axis]
			i /= out[axis]
			if place = p.Place(axis, place, x[axis]); place < 0 {
				return -1
			}
			at += place * strides[axis]
		}
		return at
	}
}

// Place returns the place along an axis of n elements from which place i of the result
// comes, -1 for the value.
func (p Pad) Place(axis, i, n int) int {
	place := i - p.Before[axis]
	switch {
	case place >= 0 && place < n:
		return place
	case p.Mode == "reflect" && place < 0:
		return -place
	case p.Mode == "reflect":
		return 2*(n-1) - place
	case p.Mode == "edge":
		return min(max(place, 0), n-1)
	}
	return -1
}

// Eval copies the elements, and the value between.
func (p Pad) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	if err := needPerTensor(out[0]); err != nil {
		return nil, err
	}
	from := p.source(in[0].Shape(), out[0].Shape)
	if out[0].DType == f32 {
		y := tensor.New(f32, out[0].Shape...)
		for i := range y.Float32s() {
			y.Float32s()[i] = p.Value
			if at := from(i); at >= 0 {
				y.Float32s()[i] = in[0].Float32s()[at]
			}
		}
		return []*tensor.Tensor{y}, nil
	}
	value, x := quant.NewQuantizer(out[0].Q, out[0].DType).Code(p.Value), codesOf(in[0])
	codes := make([]int32, out[0].Shape.Numel())
	for i := range codes {
		codes[i] = value
		if at := from(i); at >= 0 {
			codes[i] = x[at]
		}
	}
	return []*tensor.Tensor{ofCodes(codes, out[0])}, nil
}

// Gradient adds up to where elements come from.
func (p Pad) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := needFloats(p, in, up); err != nil {
		return nil, err
	}
	from := p.source(in[0].Shape(), up.Shape())
	g := make([]float64, in[0].Numel())
	for i, v := range up.Float32s() {
		if at := from(i); at >= 0 {
			g[at] += float64(v)
		}
	}
	return []*tensor.Tensor{rounded(g, in[0].Shape())}, nil
}
