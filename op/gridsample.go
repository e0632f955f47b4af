package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// GridSample is torch.nn.functional.grid_sample, for any number of axes: each pixel of the
// result is x interpolated at coordinates that the grid gives, from -1 to 1 along each axis,
// the last axis first.
//
// Inputs: x [N, C, ...], grid [N, ..., axes]. Result: [N, C] and the middle of the grid.
type GridSample struct {
	Mode         string `json:"mode"`                    // "nearest", "linear" or "cubic"
	Padding      string `json:"padding_mode,omitempty"`  // "" for zeros, "border" or "reflection"
	AlignCorners bool   `json:"align_corners,omitempty"` // -1 and 1 are the middles of the outer pixels, not their borders
}

// Kind is "grid_sample".
func (GridSample) Kind() string { return "grid_sample" }

// Signatures: float.
func (GridSample) Signatures() []graph.Signature { return each(2, f32) }

// Infer returns the shape.
func (o GridSample) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 2, 2); err != nil {
		return nil, err
	}
	x, g := in[0].Shape, in[1].Shape
	if len(x) < 3 || len(g) != len(x) || g[0] != x[0] || g[len(g)-1] != len(x)-2 || x[2:].Numel() == 0 {
		return nil, fmt.Errorf("input has shape %v and grid %v; expected [N, C, ...] and [N, ..., %d]", x, g, len(x)-2)
	}
	if !slices.Contains([]string{"nearest", "linear", "cubic"}, o.Mode) || !slices.Contains([]string{"", "border", "reflection"}, o.Padding) {
		return nil, fmt.Errorf("mode %q with padding %q; there are nearest, linear and cubic, with border, reflection or nothing", o.Mode, o.Padding)
	}
	return float(slices.Concat(x[:2], g[1:len(g)-1]))
}

// Eval interpolates in float64 and rounds once.
func (o GridSample) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	s, y := in[0].Shape(), tensor.New(f32, out[0].Shape...)
	extents, places := s[2:], out[0].Shape[2:].Numel()
	size, rank := extents.Numel(), len(extents)
	for n := range s[0] {
		for p := range places {
			at := in[1].Float32s()[(n*places+p)*rank:][:rank]
			axes := make([][]Tap, rank)
			for a, extent := range extents {
				axes[a] = o.taps(float64(at[rank-1-a]), extent)
			}
			for c := range s[1] {
				plane := in[0].Float32s()[(n*s[1]+c)*size:][:size]
				y.Float32s()[(n*s[1]+c)*places+p] = float32(blend(plane, extents, axes))
			}
		}
	}
	return []*tensor.Tensor{y}, nil
}

// blend is the weighted sum of the elements of x that the taps of all axes select.
func blend(x []float32, extents tensor.Shape, axes [][]Tap) float64 {
	if len(axes) == 0 {
		return float64(x[0])
	}
	sum, inner := 0.0, extents[1:].Numel()
	for _, t := range axes[0] {
		sum += t.Share * blend(x[t.At*inner:], extents[1:], axes[1:])
	}
	return sum
}

// taps are the elements of an axis of n from which coordinate v, -1 to 1, is interpolated.
func (o GridSample) taps(v float64, n int) []Tap {
	at := ((v+1)*float64(n) - 1) / 2
	if o.AlignCorners {
		at = (v + 1) / 2 * float64(n-1)
	}
	if !(math.Abs(at) < 1<<40) { // NaN or far outside: all padding
		at = -2
	}
	if o.Mode != "cubic" {
		at = o.within(at, n)
	}
	var taps []Tap
	first := int(math.Floor(at))
	add := func(i int, share float64) {
		if o.Mode == "cubic" {
			i = int(o.within(float64(i), n))
		}
		if i >= 0 && i < n {
			taps = append(taps, Tap{i, share})
		}
	}
	switch o.Mode {
	case "nearest":
		add(int(math.RoundToEven(at)), 1)
	case "linear":
		add(first, 1-(at-float64(first)))
		add(first+1, at-float64(first))
	default:
		for i := first - 1; i <= first+2; i++ {
			add(i, Interpolate{}.cubic(math.Abs(at-float64(i))))
		}
	}
	return taps
}

// within moves a coordinate into an axis of n elements by border or reflection.
func (o GridSample) within(at float64, n int) float64 {
	switch o.Padding {
	case "":
		return at
	case "reflection":
		lo, hi := -0.5, float64(n)-0.5
		if o.AlignCorners {
			lo, hi = 0, float64(n-1)
		}
		if span := hi - lo; span > 0 {
			d := math.Mod(math.Abs(at-lo), 2*span)
			at = lo + min(d, 2*span-d)
		} else {
			at = 0
		}
	}
	return min(max(at, 0), float64(n-1))
}
