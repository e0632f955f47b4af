package ptq

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// WeightOnlyOptions are those of WeightOnly.
type WeightOnlyOptions struct {
	// Exclude lists nodes that stay in float, as in Options.
	Exclude []string
	// QConfig says how weights are quantized, as codes of qint8.
	QConfig quant.QConfig
	// GroupSize is how many numbers of an output channel share a scale; 0 is all of them. A layer
	// whose channels it does not divide has a scale for each channel.
	GroupSize int
}

// WeightOnly returns the graph whose linear layers and embeddings have their weights as codes, and
// compute in float32 with the numbers that these stand for: activations are not quantized. The
// graph is fused, float and bound.
func WeightOnly(g *graph.Graph, opts WeightOnlyOptions) (*graph.Graph, *Report, error) {
	if opts.QConfig.Weight.DType != tensor.QInt8 {
		return nil, nil, fmt.Errorf("%s: the weights would be %v; qint8 is stored", g.Name, opts.QConfig.Weight.DType)
	}
	if opts.GroupSize < 0 {
		return nil, nil, fmt.Errorf("%s: groups of %d numbers; at least 1, or 0 for none", g.Name, opts.GroupSize)
	}
	for _, p := range g.Params {
		if p.Data == nil {
			return nil, nil, fmt.Errorf("%s: parameter %q is not bound; bind a float state dict before quantizing", g.Name, p.Name)
		}
	}
	excluded, err := matchNodes(g, opts.Exclude)
	if err != nil {
		return nil, nil, err
	}
	p := &Prepared{Graph: g, Calibrated: g, QConfig: opts.QConfig}
	c := weightConverter{dynamicConverter{converter: newConverter(p, quant.ONNX)}, opts, map[weightForm]*graph.Value{}}
	c.out.Numerics = quant.ONNX
	made := 0
	for _, n := range c.out.Nodes {
		d := Decision{Node: n.Name, Kind: Real}
		if pattern, ok := excluded[n.Name]; ok {
			d = Decision{Node: n.Name, Reason: Excluded, Text: fmt.Sprintf("excluded by %q", pattern)}
		} else if reason, text := c.floatReason(n); reason != NotFloat {
			d = Decision{Node: n.Name, Reason: reason, Text: text}
		} else if err := c.node(n); err != nil {
			return nil, nil, fmt.Errorf("%s: node %q: %w", g.Name, n.Name, err)
		}
		p.Decisions = append(p.Decisions, d)
		if d.Reason != NotFloat {
			n.Note = "kept float: " + d.Text
			continue
		}
		made++
	}
	if made == 0 {
		return nil, nil, fmt.Errorf("%s: no weight would be quantized: %s", g.Name, firstReasons(p.Decisions))
	}
	c.out.Prune()
	if err := c.report.finish(p, c.out); err != nil {
		return nil, nil, err
	}
	return c.out, c.report, nil
}

// weightConverter stores weights as codes.
type weightConverter struct {
	dynamicConverter
	opts  WeightOnlyOptions
	coded map[weightForm]*graph.Value
}

// weightForm is a weight, cut into so many groups.
type weightForm struct {
	float  *graph.Value
	groups int
}

// floatReason says why a node has no weight in codes, NotFloat where it has one.
func (c *weightConverter) floatReason(n *graph.Node) (Reason, string) {
	w := op.WeightOf(n)
	_, linear := n.Op.(op.Linear)
	switch {
	case c.table(n) != nil:
		return NotFloat, ""
	case w == nil:
		return Unweighted, "only weights are quantized"
	case !linear:
		return NoInt8Form, fmt.Sprintf("%s keeps its weight in float; those of linear layers and embeddings are quantized", n.Op.Kind())
	case w.Role != graph.Parameter:
		return ComputedWeight, "its weight is computed"
	case n.Inputs[0].Role == graph.Parameter:
		return ConstantOperand, "an operand is a constant"
	}
	return NotFloat, ""
}

// node gives n its weight in codes.
func (c *weightConverter) node(n *graph.Node) error {
	l, linear := n.Op.(op.Linear)
	if !linear {
		codes, err := c.weight(n, n.Inputs[0], 1)
		n.Op, n.Inputs[0] = op.WeightOnlyEmbedding{}, codes
		return err
	}
	groups := 1
	if k := n.Inputs[1].Data.Dim(1); c.opts.GroupSize > 0 && k%c.opts.GroupSize == 0 {
		groups = k / c.opts.GroupSize
	}
	codes, err := c.weight(n, n.Inputs[1], groups)
	n.Op, n.Inputs[1] = op.WeightOnlyLinear{Linear: l, Groups: groups}, codes
	return err
}

// weight is w in codes, which nodes share that share it. Its rows are cut into so many groups.
func (c *weightConverter) weight(n *graph.Node, w *graph.Value, groups int) (*graph.Value, error) {
	form := weightForm{w, groups}
	if c.coded[form] == nil {
		if err := w.Data.Load(); err != nil {
			return nil, err
		}
		rows := w.Data.Dim(0) * groups
		q, err := QuantizeWeight(tensor.Of(w.Data.Float32s(), rows, w.Data.Numel()/rows), c.p.QConfig.Weight)
		if err != nil {
			return nil, fmt.Errorf("weight %q: %w", w.Name, err)
		}
		c.coded[form] = c.out.AddConst(c.unique(w.Name+".codes"), q)
	}
	c.report.weight(n.Name, w.Data, c.coded[form].Data)
	return c.coded[form], nil
}

// isWeightOnly reports whether n computes in float32 with a weight in codes.
func isWeightOnly(n *graph.Node) bool {
	switch n.Op.(type) {
	case op.WeightOnlyLinear, op.WeightOnlyEmbedding:
		return true
	}
	return false
}
