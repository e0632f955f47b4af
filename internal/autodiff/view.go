package autodiff

import "github.com/octet-ml/octet/graph"

// sameMemory reports whether the result of n can share its operand's memory: the layouts
// are the same, and nothing else reads the operand.
func (b *builder) sameMemory(n *graph.Node, v *value) bool {
	shape := b.types[n.Output()].Shape
	pixel := len(v.shape) != 4 || v.shape[2]*v.shape[3] == 1
	return pixel && len(shape) == 2 && shape[0] == v.shape[0] && b.p.g.SoleConsumer(n.Inputs[0]) == n
}

// view is the result of a node that only changes its operand's shape: one activation with
// two names.
func (b *builder) view(n *graph.Node, v *value) *value {
	w := *v
	w.name, w.shape = n.Name, b.types[n.Output()].Shape
	w.rows, w.channels = w.shape[0], w.shape[1]
	b.all = append(b.all, &w)
	return &w
}
