package op

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Resize is torch.nn.functional.interpolate of images to a Size, or, where that is zero, by
// factors Scale. Mode is "nearest" or "linear", which is PyTorch's bilinear; AlignCorners, for
// linear, aligns the centres of the corner pixels.
//
// Input: x [N, C, H, W]. Result: [N, C, OH, OW].
type Resize struct {
	Mode         string     `json:"mode"`
	Size         [2]int     `json:"size,omitzero"`  // (height, width)
	Scale        [2]float64 `json:"scale,omitzero"` // (height, width), of the result over x
	AlignCorners bool       `json:"align_corners,omitempty"`
}

// Kind is "resize".
func (Resize) Kind() string { return "resize" }

// Signatures: any type where elements only move, else float.
func (r Resize) Signatures() []graph.Signature {
	if r.Mode == "nearest" {
		return anyType
	}
	return each(1, f32)
}

// Infer returns [N, C, OH, OW].
func (r Resize) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	if err := images(in[0]); err != nil {
		return nil, err
	}
	if r.Mode != "nearest" && r.Mode != "linear" || r.AlignCorners && r.Mode == "nearest" {
		return nil, fmt.Errorf("mode %q with align_corners %v; the modes are nearest, and linear with or without it", r.Mode, r.AlignCorners)
	}
	out := in[0].Shape.Clone()
	for i := range 2 {
		switch {
		case r.Size[i] > 0 && r.Size[i] <= maxAttr:
			out[2+i] = r.Size[i]
		case r.Size[i] == 0 && r.Scale[i] > 0 && r.Scale[i] <= maxAttr:
			out[2+i] = int(math.Floor(float64(out[2+i]) * r.Scale[i]))
		default:
			return nil, fmt.Errorf("size %v and scale %v: one of them must be positive", r.Size, r.Scale)
		}
		if out[2+i] < 1 || in[0].Shape[2+i] < 1 {
			return nil, fmt.Errorf("images of shape %v become empty with scale %v", in[0].Shape, r.Scale)
		}
	}
	return like(in[0], out)
}

// step is the distance, in pixels of the input, between two pixels of the result along axis i,
// as PyTorch rounds it.
func (r Resize) step(i, in, out int) float32 {
	switch {
	case r.AlignCorners && out > 1:
		return float32(in-1) / float32(out-1)
	case r.AlignCorners:
		return 0
	case r.Size[i] == 0:
		return float32(1 / r.Scale[i])
	}
	return float32(in) / float32(out)
}

// Tap is an element of the input with its weight in the interpolation of an element of the
// result.
type Tap struct {
	At    int     // index along the axis
	Share float64 // the weights of an element add up to 1, unless some lie outside
}

// Taps are the pixels of in, along axis 0 (height) or 1 of an image, from which pixel i of out
// is interpolated: one for nearest, else two.
func (r Resize) Taps(axis, i, in, out int) []Tap {
	step := r.step(axis, in, out)
	if r.Mode == "nearest" {
		return []Tap{{min(int(float32(i)*step), in-1), 1}}
	}
	x := float32(i) * step
	if !r.AlignCorners {
		x = max(0, float32(float32(float32(i)+0.5)*step)-0.5)
	}
	first := min(int(x), in-1)
	share := float64(min(max(x-float32(first), 0), 1))
	return []Tap{{first, 1 - share}, {min(first+1, in-1), share}}
}

// each visits the elements from which results are interpolated, with their weights.
func (r Resize) each(x, out tensor.Shape, visit func(to, from int, share float64)) {
	for plane := range out[0] * out[1] {
		for oy := range out[2] {
			for ox := range out[3] {
				to := (plane*out[2]+oy)*out[3] + ox
				for _, v := range r.Taps(0, oy, x[2], out[2]) {
					for _, h := range r.Taps(1, ox, x[3], out[3]) {
						visit(to, (plane*x[2]+v.At)*x[3]+h.At, v.Share*h.Share)
					}
				}
			}
		}
	}
}

// Eval takes the nearest pixel, or the average of four.
func (r Resize) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	x := in[0].Shape()
	if r.Mode == "nearest" {
		from := make([]int, out[0].Shape.Numel())
		r.each(x, out[0].Shape, func(to, at int, _ float64) { from[to] = at })
		return []*tensor.Tensor{moved(in[0], out[0], func(i int) int { return from[i] })}, needPerTensor(out[0])
	}
	sums := make([]float64, out[0].Shape.Numel())
	r.each(x, out[0].Shape, func(to, from int, share float64) { sums[to] += share * float64(in[0].Float32s()[from]) })
	return []*tensor.Tensor{rounded(sums, out[0].Shape)}, nil
}

// Gradient gives each pixel up times its weight.
func (r Resize) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := needFloats(r, in, up); err != nil {
		return nil, err
	}
	g := make([]float64, in[0].Numel())
	r.each(in[0].Shape(), up.Shape(), func(to, from int, share float64) { g[from] += share * float64(up.Float32s()[to]) })
	return []*tensor.Tensor{rounded(g, in[0].Shape())}, nil
}
