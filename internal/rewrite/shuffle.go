package rewrite

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
)

// channelShuffle recognises n as the end of
//
//	[N, C, H, W] -> [N, g, C/g, H, W] -> [N, C/g, g, H, W] -> [N, C, H, W]
//
// whatever the shapes are computed from. What it shuffles is joined as PyTorch joins it where
// one part has been cut from other channels.
func (c *composer) channelShuffle(n *graph.Node) (graph.Op, []*graph.Value) {
	swap := c.reshaped(n)
	if swap == nil {
		return nil, nil
	}
	if t, ok := swap.Op.(op.Transpose); !ok || !slices.Equal(t.Axes(), []int{0, 2, 1, 3, 4}) {
		return nil, nil
	}
	split := c.inner(swap.Inputs[0], 1)
	if split == nil {
		return nil, nil
	}
	if _, ok := split.Op.(op.Reshape); !ok {
		return nil, nil
	}
	x, groups := split.Inputs[0], 0
	for _, t := range c.trials() {
		from, to := t.shape(x), t.shape(split.Output())
		if len(from) != 4 || len(to) != 5 || groups != 0 && groups != to[1] || !slices.Equal(from, t.shape(n.Output())) ||
			!slices.Equal(to, []int{from[0], to[1], to[2], from[2], from[3]}) {
			return nil, nil
		}
		groups = to[1]
	}
	if groups == 0 {
		return nil, nil
	}
	c.pass(swap, split)
	if join := x.Node; join != nil {
		if cat, ok := join.Op.(op.Cat); ok && cat.Axis == 1 && slices.ContainsFunc(join.Inputs, channelView) {
			cat.Views = true
			join.Op = cat
		}
	}
	return op.ChannelShuffle{Groups: groups}, []*graph.Value{x}
}

// reshaped is the node that computes what n reshapes, which nobody else reads.
func (c *composer) reshaped(n *graph.Node) *graph.Node {
	if _, ok := n.Op.(op.Reshape); !ok {
		return nil
	}
	return c.inner(n.Inputs[0], 1)
}

// channelView says that v is cut from the channels of another image.
func channelView(v *graph.Value) bool {
	if v.Node == nil {
		return false
	}
	s, ok := v.Node.Op.(op.Slice)
	return ok && s.Axis == 1
}

// channels recognises a slice of an image's channels whose bounds are the same for all sizes,
// however they are computed.
func (c *composer) channels(n *graph.Node) (graph.Op, []*graph.Value) {
	s, ok := n.Op.(op.StridedSlice)
	if !ok {
		return nil, nil
	}
	var found op.Slice
	for k, t := range c.trials() {
		cut, ok := channelsIn(t, s, n)
		if !ok || k > 0 && cut != found {
			return nil, nil
		}
		found = cut
	}
	return found, n.Inputs[:1:1]
}

// channelsIn is n as a slice of channels alone in one trial.
func channelsIn(t trial, s op.StridedSlice, n *graph.Node) (op.Slice, bool) {
	from, to := t.shape(n.Inputs[0]), t.shape(n.Output())
	if len(from) != 4 || len(to) != 4 || slices.Contains(to, 0) || from[1] == to[1] {
		return op.Slice{}, false
	}
	place, err := s.Places(t.facts(n))
	if err != nil {
		return op.Slice{}, false
	}
	for axis := range from {
		first, last := place(axis, 0), place(axis, to[axis]-1)
		if last-first != to[axis]-1 || axis != 1 && to[axis] != from[axis] {
			return op.Slice{}, false
		}
	}
	start := place(1, 0)
	return op.Slice{Axis: 1, Start: start, End: start + to[1]}, true
}
