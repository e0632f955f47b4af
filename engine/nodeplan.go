package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// NodePlan says how one node is computed.
type NodePlan struct {
	Node   *graph.Node // of the graph that was compiled
	Kernel string      // its name, or "identity" where nothing is computed
	With   string      // the node whose kernel also computes this one; Kernel is then "identity"
	Family string      // of the kernel: the package of its table; "" for none
	ISA    string      // the instruction set; "go" for portable code
	Reason string      // why the operator's own evaluation is used instead of a kernel
	MACs   int64       // multiplications with weights, for the given shapes
	// Segment is 1 at first, and one more after every node whose output shapes depend on
	// data. After such a node, fields that depend on shapes are not set.
	Segment int
	// Reorders names the kernels that bring operands into another order of axes first.
	Reorders []string
}

// Plan lists the nodes in order. MACs, reorders, and whether a node costs anything,
// depend on the shapes of the graph's inputs; without any, MACs are 0.
func (p *Program) Plan(inputs ...tensor.Shape) ([]NodePlan, error) {
	if len(inputs) == 0 {
		nodes := nodePlans(p.fused)
		number(nodes, 0, false)
		return nodes, nil
	}
	pl, err := p.plan(p.fused, inputs)
	if err != nil {
		return nil, err
	}
	nodes := nodePlans(pl.list)
	computed := make([]bool, len(nodes))
	for _, s := range pl.steps {
		n := &nodes[s.node]
		if r, ok := s.fixed.(reorder); ok {
			name, _ := r.kernel()
			n.Reorders = append(n.Reorders, name)
			continue
		}
		n.MACs += s.macs()
		computed[s.node] = true
	}
	number(nodes, pl.end, pl.deferring)
	for i := range nodes[:pl.end] {
		if !computed[i] {
			nodes[i].Kernel, nodes[i].Family, nodes[i].ISA = "identity", "", "go"
		}
	}
	return nodes, nil
}

// nodePlans says what list says of the nodes.
func nodePlans(list []lowered) []NodePlan {
	nodes := make([]NodePlan, len(list))
	for i, l := range list {
		nodes[i] = NodePlan{Node: l.node, Kernel: "identity", ISA: "go", Reason: l.reason, With: l.with}
		if l.op != nil {
			nodes[i].Kernel, nodes[i].ISA = l.op.kernel()
			nodes[i].Family = families()[nodes[i].Kernel]
		}
	}
	return nodes
}

// number numbers the segments. The first planned nodes are one, and ends tells whether
// another one follows; after them every node that may end a segment does.
func number(nodes []NodePlan, planned int, ends bool) {
	segment := 1
	for i := range nodes {
		nodes[i].Segment = segment
		if i == planned-1 && ends || i >= planned && deferring(nodes[i].Node) {
			segment++
		}
	}
}
