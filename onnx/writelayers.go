package onnx

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// writeLayer is the part of the table with recurrences, further norms and windows, and
// functions with attributes.
func (e *emission) writeLayer() error {
	switch o := e.node.Op.(type) {
	case op.LSTM:
		return e.recurrence("LSTM", o.Recurrence, boolAttr("input_forget", o.InputForget))
	case op.GRU:
		return e.recurrence("GRU", o.Recurrence, boolAttr("linear_before_reset", o.LinearBeforeReset))
	case op.RNN:
		return e.recurrence("RNN", o.Recurrence)
	case op.GroupNorm:
		return e.groupNorm(o)
	case op.LocalResponseNorm:
		return e.result("LRN", e.in, intAttr("size", o.Size), floatAttr("alpha", float32(o.Alpha)), floatAttr("beta", float32(o.Beta)), floatAttr("bias", float32(o.K)))
	case op.LpNorm:
		return e.result("LpNormalization", e.in, intAttr("axis", o.Axis), intAttr("p", o.P))
	case op.ConvND:
		return e.convND(o)
	case op.PoolND:
		return e.poolND(o)
	case op.Einsum:
		return e.result("Einsum", e.in, textAttr("equation", o.Equation))
	case op.GridSample:
		return e.gridSample(o)
	case op.ROIAlign:
		return e.roiAlign(o)
	case op.ArgMax:
		return e.argMax(o)
	case op.CumSum:
		axis := constant(e.writer, e.node.Name+"/axis", []int64{int64(o.Axis)})
		return e.result("CumSum", []string{e.in[0], axis}, boolAttr("exclusive", o.Exclusive), boolAttr("reverse", o.Reverse))
	case op.CenterCropPad:
		if o.Axes == nil {
			return e.result("CenterCropPad", e.in)
		}
		return e.result("CenterCropPad", e.in, intsAttr("axes", o.Axes...))
	case op.Clip:
		return e.clip(o)
	case op.Shaped:
		return e.shaped(o)
	}
	return e.writeRare()
}

// recurrence leaves out operands that are empty.
func (e *emission) recurrence(kind string, r op.Recurrence, attrs ...*onnxpb.AttributeProto) error {
	shape, err := e.weightShape(2, 3, 3)
	if err != nil {
		return err
	}
	attrs, err = e.ofRecurrence(r, shape[2], attrs)
	if err != nil {
		return err
	}
	var in []string
	for i := range e.in {
		in = append(in, e.given(i))
	}
	if len(in) > 4 && in[4] != "" {
		in[4] = e.step("Cast", in[4:5], intAttr("to", 6)) // lengths are int32
	}
	e.addAll(kind, trimmed(in), e.out, attrs...)
	return nil
}

// ofRecurrence adds the attributes of a recurrence to others.
func (e *emission) ofRecurrence(r op.Recurrence, hidden int, attrs []*onnxpb.AttributeProto) ([]*onnxpb.AttributeProto, error) {
	attrs = append(attrs, intAttr("hidden_size", hidden))
	if r.Direction != "" {
		attrs = append(attrs, textAttr("direction", r.Direction))
	}
	if r.Activations != nil {
		attrs = append(attrs, textsAttr("activations", r.Activations))
	}
	if r.Alpha != nil {
		attrs = append(attrs, floatsAttr("activation_alpha", r.Alpha))
	}
	if r.Beta != nil {
		attrs = append(attrs, floatsAttr("activation_beta", r.Beta))
	}
	if r.Clip != 0 {
		attrs = append(attrs, floatAttr("clip", r.Clip))
	}
	if r.BatchFirst {
		if err := e.since(14, "layout 1"); err != nil {
			return nil, err
		}
		attrs = append(attrs, intAttr("layout", 1))
	}
	return attrs, nil
}

