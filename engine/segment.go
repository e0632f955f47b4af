package engine

import (
	"maps"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Some nodes have results whose sizes depend on data: places that are not zero, boxes that
// are left. A plan ends with such a node, for which it has memory for the largest results.
// The nodes behind it are a segment of their own, planned when a run has told the sizes; it
// reads what it needs where the segment in front has left it.

// maxTails bounds the plans for what is behind such a node, and the memory of runs for them.
// Counts differ from image to image, so there are more of them than of sizes of inputs;
// what follows on a list of boxes is small.
const maxTails = 16

// sized is the step of an operation whose results have sizes that only a run tells.
type sized interface {
	step
	// shapes are those of the results, valid until the next run.
	shapes() []tensor.Shape
}

// infer adds to facts what is known of the nodes from first on, up to one that defers the
// sizes of its results, or to the end.
func (p *Program) infer(first int, facts map[*graph.Value]graph.Fact) (end int, deferring bool, err error) {
	for i, n := range p.g.Nodes[first:] {
		if err := p.g.InferNode(n, facts); err != nil {
			return 0, false, err
		}
		if facts[n.Output()].Deferred {
			return first + i + 1, true, nil
		}
	}
	return len(p.g.Nodes), false, nil
}

// keep has all values that nodes behind the plan need stay until its end.
func (pl *planner) keep() {
	needed := slices.Clone(pl.p.outputs)
	for _, l := range pl.list[pl.end:] {
		needed = append(needed, l.inputs...)
	}
	for _, v := range append(needed, pl.list[pl.end-1].outputs...) {
		if b := pl.values[v].block; b != nil {
			b.Last = len(pl.steps)
		}
	}
}

// tail returns the plan for the nodes behind pl, where the results of its last node have
// these shapes.
func (p *Program) tail(pl *plan, shapes []tensor.Shape) (*plan, error) {
	pl.mu.Lock()
	defer pl.mu.Unlock()
	for i, t := range slices.Backward(pl.tails) {
		if slices.EqualFunc(t.shapes, shapes, tensor.Shape.Equal) {
			recent(pl.tails, i)
			return t, nil
		}
	}
	t, err := p.planTail(pl, shapes)
	if err != nil {
		return nil, err
	}
	pl.tails = keepRecent(pl.tails, t, maxTails)
	return t, nil
}

// recent moves element i of list to the end.
func recent[T any](list []T, i int) {
	v := list[i]
	copy(list[i:], list[i+1:])
	list[len(list)-1] = v
}

// keepRecent appends v to list, without the first where there are limit already.
func keepRecent[T any](list []T, v T, limit int) []T {
	if len(list) == limit {
		list = slices.Delete(list, 0, 1)
	}
	return append(list, v)
}

func (p *Program) planTail(front *plan, shapes []tensor.Shape) (*plan, error) {
	facts := maps.Clone(front.facts)
	for i, v := range p.g.Nodes[front.end-1].Outputs {
		t := facts[v].Type
		t.Shape = shapes[i].Clone()
		facts[v] = graph.Fact{Type: t}
	}
	pl, err := p.newPlanner(front.of, front.end, facts)
	if err != nil {
		return nil, err
	}
	for _, v := range p.g.Nodes[front.end-1].Outputs {
		pl.shapes = append(pl.shapes, facts[v].Shape)
	}
	for i, v := range front.values[:len(p.values)] {
		if there := v.block != nil || v.memory != nil || v.before > 0; there && v.known == nil {
			pl.values[i].order, pl.values[i].before = v.order, i+1
		}
	}
	pl.wishes()
	return pl.finish()
}

// follow returns the memory of the run in f for the segment behind it.
func (s *Session) follow(f *frame) (*frame, error) {
	pl, err := s.p.tail(f.plan, f.steps[len(f.steps)-1].(sized).shapes())
	if err != nil {
		return nil, err
	}
	for i, t := range slices.Backward(f.tails) {
		if t.plan == pl {
			recent(f.tails, i)
			return t, nil
		}
	}
	t := s.p.newFrame(pl, f)
	f.tails = keepRecent(f.tails, t, maxTails)
	return t, nil
}

// deferring reports whether the sizes of n's results may be known to a run only.
func deferring(n *graph.Node) bool {
	_, ok := n.Op.(graph.Deferring)
	return ok
}
