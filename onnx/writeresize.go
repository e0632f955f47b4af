package onnx

import (
	"fmt"

	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/op"
)

func (e *emission) resize(o op.Resize) error {
	place := "asymmetric"
	switch {
	case o.AlignCorners:
		place = "align_corners"
	case o.Mode == "linear":
		place = "half_pixel"
	}
	mode := textAttr("mode", o.Mode)
	if o.Size == [2]int{} {
		scales := constant(e.writer, e.node.Name+"/scales", []float32{1, 1, float32(o.Scale[0]), float32(o.Scale[1])}, 4)
		return e.resized(place, "floor", []string{e.in[0], "", scales, ""}, mode)
	}
	x := e.node.Inputs[0]
	if e.rank(x) != 4 {
		return fmt.Errorf("the extents of its input are not known")
	}
	sizes, _ := e.extents(x)
	if sizes[0] == 0 || sizes[1] == 0 {
		// Sizes are of all axes: those of the batch and the channels are taken from x.
		shape := e.step("Shape", e.in)
		front := e.step("Slice", []string{shape, e.list("from", 0), e.list("to", 2)})
		back := e.list("size", int64(o.Size[0]), int64(o.Size[1]))
		return e.resized(place, "floor", []string{e.in[0], "", "", e.step("Concat", []string{front, back}, intAttr("axis", 0))}, mode)
	}
	return e.resized(place, "floor", []string{e.in[0], "", "", e.list("sizes", int64(sizes[0]), int64(sizes[1]), int64(o.Size[0]), int64(o.Size[1]))}, mode)
}

// interpolate gives what the graph has as attributes as operands.
func (e *emission) interpolate(o op.Interpolate) error {
	in := []string{e.in[0], e.given(1), e.given(2), e.given(3)}
	if in[2] == "" && o.Scales != nil {
		in[2] = constant(e.writer, e.node.Name+"/scales", o.Scales, len(o.Scales))
	}
	if in[3] == "" && o.Sizes != nil {
		in[3] = e.list("sizes", int64s(o.Sizes)...)
	}
	attrs := []*onnxpb.AttributeProto{textAttr("mode", o.Mode)}
	if o.Exclude {
		attrs = append(attrs, intAttr("exclude_outside", 1))
	}
	if o.Extrapolation != 0 {
		attrs = append(attrs, floatAttr("extrapolation_value", o.Extrapolation))
	}
	if o.Policy != "" {
		attrs = append(attrs, textAttr("keep_aspect_ratio_policy", o.Policy))
	}
	if o.CubicA != 0 {
		attrs = append(attrs, floatAttr("cubic_coeff_a", o.CubicA))
	}
	if o.Antialias {
		attrs = append(attrs, intAttr("antialias", 1))
	}
	if o.Axes != nil {
		attrs = append(attrs, intsAttr("axes", o.Axes...))
	}
	if o.Antialias || o.Axes != nil || o.Policy != "" {
		if err := e.since(18, "Resize of some axes, or with antialias or a policy"); err != nil {
			return err
		}
	}
	return e.resized(o.Coordinates, o.Rounding, in, attrs...)
}

// resized writes a Resize of x, roi, scales and sizes, of which those that are left out are
// empty: operands without elements before operator set 13. In operator set 10 there are only
// scales, and pixels lie at their corners.
func (e *emission) resized(place, rounding string, in []string, attrs ...*onnxpb.AttributeProto) error {
	if e.export.Opset < 11 {
		if in[1] != "" || in[2] == "" || in[3] != "" || place != "asymmetric" || rounding != "floor" || len(attrs) > 1 {
			return e.since(11, "this form of Resize")
		}
		return e.result("Resize", []string{in[0], in[2]}, attrs...)
	}
	if place != "" {
		attrs = append(attrs, textAttr("coordinate_transformation_mode", place))
	}
	if rounding != "" {
		attrs = append(attrs, textAttr("nearest_mode", rounding))
	}
	in = trimmed(in)
	for i, name := range in {
		if name == "" && e.export.Opset < 13 {
			in[i] = e.nothing()
		}
	}
	return e.result("Resize", in, attrs...)
}

// nothing is an operand without elements.
func (w *writer) nothing() string {
	if w.params["nothing"] == nil {
		w.params["nothing"] = []string{constant(w, "nothing", []float32{}, 0)}
	}
	return w.params["nothing"][0]
}
