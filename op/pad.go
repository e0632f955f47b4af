package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Pad is torch.nn.functional.pad: it adds Before[i] elements in front of axis i and After[i]
// behind it; negative numbers crop. Mode is "constant", with Value, "reflect", "edge", which is
// PyTorch's replicate, or "wrap", its circular. On codes the value is quantized with the
// parameters of x.
//
// Further inputs, which must be known at shape inference, take the place of Before, After and
// Value: the padding in front of all axes, then behind them; the value, of the type of x, or
// float32 for codes; and the axes that the padding is for. An empty tensor stands for an input
// that is left out.
//
// Inputs: x, as many axes as Before and After have, optionally padding (int64), value, axes
// (int64). Result: x with the padding added to its extents.
type Pad struct {
	Before []int   `json:"before"`
	After  []int   `json:"after"`
	Mode   string  `json:"mode"`
	Value  float32 `json:"value,omitempty"`
}

// Kind is "pad".
func (Pad) Kind() string { return "pad" }

// Signatures: any type; codes keep their parameters.
func (Pad) Signatures() []graph.Signature {
	var sigs []graph.Signature
	for _, d := range []tensor.DType{f32, u8, i8, i64, tensor.Bool} {
		value := d
		if d.IsQuantized() {
			value = f32
		}
		sigs = append(sigs, graph.Signature{In: []tensor.DType{d, i64, value, i64}, Out: d, SameQ: d.IsQuantized()})
	}
	return sigs
}

// Infer returns the padded shape.
func (p Pad) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 4); err != nil {
		return nil, err
	}
	p, err := p.Resolve(in)
	if err != nil {
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
			case n < -maxElements || n > maxAttr:
				return nil, fmt.Errorf("padding %v and %v: each must be at most %d", p.Before, p.After, maxAttr)
			case n > 0 && p.Mode == "reflect" && n >= x[i], n > 0 && p.Mode != "constant" && x[i] == 0:
				return nil, fmt.Errorf("padding of %d by %s along axis %d of %v: there are too few elements", n, p.Mode, i, x)
			}
			out[i] += n
		}
		if out[i] < 0 {
			return nil, fmt.Errorf("padding %d and %d leaves nothing of axis %d of %v", p.Before[i], p.After[i], i, x)
		}
	}
	switch p.Mode {
	case "constant", "reflect", "edge", "wrap":
		return like(in[0], out)
	}
	return nil, fmt.Errorf("mode %q; the modes are constant, reflect, edge and wrap", p.Mode)
}

// Resolve returns the operator with the padding that further inputs give.
func (p Pad) Resolve(in []graph.Fact) (Pad, error) {
	if len(in) < 2 {
		return p, nil
	}
	pads, err := knownInts("the padding", in[1])
	if err != nil {
		return p, err
	}
	rank := len(in[0].Shape)
	var axes []int
	for i := range rank {
		axes = append(axes, i)
	}
	if len(in) > 3 && in[3].Shape.Numel() > 0 {
		if axes, err = knownInts("the axes", in[3]); err != nil {
			return p, err
		}
	}
	if _, err := axesOf(axes, rank); err != nil {
		return p, err
	}
	if len(pads) != 2*len(axes) {
		return p, fmt.Errorf("padding %v; expected %d numbers for %d axes", pads, 2*len(axes), len(axes))
	}
	p.Before, p.After = make([]int, rank), make([]int, rank)
	for i, a := range axes {
		a, _ = axisOf(a, rank)
		p.Before[a], p.After[a] = pads[i], pads[len(axes)+i]
	}
	return p, nil
}

// Filling is the element of constant padding, as the bytes of the result's type.
func (p Pad) Filling(in []graph.Fact) ([]byte, error) {
	d, value := in[0].DType, p.Value
	one := newResult(graph.Type{DType: d, Shape: tensor.Shape{1}, Q: in[0].Q})
	if len(in) > 2 && in[2].Shape.Numel() > 0 {
		v := in[2].Data
		switch {
		case v == nil:
			return nil, fmt.Errorf("the value is %w; it has to be known with their shapes", graph.ErrComputed)
		case v.Numel() != 1:
			return nil, fmt.Errorf("the value has shape %v; expected one number", v.Shape())
		}
		if err := v.Load(); err != nil {
			return nil, err
		}
		if !d.IsQuantized() {
			return v.Memory(), nil
		}
		value = v.Float32s()[0]
	}
	switch d {
	case f32:
		one.Float32s()[0] = value
	case i64:
		one.Int64s()[0] = int64(value)
	case tensor.Bool:
		one.Memory()[0] = min(byte(value), 1)
	default:
		one.Memory()[0] = byte(quant.NewQuantizer(in[0].Q, d).Code(value))
	}
	return one.Memory(), nil
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

// Place returns the index, along an axis of n elements of x, of element i of the result; -1 for
// the value.
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
	case p.Mode == "wrap":
		return (place%n + n) % n
	}
	return -1
}

// Eval copies the elements, and the value into the padding.
func (p Pad) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	if err := needPerTensor(out[0]); err != nil {
		return nil, err
	}
	facts := graph.FactsOf(in...)
	p, err := p.Resolve(facts)
	if err != nil {
		return nil, err
	}
	filling, err := p.Filling(facts)
	if err != nil {
		return nil, err
	}
	from := p.source(in[0].Shape(), out[0].Shape)
	y, size := newResult(out[0]), len(filling)
	dst, src := y.Memory(), in[0].Memory()
	for i := range y.Numel() {
		element := filling
		if at := from(i); at >= 0 {
			element = src[at*size:]
		}
		copy(dst[i*size:][:size], element)
	}
	return []*tensor.Tensor{y}, nil
}

// Gradient adds up at the elements that were copied.
func (p Pad) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := needFloats(p, in[:1], up); err != nil {
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
