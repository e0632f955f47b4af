package compare

import (
	"fmt"
	"slices"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/timing"
	"github.com/octet-ml/octet/op"
)

// codesSuffix is what ONNX Runtime's quantizer appends to the name of a result that it made codes.
const codesSuffix = "_quantized"

// matched returns got with want's names for the nodes that stand for want's: quantizers of ONNX files
// name results anew. A node is that of the same name, less what quantizers append, or else the one of
// the same operator that computes with the same values. Where all have the names that they have, it is
// got itself.
func matched(want, got *graph.Graph) *graph.Graph {
	m := newMatching(want, got)
	renamed := false
	for i, n := range got.Nodes {
		if ref := m.find(n); ref != nil {
			m.of[n], m.taken[ref] = ref, true
			renamed = renamed || ref.Name != n.Name
			m.names[i] = ref.Name
		}
	}
	if !renamed {
		return got
	}
	clone := got.Clone()
	used := map[string]bool{}
	for _, name := range m.names {
		used[name] = true
	}
	for _, v := range slices.Concat(clone.Inputs, clone.Params) {
		used[v.Name] = true
	}
	for i, n := range clone.Nodes {
		name, ok := m.names[i]
		if !ok {
			for name = n.Name; used[name]; { // a conversion that has the name of what it converts
				name += " of " + got.Name
			}
			used[name] = true
		}
		rename(n, name)
	}
	return clone
}

// rename gives a node and its results another name.
func rename(n *graph.Node, name string) {
	n.Name = name
	for i, v := range n.Outputs {
		if v.Name = name; i > 0 {
			v.Name = fmt.Sprintf("%s:%d", name, i)
		}
	}
}

// matching is the work of matched.
type matching struct {
	want   *graph.Graph
	inputs map[*graph.Value]*graph.Value // of got, those of want
	byName map[string]*graph.Node
	byKey  map[string][]*graph.Node
	of     map[*graph.Node]*graph.Node // of got, that of want
	taken  map[*graph.Node]bool
	names  map[int]string // of got's nodes, in order
}

func newMatching(want, got *graph.Graph) *matching {
	m := &matching{want: want, inputs: map[*graph.Value]*graph.Value{}, byName: map[string]*graph.Node{}, byKey: map[string][]*graph.Node{},
		of: map[*graph.Node]*graph.Node{}, taken: map[*graph.Node]bool{}, names: map[int]string{}}
	for i, v := range got.Inputs {
		if i < len(want.Inputs) {
			m.inputs[v] = want.Inputs[i]
		}
	}
	for _, n := range want.Nodes {
		m.byName[n.Name] = n
		key := m.key(n, func(v *graph.Value) *graph.Value { return v })
		m.byKey[key] = append(m.byKey[key], n)
	}
	// What has its own name is not for another.
	for _, n := range got.Nodes {
		if ref := m.byName[n.Name]; ref != nil && alike(want, n) {
			m.of[n], m.taken[ref] = ref, true
		}
	}
	return m
}

// find is the node of want that n stands for, nil where there is none.
func (m *matching) find(n *graph.Node) *graph.Node {
	switch ref := m.of[n]; {
	case ref != nil:
		return ref
	case timing.IsConversion(n) || len(n.Outputs) != 1:
		return nil
	}
	if ref := m.byName[strings.TrimSuffix(n.Name, codesSuffix)]; ref != nil && !m.taken[ref] { // the same value, also where a function was taken apart
		return ref
	}
	for _, ref := range m.byKey[m.key(n, m.counterpart)] {
		if !m.taken[ref] {
			return ref
		}
	}
	return nil
}

// counterpart is want's value for a value of got that is no conversion, nil where it has none.
func (m *matching) counterpart(v *graph.Value) *graph.Value {
	if v.Node == nil {
		return m.inputs[v]
	}
	ref := m.of[v.Node]
	if at := slices.Index(v.Node.Outputs, v); ref != nil && at < len(ref.Outputs) {
		return ref.Outputs[at]
	}
	return nil
}

// key says of a node what it computes, with values of want.
func (m *matching) key(n *graph.Node, of func(*graph.Value) *graph.Value) string {
	var key strings.Builder
	key.WriteString(sort(n))
	for i, v := range n.Inputs {
		if v.Role == graph.Parameter {
			if w := op.WeightOf(n); w == v && i == 1 {
				fmt.Fprint(&key, " ", v.Type.Shape)
			}
			continue
		}
		for v.Node != nil && timing.IsConversion(v.Node) {
			v = v.Node.Inputs[0]
		}
		ref := of(v)
		if ref == nil {
			return "" // it computes with something that want has not
		}
		fmt.Fprintf(&key, " %q", ref.Name)
	}
	return key.String()
}

// sort is the kind of a node's operator, the same for those that are one where an image is whole.
func sort(n *graph.Node) string {
	switch o := n.Op.(type) {
	case op.AdaptiveAvgPool2D:
		if o.Output == [2]int{1, 1} {
			return "mean"
		}
	case op.Mean:
		if o.OverImage() {
			return "mean"
		}
	case op.Flatten, op.Reshape:
		return "reshape"
	}
	return n.Op.Kind()
}
