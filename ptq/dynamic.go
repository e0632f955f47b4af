package ptq

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// DynamicOptions are those of Dynamic.
type DynamicOptions struct {
	// Exclude lists nodes that stay in float, as in Options.
	Exclude []string
	// QConfig says how weights are quantized, as codes of qint8.
	QConfig quant.QConfig
	// ByRow gives each row of the operand of a linear layer, a token's, a range of its own, in
	// place of one for all elements.
	ByRow bool
	// ScaleOf returns the scale of a weight that was quantized already, and then dequantized, by a
	// row of it, and false for rows of float weights, whose layers stay float. nil quantizes by
	// QConfig.
	ScaleOf func(row []float32) (float64, bool)
}

// Dynamic returns the graph whose layers with constant weights take dynamically quantized
// activations: an activation is quantized by its own range in every run, or each of its rows
// by that of the row, so that nothing is calibrated. Weights are quantized now, results are float32, and layers that read the same
// value read the same codes. The graph is fused, float and bound.
//
// Under the preset onnx these are linear layers and convolutions, under PyTorch's presets
// linear layers, as torch.ao.quantization.quantize_dynamic has it.
func Dynamic(g *graph.Graph, numerics quant.Numerics, opts DynamicOptions) (*graph.Graph, *Report, error) {
	if numerics == quant.NumericsUnset {
		return nil, nil, fmt.Errorf("%s: dynamic quantization needs a backend: onnx, fbgemm, qnnpack or onednn", g.Name)
	}
	if opts.QConfig.Weight.DType != tensor.QInt8 {
		return nil, nil, fmt.Errorf("%s: the weights would be %v; dynamic layers take qint8", g.Name, opts.QConfig.Weight.DType)
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
	c := dynamicConverter{converter: newConverter(p, numerics), codes: map[quantizing][]*graph.Value{}, weights: map[*graph.Value]*graph.Value{}, byRow: opts.ByRow, scaleOf: opts.ScaleOf}
	c.out.Numerics = numerics
	made := 0
	for _, n := range slices.Clone(c.out.Nodes) {
		d := Decision{Node: n.Name, Kind: Real}
		if pattern, ok := excluded[n.Name]; ok {
			d = Decision{Node: n.Name, Reason: Excluded, Text: fmt.Sprintf("excluded by %q", pattern)}
		} else if reason, text, err := c.node(n); err != nil {
			return nil, nil, fmt.Errorf("%s: node %q: %w", g.Name, n.Name, err)
		} else if reason != NotFloat {
			d = Decision{Node: n.Name, Reason: reason, Text: text}
		}
		p.Decisions = append(p.Decisions, d)
		if d.Kind == Float {
			n.Note = "kept float: " + d.Text
			continue
		}
		made++
	}
	if made == 0 {
		return nil, nil, fmt.Errorf("%s: no node would be quantized: %s", g.Name, firstReasons(p.Decisions))
	}
	c.out.Prune()
	if err := c.report.finish(p, c.out); err != nil {
		return nil, nil, err
	}
	return c.out, c.report, nil
}

// dynamicConverter makes layers dynamic.
type dynamicConverter struct {
	*converter
	codes   map[quantizing][]*graph.Value // the results of DynamicQuantize, by what it quantizes
	weights map[*graph.Value]*graph.Value // the quantized ones, by float ones
	byRow   bool
	scaleOf func(row []float32) (float64, bool)
	taken   map[string]bool // names of the graph
}

// quantizing is what makes codes of a value.
type quantizing struct {
	x *graph.Value
	op.DynamicQuantize
}

// node makes n a dynamic layer, or says why it stays in float.
func (c *dynamicConverter) node(n *graph.Node) (Reason, string, error) {
	switch o := n.Op.(type) {
	case op.LSTM:
		return c.recurrence(n, o.Directions(), op.DynamicLSTM{LSTM: o})
	case op.GRU:
		if o.LinearBeforeReset {
			return c.recurrence(n, o.Directions(), op.DynamicGRU{GRU: o})
		}
	}
	if table := c.table(n); table != nil {
		return c.embedding(n, table)
	}
	if reason, text := c.floatReason(n); reason != NotFloat {
		return reason, text, c.wasQuantized(n)
	}
	w, err := c.shared(n, n.Inputs[1], 1)
	if err != nil || w == nil {
		return FloatWeight, floatWeight, err
	}
	by := op.DynamicQuantize{}
	switch o := n.Op.(type) {
	case op.Linear:
		by.ByRow = c.byRow
		n.Op = op.DynamicLinear{Linear: o, ByRow: c.byRow}
	case op.Conv2D:
		n.Op = op.DynamicConv2D{Conv: o}
	}
	in := append(slices.Clone(c.quantize(n, by)), w)
	n.Inputs = append(in, n.Inputs[2:]...)
	return NotFloat, "", nil
}

// wasQuantized is an error where n, which stays in float, was quantized elsewhere.
func (c *dynamicConverter) wasQuantized(n *graph.Node) error {
	switch n.Op.(type) {
	case op.GRU, op.RNN:
	default:
		return nil
	}
	if w := n.Inputs[1]; c.scaleOf == nil || w.Role != graph.Parameter {
		return nil
	}
	q, err := c.coded(n, n.Inputs[1].Data, 1)
	if err == nil && q != nil {
		err = fmt.Errorf("a %s that was quantized dynamically; linear layers, LSTMs and GRUs with linear_before_reset are computed so: leave it float", n.Op.Kind())
	}
	return err
}

// floatWeight says why a layer of a model that was quantized elsewhere is float.
const floatWeight = "its weight is float in the model that was quantized"

// floatReason says why a layer stays in float, NotFloat where it need not.
func (c *dynamicConverter) floatReason(n *graph.Node) (Reason, string) {
	_, linear := n.Op.(op.Linear)
	_, conv := n.Op.(op.Conv2D)
	_, gru := n.Op.(op.GRU)
	_, rnn := n.Op.(op.RNN)
	w := op.WeightOf(n)
	switch {
	case gru:
		return NoInt8Form, "its reset gate multiplies the state; those of linear_before_reset have a dynamic form"
	case rnn:
		return NoInt8Form, fmt.Sprintf("%s has no dynamic form", n.Op.Kind())
	case w == nil:
		return Unweighted, "dynamic quantization is of layers with weights"
	case !linear && !conv:
		return NoInt8Form, fmt.Sprintf("%s has no dynamic form", n.Op.Kind())
	case conv && c.numerics != quant.ONNX:
		return NoInt8Form, "PyTorch quantizes no convolutions dynamically"
	case n.Inputs[0].Role == graph.Parameter:
		return ConstantOperand, "an operand is a constant"
	}
	for _, v := range n.Inputs[1:] {
		if v.Role != graph.Parameter {
			return ComputedWeight, "its weight or bias is computed"
		}
	}
	return NotFloat, ""
}

// quantize returns codes, scale and zero point of the operand of n.
func (c *dynamicConverter) quantize(n *graph.Node, by op.DynamicQuantize) []*graph.Value {
	q := quantizing{n.Inputs[0], by}
	if c.codes[q] == nil {
		last := len(c.out.Nodes)
		y := c.out.AddNode(c.unique(q.x.Name+"/dynamic"), by, q.x)
		c.out.Nodes = slices.Insert(c.out.Nodes[:last], slices.Index(c.out.Nodes, n), y.Node)
		c.codes[q] = y.Node.Outputs
	}
	return c.codes[q]
}

// unique is name, or what it begins with where a value or node of the graph has that name.
func (c *dynamicConverter) unique(name string) string {
	if c.taken == nil {
		c.taken = map[string]bool{}
		for _, v := range slices.Concat(c.out.Params, c.out.Inputs) {
			c.taken[v.Name] = true
		}
		for _, n := range c.out.Nodes {
			c.taken[n.Name] = true
			for _, v := range n.Outputs {
				c.taken[v.Name] = true
			}
		}
	}
	for c.taken[name] {
		name += "_"
	}
	c.taken[name] = true
	return name
}

// isDynamic reports whether n is an operator of dynamic quantization.
func isDynamic(n *graph.Node) bool {
	switch n.Op.(type) {
	case op.DynamicQuantize, op.DynamicLinear, op.DynamicConv2D, op.DynamicMatMul, op.DynamicLSTM, op.DynamicGRU:
		return true
	}
	return false
}
