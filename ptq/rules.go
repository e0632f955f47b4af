package ptq

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// Rules for graphs of any architecture, by the traits of operators. torchvision's quantizable
// networks need none of them: their authors have placed the stubs.
//
//   - What lies behind the last layer with weights on every way to an output is
//     post-processing, such as the decoding of boxes and the sigmoid of scores: its values
//     have meanings of their own, and share no scale.
//   - A node without weights that is given floats, or whose results are read as floats, would
//     only add rounding: attention, residual additions around norms, what feeds a softmax.
//   - An average over a whole image is finer than the codes that it is taken of, and small: it
//     is taken in float, and gets a scale of its own. With PyTorch's QConfigs it is on codes, as
//     PyTorch has it.
//   - A layer with weights always computes on codes. Where a reader wants floats, its sums
//     become floats and not codes. An output that nobody else reads is of either kind, as
//     Options.CodedOutputs says.

// ruled are the decisions on the nodes of a graph.
type ruled struct {
	g            *graph.Graph
	codedOutputs bool
	kinds        map[*graph.Node]Kind
	decisions    map[*graph.Node]Decision
	readers      map[*graph.Value][]*graph.Node // of the rules
}

// set replaces the decision on n.
func (r *ruled) set(n *graph.Node, d Decision) {
	d.Node = n.Name
	r.kinds[n], r.decisions[n] = d.Kind, d
}

// apply changes the decisions of decide by the rules.
func (r *ruled) apply() {
	r.readers = map[*graph.Value][]*graph.Node{}
	for _, n := range r.g.Nodes {
		for _, v := range n.Inputs {
			r.readers[v] = append(r.readers[v], n)
		}
	}
	if !r.codedOutputs {
		r.averages()
	}
	r.expectations()
	r.tails()
	for r.settle() {
	}
	for _, n := range r.g.Nodes {
		if r.kinds[n] == Own && r.layer(n) && r.someFloat(n) {
			r.set(n, Decision{Kind: Real})
		}
	}
}

// layer reports whether n has weights and computes on codes.
func (r *ruled) layer(n *graph.Node) bool {
	return op.WeightOf(n) != nil && (r.kinds[n] == Own || r.kinds[n] == Real)
}

// averages takes those over whole images in float.
func (r *ruled) averages() {
	for _, n := range r.g.Nodes {
		if r.kinds[n] == Follow && averagesImage(n.Op) {
			r.set(n, Decision{Reason: Averages, Text: "averages of codes are finer than these"})
		}
	}
}

// averagesImage reports whether o gives one number for each channel of an image.
func averagesImage(o graph.Op) bool {
	switch o := o.(type) {
	case op.Mean:
		return o.OverImage()
	case op.AdaptiveAvgPool2D:
		return o.Output == [2]int{1, 1}
	}
	return false
}

// smallWeight is the number of weights up to which a layer of one output channel is too little
// work to gain from codes.
const smallWeight = 64

// expectations keeps in float the layers that only average the results of a softmax: box edges
// decoded from distributions (DFL).
func (r *ruled) expectations() {
	for _, n := range r.g.Nodes {
		if !r.layer(n) || op.WeightOf(n).Type.Shape.Numel() > smallWeight || op.WeightOf(n).Type.Shape[0] != 1 {
			continue
		}
		if p := source(n.Inputs[0]); p != nil && r.kinds[p] == Float {
			r.set(n, Decision{Reason: PostProcessing, Text: "it averages what a function gives"})
		}
	}
}

// source is the node that computes v, looking through nodes that only move elements.
func source(v *graph.Value) *graph.Node {
	n := v.Node
	for n != nil {
		if _, ok := n.Op.(op.Mover); !ok {
			return n
		}
		n = n.Inputs[0].Node
	}
	return nil
}

// tails keeps in float what no layer with weights follows.
func (r *ruled) tails() {
	ahead := map[*graph.Node]bool{}
	for i := len(r.g.Nodes) - 1; i >= 0; i-- {
		n := r.g.Nodes[i]
		for _, v := range n.Outputs {
			for _, reader := range r.readers[v] {
				ahead[n] = ahead[n] || ahead[reader] || r.layer(reader)
			}
		}
		if codes := r.kinds[n] == Own || r.kinds[n] == Follow; codes && !ahead[n] && !r.layer(n) {
			r.set(n, Decision{Reason: PostProcessing, Text: "no layer with weights follows it on the way to an output"})
		}
	}
}

// settle keeps in float the nodes whose operands or readers are float, and reports whether it
// changed a decision.
func (r *ruled) settle() (changed bool) {
	for i := len(r.g.Nodes) - 1; i >= 0; i-- {
		n := r.g.Nodes[i]
		if k := r.kinds[n]; k != Own && k != Follow || r.layer(n) {
			continue
		}
		if _, stub := n.Op.(op.Quantize); stub {
			continue
		}
		switch {
		case r.allFloat(n):
			r.set(n, Decision{Reason: FloatReaders, Text: "its readers compute in float"})
		case r.takesFloats(n):
			r.set(n, Decision{Reason: FloatOperand, Text: "an operand is float"})
		default:
			continue
		}
		changed = true
	}
	return changed
}

// someFloat reports whether a reader of n wants floats, or the graph where outputs have no codes.
func (r *ruled) someFloat(n *graph.Node) bool {
	return slices.ContainsFunc(n.Outputs, func(v *graph.Value) bool {
		return !r.codedOutputs && r.g.IsOutput(v) || slices.ContainsFunc(r.readers[v], r.readsFloat)
	})
}

// allFloat reports whether no reader of n wants codes.
func (r *ruled) allFloat(n *graph.Node) bool {
	return !slices.ContainsFunc(n.Outputs, func(v *graph.Value) bool {
		return slices.ContainsFunc(r.readers[v], func(reader *graph.Node) bool { return !r.readsFloat(reader) })
	})
}

// readsFloat reports whether reader computes on float32. Averages over images do not count:
// they dequantize codes, so their operand need not be float.
func (r *ruled) readsFloat(reader *graph.Node) bool {
	return r.kinds[reader] == Boundary || r.kinds[reader] == Float && r.decisions[reader].Reason != Averages
}

// takesFloats reports whether an operand of n is computed in float, or will be.
func (r *ruled) takesFloats(n *graph.Node) bool {
	for _, v := range n.Inputs {
		if p := v.Node; p != nil && v.Type.DType == tensor.Float32 && (r.kinds[p] == Float || r.layer(p) && r.someFloat(p)) {
			return true
		}
	}
	return false
}
