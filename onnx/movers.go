package onnx

import (
	"fmt"
	"math"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

var movers = map[string]importer{
	"Identity":  readIdentity,
	"Dropout":   readDropout,
	"Constant":  readConstant,
	"Reshape":   readReshape,
	"Flatten":   readFlatten,
	"Transpose": readTranspose,
	"Unsqueeze": readUnsqueeze,
	"Squeeze":   readSqueeze,
	"Concat":    readConcat,
	"Split":     readSplit,
	"Shape":     readShape,
	"Gather":    readGather,
	"Pad":       readPad,
}

// readIdentity gives the value of the first input.
func readIdentity(n *node) ([]*graph.Value, error) {
	if err := n.need(1); err != nil {
		return nil, err
	}
	return n.in[:1], nil
}

// readDropout does nothing in a model that is run: its mask leaves all elements.
func readDropout(n *node) ([]*graph.Value, error) {
	f := n.formula(1)
	if n.has(2) && f.Err == nil {
		training, err := n.truth(n.in[2])
		if err != nil {
			return nil, err
		}
		ratio, err := n.realOf(1, "ratio", 0.5)
		if training && err != nil {
			return nil, err
		}
		if training && ratio != 0 {
			return nil, fmt.Errorf("in training mode, whose results are random: export the model after model.eval()")
		}
	}
	if len(n.proto.GetOutput()) < 2 || f.Err != nil {
		return n.in[:1], f.Err
	}
	mask := f.Do(op.Cast{To: tensor.Bool}, f.Do(op.Expand{}, f.List(1), f.Shape(n.in[0])))
	return []*graph.Value{n.in[0], mask}, f.Err
}

// readConstant reads the attribute that holds the data.
func readConstant(n *node) ([]*graph.Value, error) {
	if len(n.attrs) != 1 {
		return nil, fmt.Errorf("a constant with %d attributes; one holds its data", len(n.attrs))
	}
	var t, stored *tensor.Tensor
	for name, a := range n.attrs {
		switch name {
		case "value":
			var err error
			if stored, err = n.file.decode(a.GetT()); err != nil {
				return nil, err
			}
			if t, err = Held(stored); err != nil {
				return nil, err
			}
		case "value_float":
			t = tensor.Of([]float32{a.GetF()})
		case "value_floats":
			t = tensor.Of(a.GetFloats(), len(a.GetFloats()))
		case "value_int":
			t = tensor.Of([]int64{a.GetI()})
		case "value_ints":
			t = tensor.Of(a.GetInts(), len(a.GetInts()))
		default:
			return nil, fmt.Errorf("a constant of attribute %s (%v)", name, onnxpb.AttributeProto_AttributeType(a.GetType()))
		}
	}
	v := n.Graph.AddConst(n.first(), t)
	if n.stored[v] = t; stored != nil {
		n.stored[v] = stored
	}
	return []*graph.Value{v}, nil
}

func readReshape(n *node) ([]*graph.Value, error) {
	if err := n.need(1); err != nil {
		return nil, err
	}
	zeroStays, err := n.flag("allowzero", false)
	if err != nil {
		return nil, err
	}
	if !n.has(1) {
		shape, err := n.numbers("shape", nil)
		if err != nil {
			return nil, err
		}
		return n.result(op.Reshape{Shape: shape, KeepZero: true}, n.in[0])
	}
	if n.in[1].Role == graph.Parameter && n.in[1].Data.Numel() > 0 {
		shape, err := n.numbersOf(1, "shape")
		if err != nil {
			return nil, err
		}
		return n.result(op.Reshape{Shape: shape, KeepZero: !zeroStays}, n.in[0])
	}
	return n.result(op.Reshape{KeepZero: !zeroStays}, n.in[0], n.in[1])
}

// readFlatten joins the axes in front of axis, and those from it on.
func readFlatten(n *node) ([]*graph.Value, error) {
	if err := n.need(1); err != nil {
		return nil, err
	}
	axis, err := n.number("axis", 1)
	if err != nil {
		return nil, err
	}
	if axis == 1 {
		return n.result(op.Flatten{Start: 1, End: -1}, n.in[0])
	}
	return n.result(op.Flatten{Start: axis, Matrix: true}, n.in[0])
}

func readTranspose(n *node) ([]*graph.Value, error) {
	if err := n.need(1); err != nil {
		return nil, err
	}
	perm, err := n.numbers("perm", nil)
	if err != nil {
		return nil, err
	}
	if perm == nil {
		shape := n.in[0].Type.Shape
		if n.in[0].Role != graph.Parameter {
			if shape = n.Facts[n.in[0]].Shape; shape == nil {
				return nil, fmt.Errorf("without perm, the order of axes follows from their number, which is %w; octet.WithShape may tell it", graph.ErrComputed)
			}
		}
		for i := range shape {
			perm = append(perm, i)
		}
		slices.Reverse(perm)
	}
	return n.result(op.Transpose{Perm: perm}, n.in[0])
}

func readUnsqueeze(n *node) ([]*graph.Value, error) {
	if err := n.need(1); err != nil {
		return nil, err
	}
	axes, err := n.numbersOf(1, "axes")
	if err != nil {
		return nil, err
	}
	return n.result(op.Unsqueeze{Axes: axes}, n.in[0])
}

func readSqueeze(n *node) ([]*graph.Value, error) {
	if err := n.need(1); err != nil {
		return nil, err
	}
	axes, err := n.numbersOf(1, "axes")
	if err != nil {
		return nil, err
	}
	return n.result(op.Squeeze{Axes: axes, All: axes == nil}, n.in[0])
}

func readConcat(n *node) ([]*graph.Value, error) {
	if err := n.need(max(1, len(n.in))); err != nil {
		return nil, err
	}
	axis, err := n.number("axis", 1)
	if err != nil {
		return nil, err
	}
	if len(n.in) == 1 {
		return n.in, nil
	}
	return n.result(op.Cat{Axis: axis}, n.in...)
}

func readSplit(n *node) ([]*graph.Value, error) {
	if err := n.need(1); err != nil {
		return nil, err
	}
	axis, err := n.number("axis", 0)
	if err != nil {
		return nil, err
	}
	sizes, err := n.numbersOf(1, "split")
	if err != nil {
		return nil, err
	}
	parts := len(n.proto.GetOutput())
	if sizes == nil {
		return n.result(op.Split{Axis: axis, Parts: parts}, n.in[0])
	}
	if len(sizes) < parts {
		return nil, fmt.Errorf("%d sizes for %d results", len(sizes), parts)
	}
	return n.result(op.Split{Axis: axis, Sizes: sizes}, n.in[0])
}

func readShape(n *node) ([]*graph.Value, error) {
	if n.attrs["start"] == nil && n.attrs["end"] == nil {
		return simple(op.Shape{}, 1)(n)
	}
	if err := n.need(1); err != nil {
		return nil, err
	}
	start, err := n.number("start", 0)
	if err != nil {
		return nil, err
	}
	end, err := n.number("end", math.MaxInt32)
	if err != nil {
		return nil, err
	}
	shape, err := n.step(op.Shape{}, n.in[0])
	if err != nil {
		return nil, err
	}
	return n.result(op.StridedSlice{Starts: []int64{int64(start)}, Ends: []int64{int64(end)}}, shape)
}

func readGather(n *node) ([]*graph.Value, error) {
	axis, err := n.number("axis", 0)
	if err != nil {
		return nil, err
	}
	return simple(op.Gather{Axis: axis}, 2)(n)
}

// readPad reads numbers of padding from attributes, constants or computed inputs.
func readPad(n *node) ([]*graph.Value, error) {
	if err := n.need(1); err != nil {
		return nil, err
	}
	mode, err := n.text("mode", "constant")
	if err != nil {
		return nil, err
	}
	if !n.has(1) || n.in[1].Role == graph.Parameter && !n.has(3) && (!n.has(2) || n.in[2].Role == graph.Parameter) {
		return n.constantPad(mode)
	}
	in := n.in[:2:2]
	if n.has(2) {
		in = append(in, n.in[2])
	} else if n.has(3) {
		in = append(in, n.constant(tensor.New(tensor.Float32, 0)))
	}
	if n.has(3) {
		in = append(in, n.in[3])
	}
	return n.result(op.Pad{Mode: mode}, in...)
}

func (n *node) constantPad(mode string) ([]*graph.Value, error) {
	pads, err := n.numbersOf(1, "pads")
	if err != nil {
		return nil, err
	}
	if len(pads)%2 != 0 {
		return nil, fmt.Errorf("pads %v: an even number is expected", pads)
	}
	p := op.Pad{Before: pads[:len(pads)/2], After: pads[len(pads)/2:], Mode: mode}
	if n.has(2) && n.in[2].Type.DType != tensor.Float32 {
		axes := n.constant(tensor.Of(int64s(pads), len(pads)))
		return n.result(op.Pad{Mode: mode}, n.in[0], axes, n.in[2])
	}
	if p.Value, err = n.realOf(2, "value", 0); err != nil {
		return nil, err
	}
	return n.result(p, n.in[0])
}
