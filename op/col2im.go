package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Col2Im is torch.nn.functional.fold over any number of axes: the inverse of im2col. Where
// windows overlap, their elements are added up, in float64. The extents of the images and of
// the windows must be known at shape inference.
//
// Inputs: columns [N, C*taps, positions]; the images' extents and the windows', int64. Result:
// [N, C, ...].
type Col2Im struct {
	Spatial
}

// Kind is "col2im".
func (Col2Im) Kind() string { return "col2im" }

// Signatures: float.
func (Col2Im) Signatures() []graph.Signature {
	return []graph.Signature{{In: []tensor.DType{f32, i64, i64}, Out: f32}}
}

// Infer returns [N, C, ...].
func (o Col2Im) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 3, 3); err != nil {
		return nil, err
	}
	image, err := knownSizes(in[1], "the extents of the images")
	if err != nil {
		return nil, err
	}
	kernel, err := knownSizes(in[2], "the extents of the windows")
	if err != nil {
		return nil, err
	}
	x, shape := in[0].Shape, append(tensor.Shape{0, 0}, image...)
	_, positions, err := o.windows(shape, kernel, false)
	if err != nil {
		return nil, err
	}
	taps := kernel.Numel()
	if len(x) != 3 || x[1]%taps != 0 || x[2] != positions.Numel() {
		return nil, fmt.Errorf("columns of shape %v; expected a multiple of %d taps, and %d positions", x, taps, positions.Numel())
	}
	shape[0], shape[1] = x[0], x[1]/taps
	return float(shape)
}

// Eval adds up the elements of all windows.
func (o Col2Im) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	shape := out[0].Shape
	kernel := make(tensor.Shape, len(shape)-2)
	for i, n := range in[2].Int64s() {
		kernel[i] = int(n)
	}
	windows, extents, err := o.windows(shape, kernel, false)
	if err != nil {
		return nil, err
	}
	x, sums := in[0].Float32s(), make([]float64, shape.Numel())
	size, taps, positions := shape[2:].Numel(), kernel.Numel(), extents.Numel()
	for plane := range shape[0] * shape[1] {
		for p := range positions {
			cellsAt(windows, shape[2:], extents, p, func(tap, at int) {
				if at >= 0 {
					sums[plane*size+at] += float64(x[(plane*taps+tap)*positions+p])
				}
			})
		}
	}
	return []*tensor.Tensor{rounded(sums, shape)}, nil
}
