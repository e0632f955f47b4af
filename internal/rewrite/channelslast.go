package rewrite

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// The orders of axes of images.
var (
	toLast  = []int{0, 2, 3, 1} // from [N, C, H, W] to [N, H, W, C]
	toFirst = []int{0, 3, 1, 2} // and back
)

// What the names of values end in that are there in both orders.
const (
	lastSuffix  = "/channels_last"
	firstSuffix = "/channels_first"
)

// channelsFirst moves every Transpose of images to channels last behind the operators that
// take either order, up to the Transpose back, with which it cancels. Converters from
// frameworks with channels last put the two around every convolution, where they keep a clamp
// from its convolution, and what lies between two convolutions from their codes.
func channelsFirst(g *graph.Graph) (changed bool, err error) {
	s := &sinker{g: g, first: map[*graph.Value]*graph.Value{}, same: map[*graph.Value]*graph.Value{}, constants: map[*graph.Value]*graph.Value{}}
	nodes := g.Nodes
	g.Nodes = make([]*graph.Node, 0, len(nodes))
	for _, n := range nodes {
		for i, v := range n.Inputs {
			if to := s.same[v]; to != nil {
				n.Inputs[i] = to
			}
		}
		g.Nodes = append(g.Nodes, n)
		changed = s.visit(n) || changed
	}
	return changed, nil
}

// sinker knows of what it has passed.
type sinker struct {
	g         *graph.Graph
	first     map[*graph.Value]*graph.Value // of values with channels last: the same with channels first
	same      map[*graph.Value]*graph.Value // of values that went away: those in their place
	constants map[*graph.Value]*graph.Value // of constants: the same for images with channels first
}

func (s *sinker) visit(n *graph.Node) bool {
	if len(n.Outputs) != 1 || len(n.Inputs) == 0 || !floatNode(n) {
		return false
	}
	x := n.Inputs[0]
	if t, ok := n.Op.(op.Transpose); ok {
		switch source := s.first[x]; {
		case slices.Equal(t.Axes(), toLast):
			s.first[n.Output()] = x
		case slices.Equal(t.Axes(), toFirst) && source != nil && !s.named(n.Output()):
			s.same[n.Output()] = source
			return true
		}
		return false
	}
	o, in := s.exchanged(n)
	if o == nil {
		return false
	}
	n.Op, n.Inputs = o, in
	if !keepsAxes(o) {
		return true // [N, C] either way
	}
	s.behind(n)
	return true
}

// named reports whether users know v by its name: an output is not replaced by another value.
func (s *sinker) named(v *graph.Value) bool {
	return s.g.IsOutput(v) || slices.Contains(s.g.Auxiliary, v)
}

// exchanged is n on operands with channels first, nil where it does not exist.
func (s *sinker) exchanged(n *graph.Node) (graph.Op, []*graph.Value) {
	x := s.first[n.Inputs[0]]
	switch o := n.Op.(type) {
	case op.Unary:
		if x != nil && len(n.Inputs) == 1 {
			return o, []*graph.Value{x}
		}
	case op.Binary, op.Pairwise:
		return s.pair(n)
	case op.Cat:
		in := make([]*graph.Value, len(n.Inputs))
		for i, v := range n.Inputs {
			if in[i] = s.first[v]; in[i] == nil {
				return nil, nil
			}
		}
		o.Axis = toLast[axisOf(o.Axis)]
		return o, in
	case op.Pad:
		if x != nil && len(n.Inputs) == 1 && len(o.Before) == 4 && len(o.After) == 4 {
			o.Before, o.After = exchange(o.Before), exchange(o.After)
			return o, []*graph.Value{x}
		}
	case op.Mean:
		if axes := exchangedAxes(o.Axes, o.KeepDim); x != nil && axes != nil {
			o.Axes = axes
			return o, []*graph.Value{x}
		}
	case op.Reduce:
		if axes := exchangedAxes(o.Axes, o.KeepDim); x != nil && axes != nil {
			o.Axes = axes
			return o, []*graph.Value{x}
		}
	}
	return nil, nil
}

// pair exchanges two operands, of which one may be a constant.
func (s *sinker) pair(n *graph.Node) (graph.Op, []*graph.Value) {
	in, found := make([]*graph.Value, len(n.Inputs)), false
	for i, v := range n.Inputs {
		if in[i] = s.first[v]; in[i] != nil {
			found = true
		} else if in[i] = s.constant(v); in[i] == nil {
			return nil, nil
		}
	}
	if !found {
		return nil, nil
	}
	return n.Op, in
}

// constant is a number, or one for each channel, for images with channels first.
func (s *sinker) constant(v *graph.Value) *graph.Value {
	if v.Role != graph.Parameter || v.Data == nil || v.Data.DType() != tensor.Float32 || len(v.Data.Shape()) > 4 {
		return nil
	}
	shape := v.Data.Shape()
	switch numbers := shape.Numel(); {
	case numbers == 1:
		return v
	case shape[len(shape)-1] != numbers || v.Data.Load() != nil:
		return nil
	}
	if s.constants[v] == nil {
		s.constants[v] = s.g.AddConst(v.Name+firstSuffix, tensor.Of(v.Data.Float32s(), shape[len(shape)-1], 1, 1))
	}
	return s.constants[v]
}

// behind puts a Transpose to channels last behind n, whose result now has channels first.
func (s *sinker) behind(n *graph.Node) {
	last := n.Output()
	first := &graph.Value{Name: n.Name, Role: graph.Result, Node: n, Type: last.Type}
	t := &graph.Node{Name: n.Name + lastSuffix, Op: op.Transpose{Perm: slices.Clone(toLast)}, Inputs: []*graph.Value{first}, Outputs: []*graph.Value{last}}
	if s.named(last) {
		t.Name, n.Name = n.Name, n.Name+firstSuffix // outputs keep their names
		first.Name = n.Name
	} else {
		last.Name = t.Name
	}
	n.Outputs[0], last.Node = first, t
	s.g.Nodes = append(s.g.Nodes, t)
	s.first[last] = first
}

// keepsAxes reports whether o's result has the axes of an image.
func keepsAxes(o graph.Op) bool {
	switch o := o.(type) {
	case op.Mean:
		return o.KeepDim
	case op.Reduce:
		return o.KeepDim
	}
	return true
}

// exchangedAxes are axes of images with channels first, nil where what is left would be in
// another order: without keep, height and width must go.
func exchangedAxes(axes []int, keep bool) []int {
	if len(axes) == 0 {
		return nil
	}
	var to []int
	for _, a := range axes {
		to = append(to, toLast[axisOf(a)])
	}
	slices.Sort(to)
	if !keep && !slices.Equal(to, []int{2, 3}) {
		return nil
	}
	return to
}

// axisOf is an axis of four, counted from the front.
func axisOf(a int) int { return (a%4 + 4) % 4 }

// exchange brings one number for each axis from channels last to channels first.
func exchange(last []int) []int {
	first := make([]int, 4)
	for i, n := range last {
		first[toLast[i]] = n
	}
	return first
}
