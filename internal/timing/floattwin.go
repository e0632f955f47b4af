package timing

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// FloatTwin is g computed in float32: the same nodes under the same names with
// dequantized weights, without Quantize and Dequantize.
func FloatTwin(g *graph.Graph) (*graph.Graph, error) {
	twin := graph.New(g.Name)
	values := map[*graph.Value]*graph.Value{}
	for _, v := range g.Inputs {
		values[v] = twin.AddInput(v.Name, v.Type)
	}
	for _, v := range g.Params {
		data := v.Data
		if data.DType().IsQuantized() {
			var err error
			if data, err = quant.Dequantize(data); err != nil {
				return nil, fmt.Errorf("parameter %q: %w", v.Name, err)
			}
		}
		values[v] = twin.AddConst(v.Name, data)
	}
	for _, n := range g.Nodes {
		if IsConversion(n) {
			values[n.Output()] = values[n.Inputs[0]]
			continue
		}
		o, operands := static(n)
		in := make([]*graph.Value, len(operands))
		for i, v := range operands {
			if in[i] = values[v]; in[i] == nil { // the scale or the zero point of dynamic codes
				return nil, fmt.Errorf("%q reads the parameters of codes: it has no float form", n.Name)
			}
		}
		if r, ok := o.(interface{ Directions() int }); ok && len(in[1].Type.Shape) == 2 {
			in[1], in[2] = byDirection(twin, in[1], r.Directions()), byDirection(twin, in[2], r.Directions())
		}
		if l, ok := n.Op.(op.WeightOnlyLinear); ok {
			w := in[1].Data
			s, err := l.Matrix(w.Shape())
			if err != nil {
				return nil, fmt.Errorf("node %q: %w", n.Name, err)
			}
			in[1] = twin.AddConst(in[1].Name+"/matrix", tensor.Of(w.Float32s(), s...))
		}
		first := twin.AddNode(n.Name, o, in...)
		for i, v := range n.Outputs {
			values[v] = first.Node.Outputs[i]
		}
	}
	for _, v := range g.Outputs {
		if values[v] == nil {
			return nil, fmt.Errorf("the output %q is a parameter of codes: it has no float form", v.Name)
		}
		twin.Outputs = append(twin.Outputs, values[v])
	}
	return twin, nil
}

// static is the operator of float32 that the twin of n has, and its operands: of dynamic
// quantization the one without.
func static(n *graph.Node) (graph.Op, []*graph.Value) {
	in := n.Inputs
	switch o := n.Op.(type) {
	case op.FromIntRepr:
		return op.Cast{To: tensor.Float32}, in
	case op.DynamicConv2D:
		return o.Conv, layer(in)
	case op.DynamicLinear:
		return o.Linear, layer(in)
	case op.WeightOnlyLinear:
		return o.Linear, in
	case op.WeightOnlyEmbedding:
		return op.Gather{}, in
	case op.DynamicMatMul:
		return op.MatMul{}, []*graph.Value{in[0], in[3]}
	case op.DynamicLSTM:
		return o.LSTM, in
	case op.DynamicGRU:
		return o.GRU, in
	}
	return n.Op, in
}

// layer leaves out the parameters of dynamic codes.
func layer(in []*graph.Value) []*graph.Value {
	return append([]*graph.Value{in[0]}, in[3:]...)
}

// byDirection is a weight of a recurrence, [D*G*H, K], with an axis for the directions.
func byDirection(g *graph.Graph, w *graph.Value, directions int) *graph.Value {
	s := w.Type.Shape
	return g.AddConst(w.Name+"/by_direction", tensor.Of(w.Data.Float32s(), directions, s[0]/directions, s[1]))
}

// IsConversion reports whether n only goes between codes and real numbers.
func IsConversion(n *graph.Node) bool {
	switch n.Op.(type) {
	case op.Quantize, op.Dequantize, op.DynamicQuantize, op.IntRepr:
		return true
	}
	return false
}

// OnCodes reports whether n computes on integers.
func OnCodes(n *graph.Node) bool {
	quantized := n.Output().Type.DType.IsQuantized()
	for _, v := range n.Inputs {
		quantized = quantized || v.Type.DType.IsQuantized()
	}
	return quantized && !IsConversion(n)
}

// IsDynamic reports whether n quantizes numbers by the range that they have in a run.
func IsDynamic(n *graph.Node) bool {
	switch n.Op.(type) {
	case op.DynamicQuantize, op.DynamicLSTM, op.DynamicGRU:
		return true
	}
	return false
}
