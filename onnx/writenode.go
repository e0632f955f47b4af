package onnx

import (
	"fmt"
	"strconv"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
)

// emission is a node of the graph that is being written: as nodes of ONNX on float32,
// whole numbers or truth values, from in to out.
type emission struct {
	*writer
	node *graph.Node
	in   []string
	out  []string
	// coded is whether the nodes take and give codes.
	coded bool
}

// node writes a node, with its operands dequantized and its results quantized where they
// are codes.
func (w *writer) node(n *graph.Node) error {
	switch n.Op.(type) {
	case op.Quantize:
		return w.stub(n, n.Output().Type, w.quantize)
	case op.Dequantize:
		return w.stub(n, n.Inputs[0].Type, w.dequantize)
	}
	e := &emission{writer: w, node: n}
	if w.export.Format == QOperator {
		if done, err := e.integers(); done || err != nil {
			return err
		}
	}
	if e.readsTable() {
		return e.moved()
	}
	for i, v := range n.Inputs {
		name, err := "", error(nil)
		if _, weighted := n.Op.(op.Weighted); weighted && i == 2 {
			name, err = e.bias()
		} else if !e.own(i) {
			name, err = w.real(v)
		}
		if err != nil {
			return err
		}
		e.in = append(e.in, name)
	}
	for _, v := range n.Outputs {
		name := w.unique(v.Name)
		e.out = append(e.out, name)
		if !v.Type.DType.IsQuantized() {
			w.reals[v] = name
		}
	}
	if err := e.emit(); err != nil {
		return err
	}
	for i, v := range n.Outputs {
		if v.Type.DType.IsQuantized() {
			w.codes[v] = w.unique(v.Name + "/quantized")
			if err := w.quantize(e.out[i], v.Type, w.codes[v]); err != nil {
				return err
			}
		}
	}
	return nil
}

// emit writes the node, or says that the operator set has no such operator.
func (e *emission) emit() error {
	if err := e.write(); err != nil {
		return err
	}
	return e.tooNew
}

// stub writes Quantize or Dequantize between float32 and t. In a float graph it does
// nothing.
func (w *writer) stub(n *graph.Node, t graph.Type, write func(string, graph.Type, string) error) error {
	x, y := n.Inputs[0], n.Output()
	if !t.DType.IsQuantized() {
		name, err := w.real(x)
		w.reals[y], w.aliased[y] = name, true
		return err
	}
	from, names := w.real, w.codes
	if x.Type.DType.IsQuantized() {
		from, names = w.code, w.reals
	}
	name, err := from(x)
	if err != nil {
		return err
	}
	names[y] = w.unique(y.Name)
	return write(name, t, names[y])
}

// own reports whether the writer of the node's operator writes operand i itself.
func (e *emission) own(i int) bool {
	switch e.node.Op.(type) {
	case op.Linear, op.WeightOnlyLinear:
		return i == 1
	case op.WeightOnlyEmbedding:
		return i == 0
	case op.DynamicConv2D, op.DynamicLinear:
		return i == 3
	case op.LSTM, op.GRU, op.RNN:
		return e.empty(i)
	case op.DynamicLSTM:
		return i == 1 || i == 2 || e.empty(i)
	case op.DynamicGRU:
		return i >= 1 && i <= 3 || e.empty(i)
	}
	return false
}

// result writes the node's only result, with the clamp of its operator.
func (e *emission) result(kind string, in []string, attrs ...*onnxpb.AttributeProto) error {
	if !clampShows(e.node) {
		e.add(kind, in, e.out[0], attrs...)
		return nil
	}
	return e.clamp(op.ClampOf(e.node.Op), e.step(kind, in, attrs...))
}

// clamp writes the node's result as the clamped x.
func (e *emission) clamp(act quant.Activation, x string) error {
	switch act {
	case quant.ReLU:
		e.add("Relu", []string{x}, e.out[0])
	case quant.ReLU6:
		if e.export.Opset < 11 {
			e.add("Clip", []string{x}, e.out[0], floatAttr("min", 0), floatAttr("max", 6))
			break
		}
		e.add("Clip", []string{x, e.number(0), e.number(6)}, e.out[0])
	default:
		return fmt.Errorf("the clamp %q has no operator in ONNX", act)
	}
	return nil
}

// step writes a node in front of the one that gives the result, and returns its name.
func (e *emission) step(kind string, in []string, attrs ...*onnxpb.AttributeProto) string {
	name := e.unique(e.node.Name + "/" + kind)
	e.add(kind, in, name, attrs...)
	return name
}

// between returns what a step gives as it is when the node's result is codes: quantized and
// dequantized, so that runtimes find every step between codes.
func (e *emission) between(x string) (string, error) {
	t := e.node.Output().Type
	if !t.DType.IsQuantized() || e.coded {
		return x, nil
	}
	codes, real := e.unique(x+"/quantized"), e.unique(x+"/dequantized")
	if err := e.quantize(x, t, codes); err != nil {
		return "", err
	}
	return real, e.dequantize(codes, t, real)
}

// number writes a constant without axes, once.
func (w *writer) number(v float32) string {
	key := "number " + strconv.FormatFloat(float64(v), 'g', -1, 32)
	if w.params[key] == nil {
		w.params[key] = []string{constant(w, "constant", []float32{v})}
	}
	return w.params[key][0]
}

// list writes whole numbers that an operator of ONNX takes as an operand.
func (e *emission) list(what string, v ...int64) string {
	return e.writer.list(e.node.Name+"/"+what, v...)
}

// since returns an error unless the operator set that is written is that version at least.
func (w *writer) since(opset int, what string) error {
	if w.export.Opset < opset {
		return fmt.Errorf("%s needs operator set %d; %d is written", what, opset, w.export.Opset)
	}
	return nil
}
