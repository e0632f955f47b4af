package octet

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
)

// readRules gives a dynamically quantized model of an ONNX file the preset that SaveONNX wrote
// beside it. ONNX's operators have one rule for the parameters of activations, which other
// runtimes follow; octet computes by PyTorch's where the model was made for them.
func (m *Model) readRules(props map[string]string) error {
	name, ok := props[ONNXNumerics]
	if !ok || !m.quantized || !dynamicAlone(m.graph) {
		return nil
	}
	n, err := quant.ParseNumerics(name)
	if err != nil {
		return fmt.Errorf("metadata %s: %w", ONNXNumerics, err)
	}
	if n == m.graph.Numerics {
		return nil
	}
	g := m.graph.Clone()
	g.Numerics = n
	m.setGraph(g)
	m.meta.Numerics, m.madeFor = n.String(), Backend(n.String())
	return nil
}

// dynamicAlone reports whether g quantizes dynamically, and has no activations in codes with
// parameters of their own.
func dynamicAlone(g *graph.Graph) bool {
	dynamic := false
	for _, n := range g.Nodes {
		switch n.Op.(type) {
		case op.DynamicQuantize, op.DynamicLSTM, op.DynamicGRU:
			dynamic = true
		case op.Gather: // of an embedding
			continue
		}
		for _, v := range n.Outputs {
			if v.Type.DType.IsQuantized() {
				return false
			}
		}
	}
	return dynamic
}
