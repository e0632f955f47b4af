package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Interpolate is ONNX's Resize, of any axes; Resize is PyTorch's for images. Further inputs,
// which must be known at shape inference, take the place of Scales and Sizes.
//
// Inputs: x; optionally roi (float32, the starts of the Axes, then their ends), scales
// (float32) and sizes (int64); an empty tensor is left out. Result: x with other extents
// along Axes.
type Interpolate struct {
	Mode   string    `json:"mode"`             // "nearest", "linear" or "cubic"
	Axes   []int     `json:"axes,omitempty"`   // nil for all
	Scales []float32 `json:"scales,omitempty"` // a factor for each of them
	Sizes  []int     `json:"sizes,omitempty"`  // or their extents in the result
	// Coordinates says how an index in the result becomes a coordinate in x (ONNX's
	// coordinate_transformation_mode): "" (half_pixel), "half_pixel_symmetric",
	// "pytorch_half_pixel", "asymmetric", "align_corners", "tf_half_pixel_for_nn" or
	// "tf_crop_and_resize", for which there is a roi.
	Coordinates   string  `json:"coordinates,omitempty"`
	Rounding      string  `json:"rounding,omitempty"`      // of nearest: "" (round_prefer_floor), "round_prefer_ceil", "floor" or "ceil"
	CubicA        float32 `json:"cubic_a,omitempty"`       // 0 means -0.75
	Exclude       bool    `json:"exclude,omitempty"`       // elements outside x have weight 0
	Extrapolation float32 `json:"extrapolation,omitempty"` // the value outside x, with a roi
	Antialias     bool    `json:"antialias,omitempty"`     // the filter widens where the result is smaller than x
	Policy        string  `json:"policy,omitempty"`        // of Sizes: "" (stretch); "not_larger" and "not_smaller" keep the ratio
}

// Kind is "interpolate".
func (Interpolate) Kind() string { return "interpolate" }

// Signatures: any type where elements only move, else float.
func (o Interpolate) Signatures() []graph.Signature {
	if o.Mode == "nearest" {
		return []graph.Signature{{In: []tensor.DType{graph.T, f32, f32, i64}, Out: graph.T, SameQ: true}}
	}
	return []graph.Signature{{In: []tensor.DType{f32, f32, f32, i64}, Out: f32}}
}

// Infer returns the shape.
func (o Interpolate) Infer(in []graph.Fact) ([]graph.Type, error) {
	lines, err := o.lines(in)
	if err != nil {
		return nil, err
	}
	shape := make(tensor.Shape, len(lines))
	for i, l := range lines {
		shape[i] = l.out
	}
	return like(in[0], shape)
}

// resizing is how one axis is resized.
type resizing struct {
	in, out    int
	scale      float32
	start, end float32 // of the roi
	stays      bool
}

// lines resolves the sizes.
func (o Interpolate) lines(in []graph.Fact) ([]resizing, error) {
	if err := arity(in, 1, 4); err != nil {
		return nil, err
	}
	x := in[0].Shape
	axes := o.Axes
	if axes == nil {
		for i := range x {
			axes = append(axes, i)
		}
	}
	if _, err := axesOf(axes, len(x)); err != nil {
		return nil, err
	}
	roi, scales, sizes, err := o.operands(in)
	if err != nil {
		return nil, err
	}
	if len(scales)+len(sizes) != len(axes) || len(scales) > 0 && len(sizes) > 0 {
		return nil, fmt.Errorf("scales %v and sizes %v for %d axes: one of them must be given", scales, sizes, len(axes))
	}
	if o.Coordinates == "tf_crop_and_resize" && len(roi) != 2*len(axes) {
		return nil, fmt.Errorf("a roi of %d numbers for %d axes", len(roi), len(axes))
	}
	lines := make([]resizing, len(x))
	for i, n := range x {
		lines[i] = resizing{in: n, out: n, scale: 1, end: 1, stays: true}
	}
	ratio := o.ratio(x, axes, sizes)
	for i, a := range axes {
		a, _ = axisOf(a, len(x))
		l := &lines[a]
		switch {
		case sizes == nil:
			l.scale = scales[i]
			if !(l.scale > 0) || float64(l.in)*float64(l.scale) > maxElements {
				return nil, fmt.Errorf("scale %v along axis %d of %v", l.scale, a, x)
			}
			l.out = int(float32(l.in) * l.scale)
		case ratio > 0:
			l.scale = ratio
			l.out = int(math.Floor(float64(float32(l.in)*ratio) + 0.5))
		default:
			l.out = sizes[i]
			l.scale = float32(l.out) / float32(l.in)
		}
		if l.out < 0 || l.out > maxElements || l.in == 0 && l.out > 0 {
			return nil, fmt.Errorf("%d elements along axis %d of %v", l.out, a, x)
		}
		l.stays = l.scale == 1 && l.in == l.out && o.Coordinates != "tf_crop_and_resize"
		if len(roi) > 0 {
			l.start, l.end = roi[i], roi[len(axes)+i]
		}
	}
	return lines, o.check()
}

