package pt2

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

var resizes = map[string]importer{
	"upsample_nearest2d.vec":        resized(op.Interpolate{Mode: "nearest", Coordinates: "asymmetric", Rounding: "floor"}),
	"upsample_nearest2d.default":    resized(op.Interpolate{Mode: "nearest", Coordinates: "asymmetric", Rounding: "floor"}),
	"_upsample_nearest_exact2d.vec": resized(op.Interpolate{Mode: "nearest", Rounding: "round_prefer_ceil"}),
	"upsample_bilinear2d.vec":       resized(op.Interpolate{Mode: "linear"}),
	"upsample_bilinear2d.default":   resized(op.Interpolate{Mode: "linear"}),
	"upsample_bicubic2d.vec":        resized(op.Interpolate{Mode: "cubic"}),
	"upsample_bicubic2d.default":    resized(op.Interpolate{Mode: "cubic"}),
}

// resized makes the operator of images where it does the same, otherwise that of any axes.
func resized(o op.Interpolate) importer {
	return func(n *node) ([]*graph.Value, error) {
		name := "input"
		if _, ok := n.args["self"]; ok {
			name = "self"
		}
		x, aligned := n.tensor(name), false
		if o.Mode != "nearest" {
			aligned = n.flag("align_corners")
		}
		if n.Err == nil && n.rank(name) != 4 {
			n.Refuse("an input of %d axes; 4 are read", n.rank(name))
		}
		var factors []float64
		if _, ok := n.args["scale_factors"]; ok {
			factors = n.reals("scale_factors")
		} else {
			for _, axis := range []string{"scales_h", "scales_w"} {
				if _, ok := n.args[axis]; ok && !n.none(axis) {
					factors = append(factors, n.real(axis))
				}
			}
		}
		sizes := n.sizes("output_size")
		if len(sizes) != 2 && len(factors) != 2 {
			n.Refuse("neither an output size nor factors of height and width are given")
		}
		if n.Err != nil {
			return nil, n.Err
		}
		image := o.Mode == "linear" || o.Coordinates == "asymmetric"
		if len(factors) == 2 {
			if image {
				return n.Result(op.Resize{Mode: o.Mode, Scale: [2]float64(factors), AlignCorners: aligned}, x)
			}
			o.Scales = []float32{float32(factors[0]), float32(factors[1])}
		} else if sizes[0].value == nil && sizes[1].value == nil {
			if o.Sizes = []int{sizes[0].at, sizes[1].at}; image {
				return n.Result(op.Resize{Mode: o.Mode, Size: [2]int(o.Sizes), AlignCorners: aligned}, x)
			}
		}
		i := o
		i.Axes = []int{2, 3}
		if aligned {
			i.Coordinates = "align_corners"
		}
		if i.Scales != nil || i.Sizes != nil {
			return n.Result(i, x)
		}
		none := n.Constant(tensor.New(tensor.Float32, 0))
		return n.Result(i, x, none, none, n.vector(sizes))
	}
}
