package onnx

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
)

func readQLinearConv(n *node) ([]*graph.Value, error) {
	x, err := n.codes(0)
	if err != nil {
		return nil, err
	}
	weight, err := n.weight(3, 0)
	if err != nil {
		return nil, err
	}
	out, err := n.one(6)
	if err != nil {
		return nil, err
	}
	shape := weight.Data.Shape()
	if len(shape) != 4 {
		return nil, fmt.Errorf("weight of shape %v: two spatial axes are read", shape)
	}
	w, err := n.window(shape[2:])
	if err != nil {
		return nil, err
	}
	groups, err := n.number("group", 1)
	if err != nil {
		return nil, err
	}
	in := []*graph.Value{x, weight}
	if n.has(8) {
		b, err := n.bias(8, x.Type.Q, weight.Data.QParams())
		if err != nil {
			return nil, err
		}
		in = append(in, b)
	}
	return n.typed(out, w.conv(groups), in...)
}

// qlinearPair reads a function of two activations, each with its parameters.
func qlinearPair(o graph.Op) importer {
	return func(n *node) ([]*graph.Value, error) {
		a, err := n.codes(0)
		if err != nil {
			return nil, err
		}
		b, err := n.codes(3)
		if err != nil {
			return nil, err
		}
		out, err := n.one(6)
		if err != nil {
			return nil, err
		}
		return n.typed(out, o, a, b)
	}
}

// qlinearUnary reads a function of one activation. Where the operator has no rule for codes of the
// result's parameters, the function is applied to what the codes stand for.
func qlinearUnary(o graph.Op) importer {
	return func(n *node) ([]*graph.Value, error) {
		x, err := n.codes(0)
		if err != nil {
			return nil, err
		}
		out, err := n.one(3)
		if err != nil {
			return nil, err
		}
		takes := func(o graph.Op) bool {
			return slices.ContainsFunc(o.Signatures(), func(s graph.Signature) bool {
				return s.Matches([]graph.Type{x.Type}, []graph.Type{out})
			})
		}
		if takes(o) {
			return n.typed(out, o, x)
		}
		if average, ok := o.(op.Averaging); ok && takes(average.Rescale()) {
			return n.typed(out, average.Rescale(), x)
		}
		return n.throughReals(out, o, x)
	}
}

func readQLinearLeakyRelu(n *node) ([]*graph.Value, error) {
	slope, err := n.real("alpha", 0.01)
	if err != nil {
		return nil, err
	}
	return qlinearUnary(op.LeakyReLU{Slope: slope})(n)
}

// readQLinearGlobalAveragePool averages on codes over the two axes of images.
func readQLinearGlobalAveragePool(n *node) ([]*graph.Value, error) {
	last, err := n.flag("channels_last", false)
	if err != nil {
		return nil, err
	}
	if last {
		return nil, fmt.Errorf("channels_last is not read")
	}
	return qlinearUnary(op.Mean{Axes: []int{2, 3}, KeepDim: true})(n)
}

func readQLinearConcat(n *node) ([]*graph.Value, error) {
	axis, err := n.number("axis", 0)
	if err != nil {
		return nil, err
	}
	out, err := n.one(0)
	if err != nil {
		return nil, err
	}
	if len(n.in) < 5 || (len(n.in)-2)%3 != 0 {
		return nil, fmt.Errorf("%d inputs", len(n.in))
	}
	var in []*graph.Value
	same := true
	for i := 2; i < len(n.in); i += 3 {
		x, err := n.codes(i)
		if err != nil {
			return nil, err
		}
		same = same && x.Type.DType == out.DType
		in = append(in, x)
	}
	if same {
		return n.typed(out, op.Cat{Axis: axis}, in...)
	}
	return n.throughReals(out, op.Cat{Axis: axis}, in...)
}

func readQGemm(n *node) ([]*graph.Value, error) {
	alpha, err := n.real("alpha", 1)
	if err != nil {
		return nil, err
	}
	transA, err := n.flag("transA", false)
	if err != nil {
		return nil, err
	}
	transB, err := n.flag("transB", false)
	if err != nil {
		return nil, err
	}
	if alpha != 1 || transA {
		return nil, fmt.Errorf("alpha %v, transA %v: 1 and false are read", alpha, transA)
	}
	x, err := n.codes(0)
	if err != nil {
		return nil, err
	}
	axis := 1
	if transB {
		axis = 0
	}
	weight, err := n.weight(3, axis)
	if err != nil {
		return nil, err
	}
	if !transB {
		if weight, err = n.transposedCodes(weight); err != nil {
			return nil, err
		}
	}
	in := []*graph.Value{x, weight}
	if n.has(6) {
		b, err := n.bias(6, x.Type.Q, weight.Data.QParams())
		if err != nil {
			return nil, err
		}
		in = append(in, b)
	}
	if !n.has(7) {
		n.integer()
		v := n.Graph.AddNode(n.first(), op.Linear{}, in...)
		return []*graph.Value{v}, v.Node.CheckSignature()
	}
	out, err := n.one(7)
	if err != nil {
		return nil, err
	}
	return n.typed(out, op.Linear{}, in...)
}

// readQLinearMatMul makes a Linear of a product with a constant matrix, as readMatMul does.
func readQLinearMatMul(n *node) ([]*graph.Value, error) {
	a, err := n.codes(0)
	if err != nil {
		return nil, err
	}
	out, err := n.one(6)
	if err != nil {
		return nil, err
	}
	if n.has(3) && n.in[3].Role == graph.Parameter && len(n.in[3].Type.Shape) == 2 {
		weight, err := n.weight(3, 1)
		if err != nil {
			return nil, err
		}
		if weight, err = n.transposedCodes(weight); err != nil {
			return nil, err
		}
		return n.typed(out, op.Linear{}, a, weight)
	}
	b, err := n.codes(3)
	if err != nil {
		return nil, err
	}
	return n.typed(out, op.MatMul{}, a, b)
}

// throughReals adds an operator that is computed on the numbers that codes stand for, and whose
// result is codes of type t.
func (n *node) throughReals(t graph.Type, o graph.Op, in ...*graph.Value) ([]*graph.Value, error) {
	reals := slices.Clone(in)
	for i, x := range in {
		if !x.Type.DType.IsQuantized() {
			continue
		}
		var err error
		if reals[i], err = n.step(op.Dequantize{}, x); err != nil {
			return nil, err
		}
	}
	y, err := n.step(o, reals...)
	if err != nil {
		return nil, err
	}
	return n.typed(t, op.Quantize{}, y)
}

func readQLinearWhere(n *node) ([]*graph.Value, error) {
	x, err := n.codes(1)
	if err != nil {
		return nil, err
	}
	y, err := n.codes(4)
	if err != nil {
		return nil, err
	}
	out, err := n.one(7)
	if err != nil {
		return nil, err
	}
	return n.throughReals(out, op.Where{}, n.in[0], x, y)
}

// readQLinearSoftmax reads a softmax along an axis, or, before opset 13, over all axes from it on.
func readQLinearSoftmax(n *node) ([]*graph.Value, error) {
	opset, err := n.number("opset", 13)
	if err != nil {
		return nil, err
	}
	axis, several, err := n.softmaxAxis(opset)
	if err != nil {
		return nil, err
	}
	if several {
		return nil, fmt.Errorf("axis %d of opset %d, over all axes behind it: only the last axis is read", axis, opset)
	}
	x, err := n.codes(0)
	if err != nil {
		return nil, err
	}
	out, err := n.one(3)
	if err != nil {
		return nil, err
	}
	return n.throughReals(out, op.Softmax{Axis: axis}, x)
}
