package onnx

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/op"
)

// writeMover is the part of the table with what moves elements, chooses some, or reads
// shapes.
func (e *emission) writeMover() error {
	switch o := e.node.Op.(type) {
	case op.Cat:
		return e.result("Concat", e.in, intAttr("axis", o.Axis))
	case op.Flatten:
		return e.flatten(o)
	case op.Reshape:
		return e.reshape(o)
	case op.Transpose:
		return e.result("Transpose", e.in, intsAttr("perm", o.Perm...))
	case op.Squeeze:
		if o.All {
			return e.result("Squeeze", e.in)
		}
		return e.withList("Squeeze", "axes", o.Axes)
	case op.Unsqueeze:
		return e.withList("Unsqueeze", "axes", o.Axes)
	case op.ChannelShuffle:
		return e.channelShuffle(o)
	case op.Slice:
		return e.result("Slice", []string{e.in[0], e.list("starts", int64(o.Start)), e.list("ends", int64(o.End)), e.list("axes", int64(o.Axis))})
	case op.StridedSlice:
		return e.stridedSlice(o)
	case op.Split:
		return e.split(o)
	case op.Pad:
		return e.pad(o)
	case op.Shape:
		return e.result("Shape", e.in)
	case op.Gather:
		return e.result("Gather", e.in, intAttr("axis", o.Axis))
	case op.GatherElements:
		return e.result("GatherElements", e.in, intAttr("axis", o.Axis))
	case op.GatherND:
		return e.result("GatherND", e.in, intAttr("batch_dims", o.BatchDims))
	case op.DepthToSpace:
		mode := "DCR"
		if o.ChannelsFirst {
			mode = "CRD"
		}
		return e.result("DepthToSpace", e.in, intAttr("blocksize", o.Block), textAttr("mode", mode))
	case op.SpaceToDepth:
		return e.result("SpaceToDepth", e.in, intAttr("blocksize", o.Block))
	case op.ReverseSequence:
		return e.result("ReverseSequence", e.in, intAttr("batch_axis", o.BatchAxis), intAttr("time_axis", o.TimeAxis))
	case op.ScatterND:
		return e.scatter("ScatterND", o.Reduction)
	case op.ScatterElements:
		return e.scatter("ScatterElements", o.Reduction, intAttr("axis", o.Axis))
	case op.TopK:
		count := e.step("Reshape", []string{e.in[1], e.list("one", 1)})
		e.addAll("TopK", []string{e.in[0], count}, e.out, intAttr("axis", o.Axis), boolAttr("largest", !o.Smallest))
		return nil
	case op.NonZero:
		return e.result("NonZero", e.in)
	case op.NonMaxSuppression:
		return e.result("NonMaxSuppression", e.in, boolAttr("center_point_box", o.CenterPointBox))
	}
	return e.writeFunction()
}

// withList writes an operator that takes a list of whole numbers as its second operand,
// which the graph has as an attribute or as an operand.
func (e *emission) withList(kind, what string, list []int) error {
	if len(e.in) == 2 {
		if kind != "Reshape" {
			if err := e.since(13, kind+" of computed axes"); err != nil {
				return err
			}
		}
		return e.result(kind, e.in)
	}
	if e.export.Opset < 13 && kind != "Reshape" {
		return e.result(kind, e.in, intsAttr(what, list...))
	}
	return e.result(kind, []string{e.in[0], e.list(what, int64s(list)...)})
}

// flatten keeps the axes in front, joins those of the range, and keeps those behind it,
// whose extents have to be fixed.
func (e *emission) flatten(o op.Flatten) error {
	x := e.node.Inputs[0]
	rank := e.rank(x)
	if o.Matrix || o.Start == 1 && (o.End == -1 || o.End == rank-1) {
		return e.result("Flatten", e.in, intAttr("axis", o.Start))
	}
	start, end := o.Start, o.End
	if start < 0 {
		start += rank
	}
	if end < 0 {
		end += rank
	}
	if rank < 0 {
		return fmt.Errorf("the number of axes of its input is not known")
	}
	shape := append(make([]int64, start), -1)
	if end < rank-1 {
		behind, err := e.fixed(x, end+1)
		if err != nil {
			return err
		}
		shape = append(shape, int64s(behind)...)
	}
	return e.result("Reshape", []string{e.in[0], e.list("shape", shape...)})
}

// reshape says where an extent of 0 is one of no elements.
func (e *emission) reshape(o op.Reshape) error {
	computed := len(e.in) == 2
	if o.KeepZero || !computed && !slices.Contains(o.Shape, 0) || computed && e.export.Opset < 14 {
		return e.withList("Reshape", "shape", o.Shape)
	}
	if err := e.since(14, "a Reshape to no elements"); err != nil {
		return err
	}
	in := e.in
	if !computed {
		in = []string{e.in[0], e.list("shape", int64s(o.Shape)...)}
	}
	return e.result("Reshape", in, intAttr("allowzero", 1))
}