// groupNorm is an instance norm of as many groups as channels; before operator set 21, of
// groups whose rows are one channel each.
func (e *emission) groupNorm(o op.GroupNorm) error {
	size, err := e.fixedAxis(1)
	if err != nil {
		return err
	}
	eps := floatAttr("epsilon", float32(o.Eps))
	weight, bias := e.given(1), e.given(2)
	switch {
	case o.Groups == 0 || o.Groups == size:
		return e.result("InstanceNormalization", []string{e.in[0], e.or(weight, 1, size), e.or(bias, 0, size)}, eps)
	case e.export.Opset >= 21:
		return e.result("GroupNormalization", []string{e.in[0], e.or(weight, 1, size), e.or(bias, 0, size)}, eps, intAttr("num_groups", o.Groups))
	}
	rank := e.rank(e.node.Inputs[0])
	rows := e.step("Reshape", []string{e.in[0], e.list("groups", 0, int64(o.Groups), -1)})
	normal := e.step("InstanceNormalization", []string{rows, e.or("", 1, o.Groups), e.or("", 0, o.Groups)}, eps)
	back := []string{normal, e.step("Shape", e.in[:1])}
	if weight == "" && bias == "" {
		return e.result("Reshape", back)
	}
	y := e.step("Reshape", back)
	channels := e.list("channels", append([]int64{int64(size)}, slices.Repeat([]int64{1}, rank-2)...)...)
	scaled := []string{y, e.step("Reshape", []string{e.or(weight, 1, size), channels})}
	if bias == "" {
		return e.result("Mul", scaled)
	}
	return e.result("Add", []string{e.step("Mul", scaled), e.step("Reshape", []string{bias, channels})})
}

// fixedAxis is the extent of the first operand along an axis, or an error where it is free.
func (e *emission) fixedAxis(axis int) (int, error) {
	if x := e.node.Inputs[0]; e.rank(x) > axis {
		if sizes, _ := e.extents(x); sizes != nil && sizes[axis] > 0 {
			return sizes[axis], nil
		}
	}
	return 0, fmt.Errorf("the extent of axis %d of its input is not known: give the size of the input", axis)
}

// or returns an operand, or where it is left out a list of so many equal numbers.
func (e *emission) or(name string, otherwise float32, count int) string {
	if name != "" {
		return name
	}
	return constant(e.writer, e.node.Name+"/filled", slices.Repeat([]float32{otherwise}, count), count)
}

// spatial are the attributes of windows over any number of axes.
func spatial(s op.Spatial) []*onnxpb.AttributeProto {
	attrs := []*onnxpb.AttributeProto{intsAttr("strides", s.Stride...), intsAttr("dilations", s.Dilation...)}
	return append(attrs, padding(s.Auto, s.Before, s.After))
}

func (e *emission) convND(o op.ConvND) error {
	shape, err := e.weightShape(1, 3, maxAxes)
	if err != nil {
		return err
	}
	return e.result("Conv", e.in, append(spatial(o.Spatial), intsAttr("kernel_shape", shape[2:]...), intAttr("group", o.Groups))...)
}

func (e *emission) poolND(o op.PoolND) error {
	attrs := append(spatial(o.Spatial), intsAttr("kernel_shape", o.Kernel...))
	if o.CeilMode {
		attrs = append(attrs, intAttr("ceil_mode", 1))
	}
	dilated := slices.ContainsFunc(o.Dilation, func(n int) bool { return n != 1 })
	plain := func() { // the attribute came later than the operator
		attrs = slices.DeleteFunc(attrs, func(a *onnxpb.AttributeProto) bool { return a.GetName() == "dilations" })
	}
	switch o.Mode {
	case "average":
		if e.export.Opset < 19 {
			if plain(); dilated {
				return e.since(19, "an AveragePool with dilations")
			}
		}
		return e.result("AveragePool", e.in, append(attrs, boolAttr("count_include_pad", o.CountIncludePad))...)
	case "lp":
		if e.export.Opset < 18 {
			if plain(); dilated || o.CeilMode {
				return e.since(18, "an LpPool with dilations or ceil_mode")
			}
		}
		return e.result("LpPool", e.in, append(attrs, intAttr("p", o.P))...)
	}
	if o.ColumnMajor {
		attrs = append(attrs, intAttr("storage_order", 1))
	}
	e.addAll("MaxPool", e.in, e.out, attrs...)
	return nil
}

// gridSample has other names of modes, and images alone, before operator set 20.
func (e *emission) gridSample(o op.GridSample) error {
	mode := o.Mode
	if e.export.Opset < 20 {
		if e.rank(e.node.Inputs[0]) != 4 {
			return e.since(20, "GridSample of other than images")
		}
		if mode != "nearest" {
			mode = "bi" + mode
		}
	}
	padding := o.Padding
	if padding == "" {
		padding = "zeros"
	}
	return e.result("GridSample", e.in, textAttr("mode", mode), textAttr("padding_mode", padding), boolAttr("align_corners", o.AlignCorners))
}

