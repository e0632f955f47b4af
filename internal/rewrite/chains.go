package rewrite

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// chain is a layer whose output channels are read by layers alone, behind functions f with
// f(s x) = s f(x) for every s > 0 that work on each channel by itself.
type chain struct {
	producer *graph.Node
	readers  []reader
}

// reader is a layer at the end of a chain.
type reader struct {
	node *graph.Node
	path path
}

// path is where the channels of a producer are.
type path struct {
	features bool  // on the last axis, each in a block of neighbours; otherwise on axis 1 of images
	shuffles []int // groups of the channel shuffles that were passed
}

// channel is the producer's, of so many, that is in position i of so many.
func (r reader) channel(i, channels, positions int) int {
	c := i / (positions / channels)
	for _, groups := range slices.Backward(r.path.shuffles) {
		c = op.ChannelShuffle{Groups: groups}.Source(c, channels)
	}
	return c
}

// chainsOf finds the chains of a graph.
func chainsOf(g *graph.Graph) []chain {
	users := map[*graph.Value][]*graph.Node{}
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			if !slices.Contains(users[v], n) {
				users[v] = append(users[v], n)
			}
		}
	}
	w := walk{g: g, users: users}
	var found []chain
	for _, n := range g.Nodes {
		if clamp := op.ClampOf(n.Op); clamp != quant.NoActivation && clamp != quant.ReLU || !w.layer(n) {
			continue
		}
		_, linear := n.Op.(op.Linear)
		w.readers = nil
		if w.follow(n.Output(), path{features: linear}) && w.divides(n) {
			found = append(found, chain{n, w.readers})
		}
	}
	return found
}

// walk looks for the readers of one producer.
type walk struct {
	g       *graph.Graph
	users   map[*graph.Value][]*graph.Node
	readers []reader
}

// layer reports whether n is a layer with float parameters of its own.
func (w *walk) layer(n *graph.Node) bool {
	return ownsFloats(n, func(v *graph.Value) int { return len(w.users[v]) })
}

// ownsFloats reports whether n is a layer with float parameters that nobody else reads, whose
// numbers are known.
func ownsFloats(n *graph.Node, readers func(*graph.Value) int) bool {
	switch n.Op.(type) {
	case op.Conv2D, op.ConvTranspose2D, op.Linear:
	default:
		return false
	}
	for _, v := range n.Inputs[1:] {
		if v.Role != graph.Parameter || v.Data == nil || v.Type.DType != tensor.Float32 || readers(v) != 1 {
			return false
		}
	}
	return n.Inputs[0].Type.DType == tensor.Float32 && formOf(n).fits(n)
}

// divides reports whether every reader has a whole number of positions for each channel.
func (w *walk) divides(n *graph.Node) bool {
	channels := formOf(n).outputs
	return !slices.ContainsFunc(w.readers, func(r reader) bool {
		positions := formOf(r.node).inputs
		return positions < channels || positions%channels != 0 || !r.path.features && positions != channels
	})
}

// follow adds the readers of v. It reports whether there are some, and nothing else.
func (w *walk) follow(v *graph.Value, p path) bool {
	if w.g.IsOutput(v) || len(w.users[v]) == 0 {
		return false
	}
	for _, n := range w.users[v] {
		if n.Inputs[0] != v || slices.Contains(n.Inputs[1:], v) || n.Inputs[0].Type.DType != tensor.Float32 {
			return false
		}
		if _, linear := n.Op.(op.Linear); w.layer(n) && linear == p.features {
			w.readers = append(w.readers, reader{n, p})
			continue
		}
		next, passes := p.through(n)
		if !passes || !w.follow(n.Output(), next) {
			return false
		}
	}
	return true
}

// through is where the channels are behind n, if n lets positive factors pass.
func (p path) through(n *graph.Node) (path, bool) {
	if op.ClampOf(n.Op) != quant.NoActivation || len(n.Outputs) != 1 {
		return p, false
	}
	switch o := n.Op.(type) {
	case op.Clamp:
		return p, o.Act == quant.ReLU
	case op.LeakyReLU:
		return p, true
	case op.Pairwise:
		return p, o.Name == "prelu"
	case op.MaxPool2D, op.AvgPool2D, op.AdaptiveAvgPool2D:
		return p, !p.features
	case op.ChannelShuffle:
		p.shuffles = append(slices.Clone(p.shuffles), o.Groups)
		return p, !p.features
	case op.Mean:
		passes := !p.features && o.OverImage()
		p.features = !o.KeepDim
		return p, passes
	case op.Flatten:
		passes := !p.features && o.Start == 1 && (o.Matrix || o.End == -1 || o.End == 3)
		p.features = true
		return p, passes
	}
	return p, false
}

// form is how the weight of a layer lies in memory.
type form struct {
	outputs, inputs  int // channels
	groups, perGroup int // input channels that an output channel reads
	taps             int // weights of a pair of channels
	inputsFirst      bool
}

// formOf is the form of a layer's weight.
func formOf(n *graph.Node) form {
	shape := n.Inputs[1].Type.Shape
	switch o := n.Op.(type) {
	case op.Conv2D:
		groups := max(1, o.Groups) // inference refuses others
		return form{outputs: shape[0], inputs: shape[1] * groups, groups: groups, perGroup: shape[1], taps: shape[2:].Numel()}
	case op.ConvTranspose2D:
		groups := max(1, o.Groups)
		return form{outputs: shape[1] * groups, inputs: shape[0], groups: groups, perGroup: shape[0] / groups, taps: shape[2:].Numel(), inputsFirst: true}
	default:
		return form{outputs: shape[0], inputs: shape[1], groups: 1, perGroup: shape[1], taps: 1}
	}
}

// fits reports whether weight and bias of n have this form; inference says what is wrong otherwise.
func (f form) fits(n *graph.Node) bool {
	bias := inputAt(n, 2)
	return f.outputs%f.groups == 0 && f.outputs*f.perGroup*f.taps == n.Inputs[1].Type.Shape.Numel() &&
		(bias == nil || bias.Type.Shape.Equal(tensor.Shape{f.outputs}))
}

// at is where the weights of output channel o and the k-th input channel that it reads begin.
func (f form) at(o, k int) int {
	if outs := f.outputs / f.groups; f.inputsFirst {
		return ((o/outs*f.perGroup+k)*outs + o%outs) * f.taps
	}
	return (o*f.perGroup + k) * f.taps
}

// rows visits the weights of output channel o, as runs in memory.
func (f form) rows(o int, see func(from, end int)) {
	if !f.inputsFirst {
		see(f.at(o, 0), f.at(o+1, 0))
		return
	}
	for k := range f.perGroup {
		see(f.at(o, k), f.at(o, k)+f.taps)
	}
}

// each visits all weights, with their channels.
func (f form) each(see func(i, out, in int)) {
	outs := f.outputs / f.groups
	for o := range f.outputs {
		for k := range f.perGroup {
			for tap := range f.taps {
				see(f.at(o, k)+tap, o, o/outs*f.perGroup+k)
			}
		}
	}
}
