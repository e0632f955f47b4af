package onnx

import (
	"fmt"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// places are the operators that take elements from places or put them there.
var places = map[string]importer{
	"Slice":           readSlice,
	"GatherND":        readGatherND,
	"GatherElements":  readGatherElements,
	"ScatterND":       readScatterND,
	"ScatterElements": readScatterElements,
	"DepthToSpace":    readDepthToSpace,
	"SpaceToDepth":    readSpaceToDepth,
	"ReverseSequence": readReverseSequence,
	"CenterCropPad":   readCenterCropPad,
	"GridSample":      readGridSample,
	"RoiAlign":        readRoiAlign,
}

// readSlice reads bounds from attributes, constants or computed inputs.
func readSlice(n *node) ([]*graph.Value, error) {
	if err := n.need(1); err != nil {
		return nil, err
	}
	if n.opset < 10 {
		var s op.StridedSlice
		for _, f := range []struct {
			name string
			to   *[]int64
		}{{"starts", &s.Starts}, {"ends", &s.Ends}, {"axes", &s.Axes}} {
			if a := n.attrs[f.name]; a != nil {
				*f.to = a.GetInts()
			}
		}
		return n.result(s, n.in[0])
	}
	if err := n.need(3); err != nil {
		return nil, err
	}
	if s, ok := constantSlice(n); ok {
		return n.result(s, n.in[0])
	}
	in := n.in[:3:3]
	switch {
	case n.has(3):
		in = append(in, n.in[3])
	case n.has(4):
		return nil, fmt.Errorf("computed bounds with steps and without axes: name the axes")
	}
	if n.has(4) {
		in = append(in, n.in[4])
	}
	return n.result(op.StridedSlice{}, in...)
}

// constantSlice is the operator where all bounds are constants.
func constantSlice(n *node) (op.StridedSlice, bool) {
	var s op.StridedSlice
	for i, to := range []*[]int64{&s.Starts, &s.Ends, &s.Axes, &s.Steps} {
		if !n.has(i + 1) {
			continue
		}
		v := n.in[i+1]
		if v.Role != graph.Parameter || v.Type.DType != tensor.Int64 {
			return s, false
		}
		*to = v.Data.Int64s()
	}
	return s, true
}

func readGatherND(n *node) ([]*graph.Value, error) {
	dims, err := n.number("batch_dims", 0)
	if err != nil {
		return nil, err
	}
	return simple(op.GatherND{BatchDims: dims}, 2)(n)
}

func readGatherElements(n *node) ([]*graph.Value, error) {
	axis, err := n.number("axis", 0)
	if err != nil {
		return nil, err
	}
	return simple(op.GatherElements{Axis: axis}, 2)(n)
}

// reduction is how a scatter changes what is there; empty for one that replaces it.
func (n *node) reduction() (string, error) {
	how, err := n.text("reduction", "none")
	if how == "none" {
		how = ""
	}
	return how, err
}

func readScatterND(n *node) ([]*graph.Value, error) {
	how, err := n.reduction()
	if err != nil {
		return nil, err
	}
	return simple(op.ScatterND{Reduction: how}, 3)(n)
}

func readScatterElements(n *node) ([]*graph.Value, error) {
	how, err := n.reduction()
	if err != nil {
		return nil, err
	}
	axis, err := n.number("axis", 0)
	if err != nil {
		return nil, err
	}
	return simple(op.ScatterElements{Axis: axis, Reduction: how}, 3)(n)
}

func readDepthToSpace(n *node) ([]*graph.Value, error) {
	block, err := n.number("blocksize", 0)
	if err != nil {
		return nil, err
	}
	mode, err := n.text("mode", "DCR")
	if err != nil {
		return nil, err
	}
	if mode != "DCR" && mode != "CRD" {
		return nil, fmt.Errorf("mode %q; DCR and CRD are read", mode)
	}
	return simple(op.DepthToSpace{Block: block, ChannelsFirst: mode == "CRD"}, 1)(n)
}

func readSpaceToDepth(n *node) ([]*graph.Value, error) {
	block, err := n.number("blocksize", 0)
	if err != nil {
		return nil, err
	}
	f := n.formula(1)
	y := op.SpaceToDepth{Block: block}
	switch mode := f.text("mode", "DCR"); mode {
	case "DCR":
		return f.Result(y, n.in[0])
	case "CRD": // the channel of x comes first
		rows := f.Do(y, n.in[0])
		shape := f.Shape(rows)
		blocks := f.Do(op.Cat{}, f.List(0, block*block, -1), f.Do(op.StridedSlice{Starts: []int64{2}, Ends: []int64{4}}, shape))
		apart := f.Do(op.Transpose{Perm: []int{0, 2, 1, 3, 4}}, f.Do(op.Reshape{KeepZero: true}, rows, blocks))
		return f.Result(op.Reshape{}, apart, shape)
	default:
		return nil, fmt.Errorf("mode %q; DCR and CRD are read", mode)
	}
}

func readReverseSequence(n *node) ([]*graph.Value, error) {
	batch, err := n.number("batch_axis", 1)
	if err != nil {
		return nil, err
	}
	time, err := n.number("time_axis", 0)
	if err != nil {
		return nil, err
	}
	return simple(op.ReverseSequence{BatchAxis: batch, TimeAxis: time}, 2)(n)
}

func readCenterCropPad(n *node) ([]*graph.Value, error) {
	axes, err := n.numbers("axes", nil)
	if err != nil {
		return nil, err
	}
	return simple(op.CenterCropPad{Axes: axes}, 2)(n)
}

func readGridSample(n *node) ([]*graph.Value, error) {
	var o op.GridSample
	mode, err := n.text("mode", "linear")
	if err != nil {
		return nil, err
	}
	o.Mode = strings.TrimPrefix(mode, "bi") // which it has before operator set 20
	if o.Padding, err = n.text("padding_mode", "zeros"); err != nil {
		return nil, err
	}
	if o.Padding == "zeros" {
		o.Padding = ""
	}
	if o.AlignCorners, err = n.flag("align_corners", false); err != nil {
		return nil, err
	}
	return simple(o, 2)(n)
}

func readRoiAlign(n *node) ([]*graph.Value, error) {
	var o op.ROIAlign
	usual := "half_pixel"
	if n.opset < 16 {
		usual = "output_half_pixel"
	}
	how, err := n.text("coordinate_transformation_mode", usual)
	if err != nil {
		return nil, err
	}
	o.Aligned = how == "half_pixel"
	mode, err := n.text("mode", "avg")
	if err != nil {
		return nil, err
	}
	o.Max = mode == "max"
	if o.Output[0], err = n.number("output_height", 1); err != nil {
		return nil, err
	}
	if o.Output[1], err = n.number("output_width", 1); err != nil {
		return nil, err
	}
	if o.SamplingRatio, err = n.number("sampling_ratio", 0); err != nil {
		return nil, err
	}
	if o.SpatialScale, err = n.real("spatial_scale", 1); err != nil {
		return nil, err
	}
	return simple(o, 3)(n)
}
