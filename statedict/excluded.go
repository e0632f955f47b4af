package statedict

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/torch"
)

// What is excluded by hand (qconfig = None) stays as it was fused: a convolution
// with its ReLU is a Sequential, whose first member holds the weight.

// joinFloat returns the state dict with the float weights of such layers of the
// fused graph g under the names of the layers.
func joinFloat(g *graph.Graph, sd *torch.StateDict) *torch.StateDict {
	names := map[string]string{}
	for _, n := range g.Nodes {
		if isWeighted(n) && !sd.Has(n.Name+".weight") && sd.Has(n.Name+".0.weight") {
			names[n.Name+".0.weight"], names[n.Name+".0.bias"] = n.Name+".weight", n.Name+".bias"
		}
	}
	if len(names) == 0 {
		return sd
	}
	out := &torch.StateDict{Metadata: sd.Metadata, Stripped: sd.Stripped, Source: sd.Source, Extra: sd.Extra}
	for _, k := range sd.Keys() {
		v, _ := sd.Entry(k)
		if as, ok := names[k]; ok {
			k = as
		}
		out.Set(k, v)
	}
	return out
}

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

// movedStub returns the name of a stub of g whose readers are all float in the
// file: it was moved behind the layers that were excluded, and its parameters are
// those of the first value that is quantized after all. "" when there is none.
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