// operands are the lists that inputs give, or else attributes.
func (o Interpolate) operands(in []graph.Fact) (roi, scales []float32, sizes []int, err error) {
	scales, sizes = o.Scales, o.Sizes
	for i, f := range in[1:] {
		if f.Shape.Numel() == 0 {
			continue
		}
		if f.Data == nil {
			return nil, nil, nil, fmt.Errorf("input %d is %w; it has to follow from their shapes", i+1, graph.ErrComputed)
		}
		if err := f.Data.Load(); err != nil {
			return nil, nil, nil, err
		}
		switch i {
		case 0:
			roi = f.Data.Float32s()
		case 1:
			scales, sizes = f.Data.Float32s(), nil
		default:
			if sizes, err = knownInts("the sizes", f); err != nil {
				return nil, nil, nil, err
			}
			scales = nil
		}
	}
	return roi, scales, sizes, nil
}

// ratio is the scale of all axes where a policy keeps the aspect ratio, else 0.
func (o Interpolate) ratio(x tensor.Shape, axes, sizes []int) float32 {
	if o.Policy == "" || sizes == nil {
		return 0
	}
	best := float32(0)
	for i, a := range axes {
		a, _ = axisOf(a, len(x))
		s := float32(sizes[i]) / float32(x[a])
		if i == 0 || o.Policy == "not_larger" && s < best || o.Policy == "not_smaller" && s > best {
			best = s
		}
	}
	return best
}