// channelShuffle transposes the rows of groups, or, where height and width are free,
// gathers the channels.
func (e *emission) channelShuffle(o op.ChannelShuffle) error {
	size, err := e.fixed(e.node.Inputs[0], 1)
	if err == nil {
		c, h, w := int64(size[0]), int64(size[1]), int64(size[2])
		groups := int64(o.Groups)
		rows, err := e.between(e.step("Reshape", []string{e.in[0], e.list("groups", 0, groups, c/groups, h, w)}))
		if err != nil {
			return err
		}
		turned, err := e.between(e.step("Transpose", []string{rows}, intsAttr("perm", 0, 2, 1, 3, 4)))
		if err != nil {
			return err
		}
		return e.result("Reshape", []string{turned, e.list("channels", 0, c, h, w)})
	}
	if e.rank(e.node.Inputs[0]) != 4 {
		return err
	}
	sizes, _ := e.extents(e.node.Inputs[0])
	if sizes[1] == 0 {
		return err
	}
	from := make([]int64, sizes[1])
	for i := range from {
		from[i] = int64(o.Source(i, sizes[1]))
	}
	return e.result("Gather", []string{e.in[0], e.list("channels", from...)}, intAttr("axis", 1))
}

// given returns the name of operand i, empty where there is none or it has no elements, which
// stands for an operand that is left out.
func (e *emission) given(i int) string {
	if i >= len(e.in) || e.empty(i) {
		return ""
	}
	return e.in[i]
}

// empty reports whether operand i is an empty constant, which stands for one that is left out.
func (e *emission) empty(i int) bool {
	v := e.node.Inputs[i]
	return v.Data != nil && v.Data.Numel() == 0
}

// trimmed leaves out operands at the end that are not given.
func trimmed(in []string) []string {
	for in[len(in)-1] == "" {
		in = in[:len(in)-1]
	}
	return in
}

// pad gives the operands that the graph has as attributes.
func (e *emission) pad(o op.Pad) error {
	in := []string{e.in[0], e.given(1), e.given(2), e.given(3)}
	if in[1] == "" {
		in[1] = e.list("pads", int64s(slices.Concat(o.Before, o.After))...)
	}
	if in[2] == "" && o.Value != 0 {
		in[2] = e.number(o.Value)
	}
	if e.export.Opset < 11 {
		if e.given(1) != "" || e.given(2) != "" || e.given(3) != "" {
			return e.since(11, "Pad of computed extents")
		}
		return e.result("Pad", e.in[:1], intsAttr("pads", slices.Concat(o.Before, o.After)...), floatAttr("value", o.Value), textAttr("mode", o.Mode))
	}
	if in[3] != "" {
		if err := e.since(18, "Pad of some axes"); err != nil {
			return err
		}
	}
	if o.Mode == "wrap" {
		if err := e.since(19, "padding that wraps"); err != nil {
			return err
		}
	}
	return e.result("Pad", trimmed(in), textAttr("mode", o.Mode))
}

// stridedSlice gives the operands that the graph has as attributes. One without bounds copies.
func (e *emission) stridedSlice(o op.StridedSlice) error {
	in := []string{e.in[0]}
	if len(e.in) == 1 && len(o.Starts) == 0 {
		return e.result("Identity", in)
	}
	for i, list := range []struct {
		what   string
		values []int64
	}{{"starts", o.Starts}, {"ends", o.Ends}, {"axes", o.Axes}, {"steps", o.Steps}} {
		name := e.given(i + 1)
		if name == "" && list.values != nil {
			name = e.list(list.what, list.values...)
		}
		in = append(in, name)
	}
	return e.result("Slice", trimmed(in))
}

// split gives the sizes, which follow from the number of parts where the extent is fixed.
func (e *emission) split(o op.Split) error {
	in := e.in
	sizes := o.Sizes
	if len(in) == 1 && sizes == nil {
		x := e.node.Inputs[0]
		axis := o.Axis
		if axis < 0 {
			axis += e.rank(x)
		}
		extents, _ := e.extents(x)
		if axis < 0 || axis >= len(extents) || extents[axis] == 0 {
			if err := e.since(18, "a Split of a free extent"); err != nil {
				return err
			}
			e.addAll("Split", in, e.out, intAttr("axis", o.Axis), intAttr("num_outputs", o.Parts))
			return nil
		}
		for _, v := range e.node.Outputs {
			sizes = append(sizes, e.facts[v].Shape[axis])
		}
	}
	attrs := []*onnxpb.AttributeProto{intAttr("axis", o.Axis)}
	switch {
	case e.export.Opset >= 13 && len(in) == 1:
		in = []string{e.in[0], e.list("sizes", int64s(sizes)...)}
	case e.export.Opset >= 13:
	case len(in) == 1:
		attrs = append(attrs, intsAttr("split", sizes...))
	default:
		return e.since(13, "a Split of computed sizes")
	}
	e.addAll("Split", in, e.out, attrs...)
	return nil
}

func (e *emission) scatter(kind, reduction string, attrs ...*onnxpb.AttributeProto) error {
	switch reduction {
	case "":
		return e.result(kind, e.in, attrs...)
	case "min", "max":
		if err := e.since(18, "reduction "+reduction); err != nil {
			return err
		}
	default:
		if err := e.since(16, "reduction "+reduction); err != nil {
			return err
		}
	}
	return e.result(kind, e.in, append(attrs, textAttr("reduction", reduction))...)
}
