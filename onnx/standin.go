package onnx

import (
	"errors"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/tensor"
)

// standIns take the place of results that could not be computed, so that what is wrong with
// the nodes behind them is found, too. No graph with one is ever returned.
type standIns struct {
	told     map[string]*onnxpb.ValueInfoProto // what the file says of values between nodes
	doubtful map[*graph.Value]bool             // stand-ins, and what is computed of them
}

// standIn is an input of the type that the file tells of a result; nil where it tells none.
// Codes have none: their scale is not told; nor have the values of functions, whose names are
// their own.
func (b *builder) standIn(name string) *graph.Value {
	v := b.tells(name)
	if v == nil {
		return nil
	}
	port, err := portOf(v)
	if err != nil || !port.DType.IsFloat() && port.DType != tensor.Int64 && port.DType != tensor.Bool {
		return nil
	}
	kind, err := HeldType(port.DType)
	if err != nil {
		return nil
	}
	in := b.Graph.AddInput(name, graph.Type{DType: kind})
	in.Sizes = port.Sizes
	b.doubtful[in] = true
	return in
}

// doubts reports whether a node reads a stand-in.
func (n *node) doubts() bool {
	return n.standIns != nil && slices.ContainsFunc(n.in, func(v *graph.Value) bool { return n.doubtful[v] })
}

// believe reads a node and judges what that gave: of a stand-in it is as doubtful as that, and that
// an operand is no constant may be due to it.
func (n *node) believe(read importer, doubts bool) ([]*graph.Value, error) {
	results, err := read(n)
	if !doubts {
		return results, err
	}
	if errors.Is(err, graph.ErrComputed) {
		n.unchecked++
		return nil, nil
	}
	for _, v := range results {
		n.doubtful[v] = v != nil && v.Role != graph.Parameter
	}
	return results, err
}

// tells is what the file says of a value between nodes, nil where it says nothing.
func (b *builder) tells(name string) *onnxpb.ValueInfoProto {
	if b.depth > 0 {
		return nil
	}
	if b.standIns == nil {
		g := b.file.model.GetGraph()
		b.standIns = &standIns{told: map[string]*onnxpb.ValueInfoProto{}, doubtful: map[*graph.Value]bool{}}
		for _, v := range slices.Concat(g.GetValueInfo(), g.GetOutput()) {
			b.told[v.GetName()] = v
		}
	}
	return b.told[name]
}
