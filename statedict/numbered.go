package statedict

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/octet-ml/octet/graph"
	passes "github.com/octet-ml/octet/internal/rewrite"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/torch"
)

// FX graph mode (prepare_fx, prepare_qat_fx) numbers the observers of a model in the order in
// which tracing meets the observed values: activation_post_process_0 is that of the input.
// Eager mode keeps the same observers in the modules.

// numberedObserver begins the keys of such observers.
const numberedObserver = "activation_post_process_"

// IsNumbered reports whether a state dict is that of a model prepared in FX graph
// mode, perhaps below a prefix.
func IsNumbered(sd *torch.StateDict) bool {
	return slices.ContainsFunc(sd.Keys(), func(k string) bool {
		return strings.HasPrefix(k, numberedObserver) || strings.Contains(k, "."+numberedObserver)
	})
}

// observersIn is how many numbered observers a state dict has.
func observersIn(sd *torch.StateDict) int {
	most := 0
	for _, k := range sd.Keys() {
		if n, _, ok := numberOf(k); ok {
			most = max(most, n+1)
		}
	}
	return most
}

// numberOf splits a key into its number and the rest.
func numberOf(key string) (n int, rest string, ok bool) {
	text, ok := strings.CutPrefix(key, numberedObserver)
	if !ok {
		return 0, "", false
	}
	text, rest, ok = strings.Cut(text, ".")
	n, err := strconv.Atoi(text)
	return n, "." + rest, ok && err == nil && n >= 0
}

// numbering is how FX graph mode numbers the observers of a graph.
type numbering struct {
	paths []string // by number: the path of eager mode, "" of what has no parameters of its own
	head  int      // the number of the last linear layer's result, -1 without one
	parts map[string]bool
}

// numberingOf follows the fused graph g in the order of tracing.
func numberingOf(g *graph.Graph) *numbering {
	c := &numbering{head: -1, parts: map[string]bool{}}
	for _, n := range traceOrder(g) {
		for _, v := range n.Inputs {
			// The parts of a chunk are observed at their readers.
			if v.Node != nil && isPart(v.Node) && !c.parts[v.Node.Name] {
				c.parts[v.Node.Name] = true
				c.paths = append(c.paths, v.Node.Name+".quant")
			}
		}
		c.node(n)
	}
	return c
}

// traceOrder is the order in which a model computes its nodes. Graphs list them as
// PyTorch registers modules, which for concatenations may be later.
func traceOrder(g *graph.Graph) []*graph.Node {
	var order []*graph.Node
	seen := map[*graph.Node]bool{}
	waits := func(v *graph.Value) bool { return v.Node != nil && !seen[v.Node] }
	var add func(n *graph.Node)
	add = func(n *graph.Node) {
		if seen[n] {
			return
		}
		seen[n] = true
		order = append(order, n)
		for _, reader := range g.Consumers(n.Output()) {
			if _, ok := reader.Op.(op.Cat); ok && !slices.ContainsFunc(reader.Inputs, waits) {
				add(reader)
			}
		}
	}
	for _, n := range g.Nodes {
		add(n)
	}
	return order
}

func isPart(n *graph.Node) bool {
	_, ok := n.Op.(op.Slice)
	return ok
}

// node numbers the result of one node.
func (c *numbering) node(n *graph.Node) {
	path := ""
	if _, cat := n.Op.(op.Cat); observed(n) && !cat {
		path = n.Name
	}
	switch n.Op.(type) {
	case op.Dequantize, op.Affine, op.Slice:
		return
	case op.ChannelShuffle: // view, transpose, contiguous, view
		c.paths = append(c.paths, "", "", "")
	case op.Linear:
		c.head = len(c.paths)
	}
	c.paths = append(c.paths, path)
	if op.ClampOf(n.Op) == quant.ReLU6 {
		c.paths = append(c.paths, "") // not fused with its producer in FX graph mode
	}
}

// counts reports whether a model has n observers. Dropout in front of its last layer, which
// graphs leave out, adds one.
func (c *numbering) counts(n int) bool {
	return n == len(c.paths) || n == len(c.paths)+1 && c.head >= 0
}

// named returns the observers of a model prepared in FX graph mode under the keys of
// eager mode, for the fused graph g, and the parts of chunks that have some.
func named(g *graph.Graph, sd *torch.StateDict) (*torch.StateDict, map[string]bool, error) {
	c := numberingOf(g)
	n := observersIn(sd)
	if !c.counts(n) {
		why, remedy := "", "call convert_fx(model) and save the state dict of its result, which octet runs"
		if mayTransform(g) {
			why, remedy = ", or the input is transformed (transform_input=True)", "with transform_input=True, "+transformRemedy(g)+"; otherwise "+remedy
		}
		return nil, nil, &torch.Error{File: sd.Source,
			Err:    fmt.Errorf("the model was prepared in FX graph mode with %d observers, where %s has %d: layers were added, left out or excluded%s, and numbers do not say which", n, g.Name, len(c.paths), why),
			Remedy: remedy}
	}
	dropout := n > len(c.paths)
	out := &torch.StateDict{Metadata: sd.Metadata, Stripped: sd.Stripped, Source: sd.Source, Extra: sd.Extra}
	for _, k := range sd.Keys() {
		v, _ := sd.Entry(k)
		n, rest, ok := numberOf(k)
		if !ok {
			out.Set(k, v)
			continue
		}
		switch {
		case dropout && n == c.head:
			continue
		case dropout && n > c.head:
			n--
		}
		if path := c.paths[n]; path != "" {
			out.Set(path+actQuant+rest, v)
		}
	}
	c.share(g, out)
	return out, c.parts, nil
}

// share gives concatenations the observer of their first operand, whose parameters they have.
func (c *numbering) share(g *graph.Graph, sd *torch.StateDict) {
	for _, n := range g.Nodes {
		if _, ok := n.Op.(op.Cat); !ok {
			continue
		}
		from := c.origin(n.Inputs[0]) + actQuant + "."
		for _, k := range slices.Clone(sd.Keys()) {
			if rest, ok := strings.CutPrefix(k, from); ok {
				v, _ := sd.Entry(k)
				sd.Set(n.Name+actQuant+"."+rest, v)
			}
		}
	}
}

// origin is the path of the observer that holds for a value: that of the input, for operators
// that keep their input's parameters.
func (c *numbering) origin(v *graph.Value) string {
	for v.Node != nil {
		switch {
		case c.parts[v.Node.Name]:
			return v.Node.Name + ".quant"
		case observed(v.Node):
			return v.Node.Name
		}
		v = v.Node.Inputs[0]
	}
	return ""
}

// clampsObserved reports whether the clamps of g, built as the quantizable model,
// had observers of their own.
func clampsObserved(g *graph.Graph, sd *torch.StateDict) bool {
	fused, _, err := passes.Fuse(g)
	if err != nil {
		return false
	}
	c, n := numberingOf(fused), observersIn(sd)
	if c.counts(n) {
		return false
	}
	for _, m := range g.Nodes {
		if _, ok := m.Op.(op.Clamp); ok {
			c.paths = append(c.paths, "")
		}
	}
	return c.counts(n)
}
