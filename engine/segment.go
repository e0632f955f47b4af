package engine

import (
	"maps"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Some nodes have results whose shapes depend on data: the indices of NonZero, the boxes
// that NonMaxSuppression keeps. A plan ends with such a node and has memory for its largest
// results. The nodes after it are a segment of their own, planned when a run has computed
// the shapes; the segment reads its inputs in the memory of the one before.

// maxTails bounds the number of plans for the segment after such a node, and with them the
// memory of runs. It is larger than maxPlans: counts differ from image to image, and
// operations on a list of boxes take little memory.
const maxTails = 16

// sized is the step of an operation whose output shapes depend on data.
type sized interface {
	step
	// shapes are those of the results, valid until the next run.
	shapes() []tensor.Shape
}

// infer adds to facts the types of the nodes from first on, up to the first whose output
// shapes depend on data, or to the end.
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

// keep extends to the end of the plan the lifetimes of all values that later segments read.
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

// tail returns the plan for the nodes after pl, for these output shapes of its last node.
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

// keepRecent appends v to list, and drops the first element of a list of limit elements.
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

// follow returns the memory for the segment after that of f, in the same run.
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

// deferring reports whether the output shapes of n may depend on data.
func deferring(n *graph.Node) bool {
	_, ok := n.Op.(graph.Deferring)
	return ok
}
