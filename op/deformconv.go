package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// DeformConv is torchvision.ops.deform_conv2d, over any number of axes: a convolution whose
// taps are shifted by offsets, to coordinates at which x is interpolated linearly, and whose
// products are scaled by a mask.
//
// Inputs: x [N, C, ...], weight [O, C/Groups, ...], offset [N, OffsetGroups*taps*axes, ...],
// bias [O], optional mask [N, OffsetGroups*taps, ...]. Result: [N, O, ...].
type DeformConv struct {
	Spatial
	Groups       int `json:"groups"`        // as in Conv2D
	OffsetGroups int `json:"offset_groups"` // channels of x that share offsets and mask
}

// Kind is "deform_conv".
func (DeformConv) Kind() string { return "deform_conv" }

// Signatures: float.
func (DeformConv) Signatures() []graph.Signature { return each(5, f32) }

// Infer returns [N, O, ...].
func (o DeformConv) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 4, 5); err != nil {
		return nil, err
	}
	types, err := ConvND{Spatial: o.Spatial, Groups: o.Groups}.Infer([]graph.Fact{in[0], in[1], in[3]})
	if err != nil {
		return nil, err
	}
	x, kernel, positions := in[0].Shape, in[1].Shape[2:], types[0].Shape[2:]
	if o.OffsetGroups < 1 || x[1]%o.OffsetGroups != 0 {
		return nil, fmt.Errorf("%d groups of offsets for %d channels", o.OffsetGroups, x[1])
	}
	lists := o.OffsetGroups * kernel.Numel()
	for i, count := range map[int]int{2: lists * len(kernel), 4: lists} {
		want := slices.Concat(tensor.Shape{x[0], count}, positions)
		if i < len(in) && !in[i].Shape.Equal(want) {
			return nil, fmt.Errorf("input %d has shape %v; expected %v", i, in[i].Shape, want)
		}
	}
	return types, nil
}

// Eval rounds each sum to float32 once, then adds the bias.
func (o DeformConv) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	xs, ws := in[0].Shape(), in[1].Shape()
	windows, extents, err := o.windows(xs, ws[2:], false)
	if err != nil {
		return nil, err
	}
	size, taps, positions := xs[2:].Numel(), ws[2:].Numel(), extents.Numel()
	x, w, y := in[0].Float32s(), in[1].Float32s(), tensor.New(f32, out[0].Shape...)
	shared := xs[1] / o.OffsetGroups
	sampled := make([]float64, xs[1]*taps) // the taps of all channels at one position
	for image := range xs[0] {
		for p := range positions {
			for g := range o.OffsetGroups {
				for tap := range taps {
					axes, scale := o.place(in, windows, xs[2:], extents, (image*o.OffsetGroups+g)*taps+tap, tap, p)
					for c := g * shared; c < (g+1)*shared; c++ {
						sampled[c*taps+tap] = scale * blend(x[(image*xs[1]+c)*size:][:size], xs[2:], axes)
					}
				}
			}
			for channel := range ws[0] {
				from := sampled[channel/(ws[0]/o.Groups)*ws[1]*taps:]
				sum := 0.0
				for i, v := range w[channel*ws[1]*taps:][:ws[1]*taps] {
					sum += float64(float64(v) * from[i])
				}
				y.Float32s()[(image*ws[0]+channel)*positions+p] = float32(sum) + in[3].Float32s()[channel]
			}
		}
	}
	return []*tensor.Tensor{y}, nil
}

// place returns the elements, along each axis, from which a tap at position p of the result is
// interpolated, and its factor from the mask; list is its number in offset and mask.
func (o DeformConv) place(in []*tensor.Tensor, ws []window, image, extents tensor.Shape, list, tap, p int) ([][]Tap, float64) {
	positions, rest := extents.Numel(), p
	axes, scale := make([][]Tap, len(ws)), 1.0
	if len(in) > 4 {
		scale = float64(in[4].Float32s()[list*positions+p])
	}
	for a := len(ws) - 1; a >= 0; a-- {
		w := ws[a]
		at := float64(rest%extents[a]*w.stride - w.padding + tap%w.kernel*w.dilation)
		at += float64(in[2].Float32s()[(list*len(ws)+a)*positions+p])
		axes[a] = between(at, image[a])
		rest, tap = rest/extents[a], tap/w.kernel
	}
	return axes, scale
}

// between are the interpolation weights of the elements on both sides of a coordinate; elements
// outside are left out.
func between(at float64, n int) (taps []Tap) {
	if !(at > -1 && at < float64(n)) {
		return nil
	}
	first := int(math.Floor(at))
	share := at - float64(first)
	if first >= 0 {
		taps = append(taps, Tap{first, 1 - share})
	}
	if first+1 < n {
		taps = append(taps, Tap{first + 1, share})
	}
	return taps
}
