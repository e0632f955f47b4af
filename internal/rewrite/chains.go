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
	switch n.Op.(type) {
	case op.Conv2D, op.ConvTranspose2D, op.Linear:
	default:
		return false
	}
	for _, v := range n.Inputs[1:] {
		if v.Role != graph.Parameter || v.Data == nil || v.Type.DType != tensor.Float32 || len(w.users[v]) != 1 {
			return false
		}
	}
	return n.Inputs[0].Type.DType == tensor.Float32
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
		return form{outputs: shape[0], inputs: shape[1] * o.Groups, groups: o.Groups, perGroup: shape[1], taps: shape[2:].Numel()}
	case op.ConvTranspose2D:
		return form{outputs: shape[1] * o.Groups, inputs: shape[0], groups: o.Groups, perGroup: shape[0] / o.Groups, taps: shape[2:].Numel(), inputsFirst: true}
	default:
		return form{outputs: shape[0], inputs: shape[1], groups: 1, perGroup: shape[1], taps: 1}
	}
}

// each visits all weights, with their channels.
func (f form) each(see func(i, out, in int)) {
	outs := f.outputs / f.groups
	for o := range f.outputs {
		for k := range f.perGroup {
			in := o/outs*f.perGroup + k
			first := (o*f.perGroup + k) * f.taps
			if f.inputsFirst {
				first = (in*outs + o%outs) * f.taps
			}
			for tap := range f.taps {
				see(first+tap, o, in)
			}
		}
	}
}