func (e *emission) roiAlign(o op.ROIAlign) error {
	mode, place := "avg", "output_half_pixel"
	if o.Max {
		mode = "max"
	}
	if o.Aligned {
		place = "half_pixel"
	}
	attrs := []*onnxpb.AttributeProto{
		textAttr("mode", mode), intAttr("output_height", o.Output[0]), intAttr("output_width", o.Output[1]),
		intAttr("sampling_ratio", o.SamplingRatio), floatAttr("spatial_scale", o.SpatialScale),
	}
	if e.export.Opset >= 16 {
		attrs = append(attrs, textAttr("coordinate_transformation_mode", place))
	} else if o.Aligned {
		return e.since(16, "a RoiAlign that is aligned")
	}
	return e.result("RoiAlign", e.in, attrs...)
}

func (e *emission) argMax(o op.ArgMax) error {
	kind := "ArgMax"
	if o.Smallest {
		kind = "ArgMin"
	}
	attrs := []*onnxpb.AttributeProto{intAttr("axis", o.Axis), boolAttr("keepdims", o.KeepDim)}
	if o.Last {
		if err := e.since(12, kind+" of the last of equal elements"); err != nil {
			return err
		}
		attrs = append(attrs, intAttr("select_last_index", 1))
	}
	return e.result(kind, e.in, attrs...)
}

// clip has attributes before operator set 11, and operands since.
func (e *emission) clip(o op.Clip) error {
	if e.export.Opset < 11 {
		var attrs []*onnxpb.AttributeProto
		if o.Lo != nil {
			attrs = append(attrs, floatAttr("min", float32(*o.Lo)))
		}
		if o.Hi != nil {
			attrs = append(attrs, floatAttr("max", float32(*o.Hi)))
		}
		return e.result("Clip", e.in, attrs...)
	}
	bound := func(v *float64) string {
		switch {
		case v == nil:
			return ""
		case e.node.Inputs[0].Type.DType == tensor.Int64:
			return constant(e.writer, e.node.Name+"/bound", []int64{int64(*v)})
		}
		return e.number(float32(*v))
	}
	return e.result("Clip", trimmed([]string{e.in[0], bound(o.Lo), bound(o.Hi)}))
}

// shaped writes a function with attributes: Swish, which ONNX has since operator set 24 alone,
// as a product.
func (e *emission) shaped(o op.Shaped) error {
	a, b := o.A, o.B
	switch o.Name {
	case "celu":
		return e.result("Celu", e.in, floatAttr("alpha", a))
	case "hard_sigmoid":
		return e.result("HardSigmoid", e.in, floatAttr("alpha", a), floatAttr("beta", b))
	case "selu":
		return e.result("Selu", e.in, floatAttr("alpha", a), floatAttr("gamma", b))
	case "shrink":
		return e.result("Shrink", e.in, floatAttr("lambd", a), floatAttr("bias", b))
	case "threshold":
		if b != 0 {
			above := e.step("Greater", []string{e.in[0], e.number(a)})
			return e.result("Where", []string{above, e.in[0], e.number(b)})
		}
		return e.result("ThresholdedRelu", e.in, floatAttr("alpha", a))
	case "swish":
		return e.result("Mul", []string{e.in[0], e.step("Sigmoid", []string{e.step("Mul", []string{e.in[0], e.number(a)})})})
	}
	return errNotWritten
}

// relation writes shifts, which ONNX has of unsigned numbers, between casts.
func (e *emission) relation(o op.Relation) error {
	direction := ""
	switch o.Name {
	case "ne":
		return e.result("Not", []string{e.step("Equal", e.in)})
	case "bitwise_left_shift":
		direction = "LEFT"
	case "bitwise_right_shift":
		direction = "RIGHT"
	default:
		return e.named(o.Name)
	}
	var in []string
	for _, name := range e.in {
		in = append(in, e.step("Cast", []string{name}, intAttr("to", 13)))
	}
	return e.result("Cast", []string{e.step("BitShift", in, textAttr("direction", direction))}, intAttr("to", 7))
}
