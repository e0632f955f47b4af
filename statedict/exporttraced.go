package statedict

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/torch"
)

// ExportTraced returns the state dict that FX graph mode's convert_fx gives of the model whose
// converted graph is g. Files of eager mode have no place for what only FX graph mode does: it
// quantizes the parts of a chunk again, as in ShuffleNet, and leaves ReLU6 an operator of its
// own. Its files have no modules for functions: their parameters are attributes of the root
// module.
func ExportTraced(g *graph.Graph) (*torch.StateDict, error) {
	eager, err := ExportStateDict(g)
	if err != nil {
		return nil, err
	}
	out := &torch.StateDict{Metadata: eager.Metadata, Source: eager.Source}
	modules := &torch.StateDict{} // under the keys of eager mode
	names := map[string]string{}
	for _, n := range g.Nodes {
		for from, to := range attributesOf(g, n) {
			names[from] = to
		}
	}
	for _, idle := range g.Idle { // which FX graph mode drops
		names[idle+".scale"], names[idle+".zero_point"] = "", ""
		delete(out.Metadata, idle)
	}
	for _, k := range eager.Keys() {
		v, _ := eager.Entry(k)
		name, attribute := names[k]
		switch {
		case !attribute:
			modules.Set(k, v)
		case name == "": // belongs to no node
		case out.Has(name):
			return nil, fmt.Errorf("%s: %q and another value would be %q in FX graph mode", g.Name, k, name)
		default:
			out.SetTensor(name, v.(*torch.Tensor).Data.Reshape())
		}
	}
	for _, k := range modules.Keys() {
		v, _ := modules.Entry(k)
		out.Set(k, v)
	}
	return out, nil
}

// attributesOf are the keys of eager mode for the parameters of a node's result that FX graph
// mode keeps elsewhere; empty where it has none: a concatenation has those of its operand.
func attributesOf(g *graph.Graph, n *graph.Node) map[string]string {
	prefix, part := "", "0"
	switch n.Op.(type) {
	case op.Cat:
		return map[string]string{n.Name + ".scale": "", n.Name + ".zero_point": ""}
	case op.Quantize:
		if chunk := n.Inputs[0].Node; chunk != nil && isPart(chunk) {
			prefix, part = tracedPath(parentOf(parentOf(chunk.Name))), chunk.Name[len(chunk.Name)-1:]
		} else {
			prefix = tracedPath(g.Consumers(n.Output())[0].Name) + "_input"
		}
	case op.Add, op.Mul:
		prefix = tracedPath(parentOf(n.Name))
	default:
		return nil
	}
	return map[string]string{n.Name + ".scale": prefix + "_scale_" + part, n.Name + ".zero_point": prefix + "_zero_point_" + part}
}
