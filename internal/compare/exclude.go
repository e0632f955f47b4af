package compare

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/rewrite"
	"github.com/octet-ml/octet/internal/timing"
	"github.com/octet-ml/octet/op"
)

// Excluding returns converted with some of its int8 nodes computed in float, as
// quantizing float again without them would give, but for the calibration:
// nodes that only move codes become float behind float ones, and conversions
// stand where types meet. float is the fused graph that converted was made from.
func Excluding(float, converted *graph.Graph, exclude func(node string) bool) (*graph.Graph, error) {
	out := float.Clone()
	out.Numerics = converted.Numerics
	types := map[string]graph.Type{} // that values have where codes are needed
	floats, codes := byName(float), byName(converted)
	for _, n := range converted.Nodes {
		if !n.Output().Type.DType.IsQuantized() {
			continue
		}
		if floats[n.Name] == nil {
			types[n.Inputs[0].Name] = n.Output().Type
			continue
		}
		for _, v := range n.Outputs {
			types[v.Name] = v.Type
		}
	}
	for _, n := range out.Nodes {
		if c := codes[n.Name]; c != nil && onCodes(c) && !exclude(n.Name) {
			convert(out, n, c)
		}
	}
	dropIdleStubs(out)
	return rewrite.PlaceQDQ(out, func(name string) (graph.Type, bool) {
		t, ok := types[name]
		return t, ok
	})
}

// Convertible reports whether Excluding can make variants of converted: but for conversions it has
// the nodes of float, as an ONNX file that another tool made may not.
func Convertible(float, converted *graph.Graph) bool {
	floats, codes := byName(float), byName(converted)
	for _, n := range float.Nodes {
		if codes[n.Name] == nil && !timing.IsConversion(n) {
			return false
		}
	}
	for _, n := range converted.Nodes {
		if floats[n.Name] == nil && !timing.IsConversion(n) {
			return false
		}
	}
	return true
}

// byName are the nodes of g.
func byName(g *graph.Graph) map[string]*graph.Node {
	nodes := make(map[string]*graph.Node, len(g.Nodes))
	for _, n := range g.Nodes {
		nodes[n.Name] = n
	}
	return nodes
}

// convert gives n, of g, the operator, the types, the weight and the bias of its converted form c,
// unless n follows an input that has become float. The operator may say how codes are computed
// (op.Mean.Rescaled). A bias may have been corrected, or be new.
func convert(g *graph.Graph, n, c *graph.Node) {
	if _, follows := c.Prescribed(); follows {
		if t, ok := n.Prescribed(); ok {
			for _, v := range n.Outputs {
				v.Type = t
			}
		}
		return
	}
	n.Op = c.Op
	for i, v := range n.Outputs {
		v.Type = graph.Type{DType: c.Outputs[i].Type.DType, Q: c.Outputs[i].Type.Q}
	}
	if w := op.WeightOf(n); w != nil {
		w.Data, w.Type = op.WeightOf(c).Data, op.WeightOf(c).Type
		bias(g, n, c)
	}
}

// bias gives n, a layer with a weight, that of its converted form.
func bias(g *graph.Graph, n, c *graph.Node) {
	if len(c.Inputs) < 3 || c.Inputs[2].Role != graph.Parameter {
		return
	}
	from := c.Inputs[2]
	if len(n.Inputs) > 2 {
		n.Inputs[2].Data, n.Inputs[2].Type = from.Data, from.Type
		return
	}
	v := &graph.Value{Name: from.Name, Role: graph.Parameter, Type: from.Type, Data: from.Data}
	g.Params = slices.Insert(g.Params, slices.Index(g.Params, n.Inputs[1])+1, v)
	n.Inputs = append(n.Inputs, v)
}

// dropIdleStubs makes stubs float whose codes no int8 node reads.
func dropIdleStubs(g *graph.Graph) {
	for _, n := range g.Nodes {
		if _, ok := n.Op.(op.Quantize); !ok || !n.Output().Type.DType.IsQuantized() {
			continue
		}
		wanted := false
		for _, reader := range g.Consumers(n.Output()) {
			wanted = wanted || reader.Output().Type.DType.IsQuantized()
		}
		if !wanted {
			n.Output().Type = graph.Float32
		}
	}
}
