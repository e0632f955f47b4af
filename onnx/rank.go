package onnx

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
)

// rank is the number of axes of a value, which is often known where its sizes are not.
func (b *builder) rank(v *graph.Value) (int, error) {
	if rank, ok := b.rankOf(v); ok {
		return rank, nil
	}
	return 0, fmt.Errorf("the number of axes of %q is %w; octet.WithShape may tell it", v.Name, graph.ErrComputed)
}

func (b *builder) rankOf(v *graph.Value) (rank int, ok bool) {
	if fact := b.Facts[v]; fact.Shape != nil {
		return len(fact.Shape), true
	}
	switch {
	case v.Role == graph.Parameter:
		return len(v.Type.Shape), true
	case v.Role == graph.Input:
		return len(v.Sizes), v.Sizes != nil
	case v.Node == nil:
		return 0, false
	}
	known, ok := b.ranks[v]
	if !ok { // each value is looked at once
		if known = -1; b.ranks == nil {
			b.ranks = map[*graph.Value]int{}
		}
		if rank, ok := b.rankBehind(v.Node); ok {
			known = rank
		}
		b.ranks[v] = known
	}
	return known, known >= 0
}

// rankBehind is the number of axes of a node's results, as it follows from those of its operands.
func (b *builder) rankBehind(n *graph.Node) (int, bool) {
	switch o := n.Op.(type) {
	case op.Shape, op.ARange:
		return 1, true
	case op.Transpose:
		return len(o.Perm), true
	case op.Reshape:
		return len(o.Shape), len(n.Inputs) == 1
	case op.Unary, op.Cast, op.Clamp, op.LayerNorm, op.Softmax, op.Linear, op.Quantize, op.Dequantize, op.Slice, op.StridedSlice, op.Split, op.Cat:
		return b.rankOf(n.Inputs[0])
	case op.Binary, op.Paired, op.MatMul, op.Where:
		most := 0
		for _, v := range n.Inputs {
			rank, ok := b.rankOf(v)
			if !ok {
				return 0, false
			}
			most = max(most, rank)
		}
		return most, true
	case op.Unsqueeze:
		rank, ok := b.rankOf(n.Inputs[0])
		return rank + len(o.Axes), ok && len(n.Inputs) == 1
	case op.Gather:
		rank, ok := b.rankOf(n.Inputs[0])
		places, also := b.rankOf(n.Inputs[1])
		return rank + places - 1, ok && also
	case op.Reduce:
		rank, ok := b.rankOf(n.Inputs[0])
		if !o.KeepDim {
			rank -= len(o.Axes)
		}
		return rank, ok && len(o.Axes) > 0 && rank >= 0
	}
	return 0, false
}
