package zoo

import (
	"math"
	"math/rand/v2"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// New returns the graph of an architecture with fresh random parameters, for
// training from scratch: with so many classes, for images of so many channels,
// where those are not 0. Convolutions are drawn as torchvision draws those of its
// residual networks (normal, Kaiming, by fan-out), linear layers as PyTorch does.
func New(name string, classes, channels int, seed uint64, variant Variant) (*graph.Graph, error) {
	standard, err := Build(name, nil, variant)
	if err != nil {
		return nil, err
	}
	// All shapes are known: what is not, a file would lack.
	override := map[string]tensor.Shape{}
	for _, p := range standard.Params {
		override[p.Name] = p.Type.Shape
	}
	if classes > 0 {
		for _, n := range standard.Nodes {
			if _, ok := n.Op.(op.Linear); ok && (isHead(standard, n) || isAuxiliary(standard, n)) {
				w := n.Inputs[1]
				override[w.Name] = tensor.Shape{classes, w.Type.Shape[1]}
				override[n.Inputs[2].Name] = tensor.Shape{classes}
			}
		}
	}
	if channels > 0 {
		for _, n := range standard.Nodes {
			if _, ok := n.Op.(op.Conv2D); ok {
				s := n.Inputs[1].Type.Shape
				override[n.Inputs[1].Name] = tensor.Shape{s[0], channels, s[2], s[3]}
				break
			}
		}
	}
	g, err := Build(name, func(key string) (tensor.Shape, bool) {
		s, ok := override[key]
		return s, ok
	}, variant)
	if err != nil {
		return nil, err
	}
	initialize(g, rand.New(rand.NewPCG(seed, 0)))
	return g, nil
}

// isHead reports whether n computes the classes.
func isHead(g *graph.Graph, n *graph.Node) bool {
	for _, v := range g.Outputs {
		if v == n.Output() || v.Node != nil && v.Node.Inputs[0] == n.Output() {
			return true
		}
	}
	return false
}

// isAuxiliary reports whether n computes the classes of an auxiliary head.
func isAuxiliary(g *graph.Graph, n *graph.Node) bool {
	for _, v := range g.Auxiliary {
		if v == n.Output() {
			return true
		}
	}
	return false
}

// initialize draws all parameters, in the order of the state dict.
func initialize(g *graph.Graph, r *rand.Rand) {
	groups := map[*graph.Value]int{}
	fanIn := map[*graph.Value]int{} // of the layer a bias belongs to
	for _, n := range g.Nodes {
		switch o := n.Op.(type) {
		case op.Conv2D:
			groups[n.Inputs[1]] = o.Groups
		case op.Linear:
		default:
			continue
		}
		if len(n.Inputs) > 2 {
			fanIn[n.Inputs[2]] = n.Inputs[1].Type.Shape[1:].Numel()
		}
	}
	for _, p := range g.Params {
		t := tensor.New(tensor.Float32, p.Type.Shape...)
		p.Data = t
		s := p.Type.Shape
		switch {
		case len(s) == 4:
			draw(t, func() float64 { return r.NormFloat64() * math.Sqrt(2/float64(s[0]/max(1, groups[p])*s[2]*s[3])) })
		case len(s) == 2:
			bound := 1 / math.Sqrt(float64(s[1]))
			draw(t, func() float64 { return bound * (2*r.Float64() - 1) })
		case fanIn[p] > 0:
			bound := 1 / math.Sqrt(float64(fanIn[p]))
			draw(t, func() float64 { return bound * (2*r.Float64() - 1) })
		case strings.HasSuffix(p.Name, ".weight"), strings.HasSuffix(p.Name, ".running_var"):
			draw(t, func() float64 { return 1 })
		}
	}
}

func draw(t *tensor.Tensor, f func() float64) {
	for i := range t.Float32s() {
		t.Float32s()[i] = float32(f())
	}
}
