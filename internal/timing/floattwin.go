package timing

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
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
		in := make([]*graph.Value, len(n.Inputs))
		for i, v := range n.Inputs {
			in[i] = values[v]
		}
		first := twin.AddNode(n.Name, n.Op, in...)
		for i, v := range n.Outputs {
			values[v] = first.Node.Outputs[i]
		}
	}
	for _, v := range g.Outputs {
		twin.Outputs = append(twin.Outputs, values[v])
	}
	return twin, nil
}

// IsConversion reports whether n only goes between codes and real numbers.
func IsConversion(n *graph.Node) bool {
	switch n.Op.(type) {
	case op.Quantize, op.Dequantize:
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
