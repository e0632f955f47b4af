package statedict

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/torch"
)

func isWeighted(n *graph.Node) bool {
	switch n.Op.(type) {
	case op.Conv2D, op.Linear:
		return true
	}
	return false
}

// keptFloat reports whether the file holds a float weight for a layer.
func keptFloat(sd *torch.StateDict, n *graph.Node) bool {
	if !isWeighted(n) {
		return false
	}
	if w, ok := sd.Tensor(n.Name + ".weight"); ok {
		return !w.DType().IsQuantized()
	}
	w, _, err := Linear(sd, n.Name)
	return err == nil && !w.DType().IsQuantized()
}

// movedStub returns the name of a stub of g whose readers are all float in the file: it was
// moved behind the excluded layers, and holds the parameters of the first value that is
// quantized there. "" when there is none.
func movedStub(g *graph.Graph, sd *torch.StateDict) string {
	for _, n := range g.Nodes {
		if _, ok := n.Op.(op.Quantize); !ok {
			continue
		}
		readers := g.Consumers(n.Output())
		if len(readers) > 0 && !slices.ContainsFunc(readers, func(r *graph.Node) bool { return !keptFloat(sd, r) }) {
			return n.Name
		}
	}
	return ""
}