// check refuses unknown values of attributes.
func (o Interpolate) check() error {
	for _, c := range []struct {
		what, word string
		words      []string
	}{
		{"mode", o.Mode, []string{"nearest", "linear", "cubic"}},
		{"coordinates", o.Coordinates, []string{"", "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "asymmetric", "align_corners", "tf_half_pixel_for_nn", "tf_crop_and_resize"}},
		{"rounding", o.Rounding, []string{"", "round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}},
		{"policy", o.Policy, []string{"", "not_larger", "not_smaller"}},
	} {
		if !slices.Contains(c.words, c.word) {
			return fmt.Errorf("%s %q is not known; there are %q", c.what, c.word, c.words)
		}
	}
	return nil
}

// place is the coordinate in x of index i of the result. It is computed in float32, as in ONNX
// Runtime, since rounding may decide which element is nearest.
func (o Interpolate) place(l resizing, i int) float32 {
	at, n, out := float32(i), float32(l.in), float32(l.out)
	half := float32(at+0.5)/l.scale - 0.5
	switch o.Coordinates {
	case "asymmetric":
		return at / l.scale
	case "align_corners":
		if l.out == 1 {
			return 0
		}
		return float32(at*(n-1)) / (out - 1)
	case "pytorch_half_pixel":
		if l.out == 1 {
			return 0
		}
	case "tf_half_pixel_for_nn":
		return (at + 0.5) / l.scale
	case "half_pixel_symmetric":
		adjustment := out / float32(l.scale*n)
		return float32(float32(n/2*float32(1-adjustment))+float32(at+0.5)/l.scale) - 0.5
	case "tf_crop_and_resize":
		if l.out == 1 {
			return float32(0.5*float32(l.start+l.end)) * (n - 1)
		}
		return float32(l.start*(n-1)) + float32(float32(at*(l.end-l.start))*(n-1))/(out-1)
	}
	return half
}

// taps are the elements from which index i of the result is interpolated; none where it is
// outside x.
func (o Interpolate) taps(l resizing, i int) []Tap {
	at := o.place(l, i)
	last := l.in - 1
	if o.Coordinates == "tf_crop_and_resize" && (at < 0 || at > float32(last)) {
		return nil
	}
	switch {
	case o.Mode == "nearest":
		return []Tap{{min(max(o.round(at), 0), last), 1}}
	case o.Antialias:
		return o.spread(l, float64(at), min(float64(l.scale), 1))
	case o.Mode == "linear":
		at = min(max(at, 0), float32(last))
		first := min(int(at), last)
		share := float64(at - float32(first))
		return []Tap{{first, 1 - share}, {min(first+1, last), share}}
	}
	return o.spread(l, float64(at), 1)
}

// round is the index nearest to a coordinate.
func (o Interpolate) round(at float32) int {
	v := float64(at)
	switch o.Rounding {
	case "floor":
		return int(math.Floor(v))
	case "ceil":
		return int(math.Ceil(v))
	case "round_prefer_ceil":
		return int(math.Floor(v + 0.5))
	}
	return int(math.Ceil(v - 0.5))
}

// spread are the weights of all elements around a coordinate, for antialias: the filter is the
// wider, the smaller the scale is.
func (o Interpolate) spread(l resizing, at, scale float64) []Tap {
	radius, kernel := 1.0, func(d float64) float64 { return max(0, 1-d) }
	if o.Mode == "cubic" {
		radius, kernel = 2, o.cubic
	}
	var taps []Tap
	sum := 0.0
	for i := int(math.Floor(at-radius/scale)) + 1; float64(i) < at+radius/scale; i++ {
		inside := i >= 0 && i < l.in
		if o.Exclude && !inside {
			continue
		}
		share := kernel(math.Abs(float64(i)-at) * scale)
		sum += share
		taps = append(taps, Tap{min(max(i, 0), l.in-1), share})
	}
	for i := range taps {
		taps[i].Share /= sum
	}
	return taps
}

// cubic is the cubic convolution kernel.
func (o Interpolate) cubic(d float64) float64 {
	a := float64(o.CubicA)
	if a == 0 {
		a = -0.75
	}
	switch {
	case d <= 1:
		return ((a+2)*d-(a+3))*d*d + 1
	case d < 2:
		return ((a*d-5*a)*d+8*a)*d - 4*a
	}
	return 0
}

// grid are the taps of every index, by axis; nil for axes that stay.
func (o Interpolate) grid(in []graph.Fact) ([][][]Tap, error) {
	lines, err := o.lines(in)
	if err != nil {
		return nil, err
	}
	grid := make([][][]Tap, len(lines))
	for a, l := range lines {
		if l.stays {
			continue
		}
		grid[a] = make([][]Tap, l.out)
		for i := range grid[a] {
			grid[a][i] = o.taps(l, i)
		}
	}
	return grid, nil
}

// Images returns the taps of height and width of a bilinear interpolation: two for each row and
// column. It is false where other axes change, too.
func (o Interpolate) Images(in []graph.Fact) (taps [2][][]Tap, ok bool, err error) {
	grid, err := o.grid(in)
	if err != nil || o.Mode != "linear" || len(grid) != 4 || grid[0] != nil || grid[1] != nil {
		return taps, false, err
	}
	for i := range taps {
		if taps[i] = grid[2+i]; taps[i] != nil {
			continue
		}
		for at := range in[0].Shape[2+i] {
			taps[i] = append(taps[i], []Tap{{at, 1}, {at, 0}})
		}
	}
	return taps, true, nil
}

// Places returns a function from index i along an axis of the result to the nearest index in x,
// -1 outside.
func (o Interpolate) Places(in []graph.Fact) (func(axis, i int) int, error) {
	grid, err := o.grid(in)
	return func(axis, i int) int {
		switch {
		case grid[axis] == nil:
			return i
		case len(grid[axis][i]) == 0:
			return -1
		}
		return grid[axis][i][0].At
	}, err
}

// Eval interpolates along one axis after the other, in float64; the result is rounded once.
func (o Interpolate) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	if err := needPerTensor(out[0]); err != nil {
		return nil, err
	}
	grid, err := o.grid(graph.FactsOf(in...))
	if err != nil {
		return nil, err
	}
	if in[0].DType() != f32 {
		return o.nearest(in[0], out[0], grid)
	}
	x, shape := float64s(in[0]), in[0].Shape().Clone()
	outside := make([]bool, out[0].Shape.Numel())
	strides := ownStrides(out[0].Shape)
	for axis, taps := range grid {
		if taps == nil {
			continue
		}
		x = blended(x, shape, axis, taps)
		shape[axis] = len(taps)
		for i := range outside {
			outside[i] = outside[i] || len(taps[i/strides[axis]%len(taps)]) == 0
		}
	}
	y := rounded(x, shape)
	for i, is := range outside {
		if is {
			y.Float32s()[i] = o.Extrapolation
		}
	}
	return []*tensor.Tensor{y}, nil
}

// blended is x interpolated along one axis.
func blended(x []float64, shape tensor.Shape, axis int, taps [][]Tap) []float64 {
	inner := shape[axis+1:].Numel()
	y := make([]float64, 0, shape[:axis].Numel()*len(taps)*inner)
	for outer := range shape[:axis].Numel() {
		for _, list := range taps {
			line := make([]float64, inner)
			for _, t := range list {
				from := x[(outer*shape[axis]+t.At)*inner:][:inner]
				for i, v := range from {
					line[i] += t.Share * v
				}
			}
			y = append(y, line...)
		}
	}
	return y
}

// nearest moves elements of any type.
func (o Interpolate) nearest(x *tensor.Tensor, out graph.Type, grid [][][]Tap) ([]*tensor.Tensor, error) {
	strides, own := ownStrides(out.Shape), ownStrides(x.Shape())
	for _, taps := range grid {
		for _, t := range taps {
			if len(t) == 0 {
				return nil, fmt.Errorf("places outside x have a value in float32 alone")
			}
		}
	}
	return []*tensor.Tensor{moved(x, out, func(i int) int {
		at := 0
		for a, s := range strides {
			k := i / s % out.Shape[a]
			if grid[a] != nil {
				k = grid[a][k][0].At
			}
			at += k * own[a]
		}
		return at
	})}, nil
}
