package samegraph

import (
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
)

// Holders finds, for each node of a program that quantizes an activation, the node of the model made
// of it whose codes are its: that node, or the operator in front that computes on codes. It returns
// their names by that of the model's node: several where codes are quantized once more.
func Holders(program, model *graph.Graph) map[string][]string {
	types := map[string]graph.Type{}
	for _, n := range model.Nodes {
		types[n.Name] = n.Output().Type
	}
	found := map[string][]string{}
	for _, q := range program.Nodes {
		if _, ok := q.Op.(op.Quantize); !ok || strings.Contains(q.Name, "/") {
			continue
		}
		for v := q.Output(); v.Node != nil; v = v.Node.Inputs[0] {
			if own := types[v.Node.Name]; own.DType == q.Output().Type.DType && own.Q.Equal(q.Output().Type.Q) {
				found[v.Node.Name] = append(found[v.Node.Name], q.Name)
				break
			}
		}
	}
	return found
}
