package onnx

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Format is how codes are written.
type Format uint8

// The formats.
const (
	// QDQ writes a node on codes as the float node between DequantizeLinear and
	// QuantizeLinear, which runtimes fuse.
	QDQ Format = iota
	// QOperator writes operators that take and give codes, some of ONNX Runtime's own domain;
	// what has none is written as QDQ.
	QOperator
)

var formatNames = []string{"qdq", "qoperator"}

// String is the format's name.
func (f Format) String() string {
	if int(f) >= len(formatNames) {
		return fmt.Sprintf("Format(%d)", int(f))
	}
	return formatNames[f]
}

// Formats are the names of the formats.
func Formats() []string { return formatNames }

// ParseFormat returns the format of a name.
func ParseFormat(name string) (Format, error) {
	if i := slices.Index(formatNames, name); i >= 0 {
		return Format(i), nil
	}
	return 0, fmt.Errorf("format %q; it is qdq or qoperator", name)
}

// microsoft is ONNX Runtime's own domain.
const microsoft = "com.microsoft"

// absorb makes nodes between Dequantize and Quantize nodes on codes where there is an operator
// for it. Graphs keep them apart where octet has no rule for their codes.
func (w *writer) absorb() {
	for _, n := range w.graph.Nodes {
		if !absorbed(n.Op) {
			continue // before all nodes are searched for readers
		}
		readers := w.graph.Consumers(n.Output())
		if len(readers) != 1 || w.graph.IsOutput(n.Output()) {
			continue
		}
		q := readers[0]
		if _, ok := q.Op.(op.Quantize); !ok || !q.Output().Type.DType.IsQuantized() {
			continue
		}
		in := make([]*graph.Value, len(n.Inputs))
		for i, v := range n.Inputs {
			if in[i] = behind(v); in[i] == nil || in[i].Type.DType != q.Output().Type.DType {
				in = nil
				break
			}
		}
		if in == nil {
			continue
		}
		n.Inputs, n.Output().Type = in, q.Output().Type
		w.graph.ReplaceUses(q.Output(), n.Output())
	}
	w.graph.Prune()
}

// absorbed reports whether an operator of ONNX Runtime's has any scales.
func absorbed(o graph.Op) bool {
	switch o.(type) {
	case op.Sigmoid, op.LeakyReLU, op.AvgPool2D, op.AdaptiveAvgPool2D, op.Mean, op.Cat, op.Add, op.Mul:
		return op.ClampOf(o) == quant.NoActivation
	}
	return false
}

// behind returns the codes that v is dequantized from, nil where it is not.
func behind(v *graph.Value) *graph.Value {
	if v.Node == nil {
		return nil
	}
	if _, ok := v.Node.Op.(op.Dequantize); !ok || !v.Node.Inputs[0].Type.DType.IsQuantized() {
		return nil
	}
	return v.Node.Inputs[0]
}

// integers writes a node on codes as an operator on codes, and reports whether there is one.
func (e *emission) integers() (bool, error) {
	for _, v := range e.node.Outputs {
		if !v.Type.DType.IsQuantized() {
			return false, nil
		}
	}
	if clampShows(e.node) {
		return false, nil
	}
	if e.onlyMoves() {
		return true, e.moved()
	}
	if !e.betweenCodes() {
		return false, nil
	}
	switch o := e.node.Op.(type) {
	case op.Conv2D:
		return e.qlinearConv(o)
	case op.Linear:
		return e.qlinear()
	case op.MatMul:
		return true, e.pair("QLinearMatMul", "")
	case op.Add:
		return true, e.pair("QLinearAdd", microsoft)
	case op.Mul:
		return true, e.pair("QLinearMul", microsoft)
	case op.Cat:
		return true, e.qlinearConcat(o)
	case op.Sigmoid:
		return true, e.single("QLinearSigmoid")
	case op.LeakyReLU:
		return true, e.single("QLinearLeakyRelu", floatAttr("alpha", o.Slope))
	case op.AvgPool2D:
		return true, e.single("QLinearAveragePool", e.averaging(o)...)
	case op.AdaptiveAvgPool2D:
		if o.Output != [2]int{1, 1} {
			return false, nil
		}
		return true, e.single("QLinearGlobalAveragePool")
	case op.Mean:
		if e.rank(e.node.Inputs[0]) != 4 || !o.OverImage() {
			return false, nil
		}
		return true, e.qlinearMean(o)
	}
	return false, nil
}

// betweenCodes reports whether the activations are codes of one type, as kernels are for.
func (e *emission) betweenCodes() bool {
	in := e.node.Inputs
	if _, weighted := e.node.Op.(op.Weighted); weighted {
		if !in[1].Type.DType.IsQuantized() {
			return false
		}
		in = in[:1]
	}
	for _, v := range in {
		if v.Type.DType != e.node.Output().Type.DType {
			return false
		}
	}
	return true
}

// onlyMoves reports whether the node gives codes of its first operand as they are.
func (e *emission) onlyMoves() bool {
	x := e.node.Inputs[0].Type
	for _, v := range e.node.Outputs {
		if v.Type.DType != x.DType || !x.DType.IsQuantized() || !v.Type.Q.Equal(x.Q) {
			return false
		}
	}
	switch o := e.node.Op.(type) {
	case op.DepthToSpace, op.SpaceToDepth:
		return x.DType == tensor.QUInt8 // ONNX Runtime has no kernel for int8
	case op.MaxPool2D:
		return e.export.Opset >= 12
	case op.Resize:
		return o.Mode == "nearest"
	case op.Mover:
		return true
	}
	return false
}

