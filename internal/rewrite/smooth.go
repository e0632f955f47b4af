package rewrite

import (
	"fmt"
	"math"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// A Smoothable is a value whose channels, along the last axis, can be divided by factors that the
// weights of its layers are multiplied with: the result of a LayerNorm, or of a product with a
// constant vector, as an RMSNorm ends with one.
type Smoothable struct {
	Value    *graph.Value  // the result
	Channels int           // of the last axis
	Layers   []*graph.Node // the linear layers that read it
	params   []int         // the constant inputs of its node that are divided
	readers  []*graph.Node // Layers, or what turns the other axes in front of them
}

// Smoothables lists those of a float graph.
func Smoothables(g *graph.Graph) []Smoothable {
	var found []Smoothable
	for _, n := range g.Nodes {
		s := Smoothable{params: scaledBy(n)}
		if s.params == nil {
			continue
		}
		s.Value, s.Channels = n.Output(), n.Inputs[s.params[0]].Data.Numel()
		for _, r := range g.Consumers(s.Value) {
			if layers := s.layersOf(g, r); layers != nil {
				s.Layers, s.readers = append(s.Layers, layers...), append(s.readers, r)
			}
		}
		if len(s.Layers) > 0 {
			found = append(found, s)
		}
	}
	return found
}

// layersOf are the linear layers that r, which reads the value, is one of or turns the other axes for;
// nil where something else reads it so.
func (s Smoothable) layersOf(g *graph.Graph, r *graph.Node) []*graph.Node {
	if s.isLayer(r, s.Value) {
		return []*graph.Node{r}
	}
	o, turns := r.Op.(op.Transpose)
	if last := len(o.Perm) - 1; !turns || last < 0 || o.Perm[last] != last || g.IsOutput(r.Output()) {
		return nil
	}
	var layers []*graph.Node
	for _, l := range g.Consumers(r.Output()) {
		switch {
		case s.isLayer(l, r.Output()):
			layers = append(layers, l)
		case !readsShape(l):
			return nil
		}
	}
	return layers
}

// readsShape reports whether n does not depend on the numbers that it reads.
func readsShape(n *graph.Node) bool {
	_, ok := n.Op.(op.Shape)
	return ok
}

// isLayer reports whether n is a linear layer of v with a constant weight.
func (s Smoothable) isLayer(n *graph.Node, v *graph.Value) bool {
	_, linear := n.Op.(op.Linear)
	return linear && n.Inputs[0] == v && isVector(n.Inputs[1], 2, s.Channels)
}

// scaledBy are the inputs of n, constants with a number for each channel of the last axis, that scale
// its result when they are scaled; nil where there are none.
func scaledBy(n *graph.Node) []int {
	switch o := n.Op.(type) {
	case op.LayerNorm:
		if o.Moments || len(n.Inputs) < 2 {
			return nil
		}
		in := []int{1, 2}[:len(n.Inputs)-1]
		for _, i := range in {
			if !isVector(n.Inputs[i], 1, n.Inputs[1].Type.Shape.Numel()) {
				return nil
			}
		}
		return in
	case op.Mul:
		for i, v := range n.Inputs {
			// With one channel the constant may be a factor of all.
			if isVector(v, 1, v.Type.Shape.Numel()) && v.Type.Shape.Numel() > 1 && n.Inputs[1-i].Role != graph.Parameter && n.Op == (op.Mul{}) {
				return []int{i}
			}
		}
	}
	return nil
}

// isVector reports whether v is a float constant of so many axes, the last with so many numbers.
func isVector(v *graph.Value, axes, channels int) bool {
	s := v.Type.Shape
	return v.Role == graph.Parameter && v.Data != nil && v.Type.DType == tensor.Float32 && len(s) == axes && channels > 0 && s[axes-1] == channels
}

// Smooth returns a copy of a float graph that computes the same function, in which part of the range
// of activations is that of weights (SmoothQuant, Xiao et al. 2023). Channel c of a Smoothable, of
// which largest has the largest magnitudes, is divided by
//
//	s[c] = largest[c]^alpha / weights[c]^(1-alpha)
//
// weights[c] being the largest magnitude of the weights that read the channel, and these are
// multiplied with s[c]. What else reads the value reads one that stays as it was.
func Smooth(g *graph.Graph, largest map[string][]float32, alpha float64) (*graph.Graph, error) {
	out, names := g.Clone(), parameterNames(nil)
	for _, s := range Smoothables(out) {
		seen, ok := largest[s.Value.Name]
		if !ok || len(seen) != s.Channels {
			return nil, fmt.Errorf("%s: value %q has %d channels; the ranges of %d were measured", g.Name, s.Value.Name, s.Channels, len(seen))
		}
		if err := s.smooth(out, &names, seen, alpha); err != nil {
			return nil, fmt.Errorf("%s: value %q: %w", g.Name, s.Value.Name, err)
		}
	}
	out.Prune()
	return out, out.Validate()
}

const (
	// leastRange stands for the range of channels that are all zeros.
	leastRange = 1e-5
	// farthestChannel bounds the factors.
	farthestChannel = 1 << 10
)

func (s Smoothable) smooth(g *graph.Graph, names *parameterNames, seen []float32, alpha float64) error {
	read := make([]float64, s.Channels)
	for _, l := range s.Layers {
		if err := l.Inputs[1].Data.Load(); err != nil {
			return err
		}
		for i, w := range l.Inputs[1].Data.Float32s() {
			read[i%s.Channels] = max(read[i%s.Channels], math.Abs(float64(w)))
		}
	}
	factors := make([]float64, s.Channels)
	for c := range factors {
		f := math.Pow(max(float64(seen[c]), leastRange), alpha) / math.Pow(max(read[c], leastRange), 1-alpha)
		factors[c] = max(1.0/farthestChannel, min(f, farthestChannel))
	}
	times := func(v *graph.Value, by func(c int) float64) (*graph.Value, error) {
		if err := v.Data.Load(); err != nil {
			return nil, err
		}
		scaled := make([]float32, v.Data.Numel())
		for i, x := range v.Data.Float32s() {
			if scaled[i] = float32(float64(x) * by(i%s.Channels)); math.IsInf(float64(scaled[i]), 0) {
				return nil, fmt.Errorf("smoothed, %q leaves the range of float32", v.Name)
			}
		}
		return g.AddConst(names.unique(g, v.Name+".smoothed"), tensor.Of(scaled, v.Data.Shape()...)), nil
	}
	n := s.Value.Node
	in := slices.Clone(n.Inputs)
	for _, i := range s.params {
		var err error
		if in[i], err = times(in[i], func(c int) float64 { return 1 / factors[c] }); err != nil {
			return err
		}
	}
	smoothed := s.Value
	others := slices.ContainsFunc(g.Consumers(s.Value), func(r *graph.Node) bool { return !slices.Contains(s.readers, r) && !readsShape(r) })
	if !others && !g.IsOutput(s.Value) {
		n.Inputs = in
	} else {
		smoothed = g.InsertAfter(s.Value, n.Name+"/smoothed", n.Op, s.Value.Type, in...)
	}
	for _, l := range s.Layers {
		w, err := times(l.Inputs[1], func(c int) float64 { return factors[c] })
		if err != nil {
			return err
		}
		l.Inputs[1] = w
	}
	for _, r := range s.readers {
		r.Inputs[0] = smoothed
	}
	return nil
}
