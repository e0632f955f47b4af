package onnx

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

var resizes = map[string]importer{
	"Resize":   readResize,
	"Upsample": readUpsample,
}

// readUpsample reads what Resize was before operator set 10.
func readUpsample(n *node) ([]*graph.Value, error) {
	if err := n.need(1); err != nil {
		return nil, err
	}
	mode, err := n.text("mode", "nearest")
	if err != nil {
		return nil, err
	}
	o := op.Interpolate{Mode: mode, Coordinates: "asymmetric", Rounding: "floor"}
	if n.has(1) {
		return n.resized(o, nil, n.in[1], nil)
	}
	a := n.attrs["scales"]
	if a == nil {
		return nil, fmt.Errorf("scales are missing")
	}
	return n.resized(o, nil, n.constant(tensor.Of(a.GetFloats(), len(a.GetFloats()))), nil)
}

func readResize(n *node) ([]*graph.Value, error) {
	if err := n.need(1); err != nil {
		return nil, err
	}
	if n.opset < 11 {
		return readUpsample(n)
	}
	var o op.Interpolate
	var err error
	if o.Mode, err = n.text("mode", "nearest"); err != nil {
		return nil, err
	}
	if o.Axes, err = n.numbers("axes", nil); err != nil {
		return nil, err
	}
	for _, f := range []struct {
		name, usual string
		to          *string
	}{
		{"coordinate_transformation_mode", "half_pixel", &o.Coordinates},
		{"nearest_mode", "round_prefer_floor", &o.Rounding},
		{"keep_aspect_ratio_policy", "stretch", &o.Policy},
	} {
		if *f.to, err = n.text(f.name, f.usual); err != nil {
			return nil, err
		}
		if *f.to == f.usual {
			*f.to = ""
		}
	}
	if o.CubicA, err = n.real("cubic_coeff_a", 0); err != nil {
		return nil, err
	}
	if o.Exclude, err = n.flag("exclude_outside", false); err != nil {
		return nil, err
	}
	if o.Antialias, err = n.flag("antialias", false); err != nil {
		return nil, err
	}
	if o.Extrapolation, err = n.real("extrapolation_value", 0); err != nil {
		return nil, err
	}
	var roi, scales, sizes *graph.Value
	for i, to := range []**graph.Value{&roi, &scales, &sizes} {
		if n.has(i+1) && !empty(n.in[i+1]) {
			*to = n.in[i+1]
		}
	}
	if o.Coordinates != "tf_crop_and_resize" {
		roi = nil
	}
	return n.resized(o, roi, scales, sizes)
}

// empty reports whether v is a constant without elements, by which exporters leave an
// input out.
func empty(v *graph.Value) bool { return v.Role == graph.Parameter && v.Data.Numel() == 0 }

// kindsOf are the element types of those values that there are.
func kindsOf(values ...*graph.Value) (list []tensor.DType) {
	for _, v := range values {
		if v != nil {
			list = append(list, v.Type.DType)
		}
	}
	return list
}

// resized makes PyTorch's operator of images where it does the same, else ONNX's.
func (n *node) resized(o op.Interpolate, roi, scales, sizes *graph.Value) ([]*graph.Value, error) {
	if scales != nil && sizes != nil {
		sizes = nil
	}
	if scales != nil && scales.Type.DType != tensor.Float32 || sizes != nil && sizes.Type.DType != tensor.Int64 {
		return nil, fmt.Errorf("its scales are floats and its sizes whole numbers; they are %v", kindsOf(scales, sizes))
	}
	if scales != nil && scales.Role == graph.Parameter {
		o.Scales, scales = scales.Data.Float32s(), nil
		if r, ok := imageResize(o); ok {
			return n.result(r, n.in[0])
		}
	}
	if sizes != nil && sizes.Role == graph.Parameter {
		list, err := toInts("sizes", sizes.Data.Int64s())
		if err != nil {
			return nil, err
		}
		o.Sizes, sizes = list, nil
	}
	in := []*graph.Value{n.in[0]}
	for i, v := range []*graph.Value{roi, scales, sizes} {
		if v == nil && (i != 1 && scales == nil || i == 2) && sizes == nil {
			continue
		}
		if v == nil {
			v = n.constant(tensor.New(map[bool]tensor.DType{true: tensor.Int64, false: tensor.Float32}[i == 2], 0))
		}
		in = append(in, v)
	}
	return n.result(o, in...)
}

// imageResize returns PyTorch's operator for factors of height and width of images: the
// nearest pixel in front, which is also the nearest one for whole factors, or linear
// interpolation.
func imageResize(o op.Interpolate) (op.Resize, bool) {
	if len(o.Scales) != 4 || o.Axes != nil || o.Scales[0] != 1 || o.Scales[1] != 1 || o.Antialias || o.Exclude {
		return op.Resize{}, false
	}
	r := op.Resize{Mode: o.Mode, Scale: [2]float64{float64(o.Scales[2]), float64(o.Scales[3])}}
	switch o.Mode {
	case "nearest":
		whole := r.Scale[0] == math.Trunc(r.Scale[0]) && r.Scale[1] == math.Trunc(r.Scale[1])
		floor := o.Coordinates == "asymmetric" && o.Rounding == "floor"
		halfPixel := o.Coordinates == "" && o.Rounding != "floor" && o.Rounding != "ceil"
		return r, floor || whole && halfPixel
	case "linear":
		r.AlignCorners = o.Coordinates == "align_corners"
		return r, r.AlignCorners || o.Coordinates == "" || o.Coordinates == "pytorch_half_pixel"
	}
	return r, false
}