// moved writes the node on codes.
func (e *emission) moved() error {
	e.coded = true
	for i, v := range e.node.Inputs {
		name, err := "", error(nil)
		if i == 0 {
			name, err = e.code(v)
		} else {
			name, err = e.real(v)
		}
		if err != nil {
			return err
		}
		e.in = append(e.in, name)
	}
	for _, v := range e.node.Outputs {
		name := e.unique(v.Name)
		e.out, e.codes[v] = append(e.out, name), name
	}
	return e.emit()
}

// operand returns the names of the codes of v, of their scale and of their zero point.
func (e *emission) operand(v *graph.Value) ([]string, error) {
	codes, err := e.code(v)
	if err != nil {
		return nil, err
	}
	params, err := e.scales(v.Type)
	return append([]string{codes}, params...), err
}

// integer writes an operator on codes that takes the scale and the zero point of the node's
// result between the operands in and those of more.
func (e *emission) integer(kind, domain string, in, more []string, attrs ...*onnxpb.AttributeProto) error {
	v := e.node.Output()
	params, err := e.scales(v.Type)
	if err != nil {
		return err
	}
	e.codes[v] = e.unique(v.Name)
	e.addIn(domain, kind, append(append(in, params...), more...), e.codes[v], attrs...)
	return e.tooNew
}

// addIn is add for a domain.
func (w *writer) addIn(domain, kind string, in []string, out string, attrs ...*onnxpb.AttributeProto) {
	w.add(kind, in, out, attrs...)
	if domain != "" {
		w.out.Node[len(w.out.Node)-1].Domain = new(domain)
		w.contributed = true
	}
}

// pair writes a function of two activations.
func (e *emission) pair(kind, domain string) error {
	a, err := e.operand(e.node.Inputs[0])
	if err != nil {
		return err
	}
	b, err := e.operand(e.node.Inputs[1])
	if err != nil {
		return err
	}
	return e.integer(kind, domain, append(a, b...), nil)
}

// single writes a function of one activation.
func (e *emission) single(kind string, attrs ...*onnxpb.AttributeProto) error {
	x, err := e.operand(e.node.Inputs[0])
	if err != nil {
		return err
	}
	return e.integer(kind, microsoft, x, nil, attrs...)
}

// qlinearConv needs an int32 bias.
func (e *emission) qlinearConv(o op.Conv2D) (bool, error) {
	bias, ok, err := e.intBias()
	if !ok || err != nil {
		return false, err
	}
	attrs, err := e.convolution(o)
	if err != nil {
		return false, err
	}
	in, err := e.operand(e.node.Inputs[0])
	if err != nil {
		return false, err
	}
	weight, err := e.operand(e.node.Inputs[1])
	if err != nil {
		return false, err
	}
	return true, e.integer("QLinearConv", "", append(in, weight...), bias, attrs...)
}

// qlinear writes a QGemm where x is a matrix, otherwise a QLinearMatMul, which has no bias.
func (e *emission) qlinear() (bool, error) {
	x, weight := e.node.Inputs[0], e.node.Inputs[1]
	matrix := e.rank(x) == 2
	if weight.Data == nil || !matrix && len(e.node.Inputs) > 2 {
		return false, nil
	}
	bias, ok, err := e.intBias()
	if !ok || err != nil {
		return false, err
	}
	in, err := e.operand(x)
	if err != nil {
		return false, err
	}
	if !matrix {
		codes, t, err := e.turnedCodes(weight)
		if err != nil {
			return false, err
		}
		params, err := e.scales(t)
		if err != nil {
			return false, err
		}
		return true, e.integer("QLinearMatMul", "", append(append(in, codes), params...), nil)
	}
	w, err := e.operand(weight)
	if err != nil {
		return false, err
	}
	if bias == nil {
		bias = []string{""}
	}
	return true, e.integer("QGemm", microsoft, append(append(in, w...), bias...), nil, intAttr("transB", 1))
}

func (e *emission) qlinearConcat(o op.Cat) error {
	in, err := e.scales(e.node.Output().Type)
	if err != nil {
		return err
	}
	in = append([]string{}, in...)
	for _, v := range e.node.Inputs {
		x, err := e.operand(v)
		if err != nil {
			return err
		}
		in = append(in, x...)
	}
	v := e.node.Output()
	e.codes[v] = e.unique(v.Name)
	e.addIn(microsoft, "QLinearConcat", in, e.codes[v], intAttr("axis", o.Axis))
	return nil
}

// qlinearMean is a pool, flattened where the axes of the image go.
func (e *emission) qlinearMean(o op.Mean) error {
	if o.KeepDim {
		return e.single("QLinearGlobalAveragePool")
	}
	x, err := e.operand(e.node.Inputs[0])
	if err != nil {
		return err
	}
	v := e.node.Output()
	params, err := e.scales(v.Type)
	if err != nil {
		return err
	}
	pooled := e.unique(v.Name + "/pooled")
	e.addIn(microsoft, "QLinearGlobalAveragePool", append(x, params...), pooled)
	e.codes[v] = e.unique(v.Name)
	e.add("Flatten", []string{pooled}, e.codes[v], intAttr("axis", 1))
	return nil
}
