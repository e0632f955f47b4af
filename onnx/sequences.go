package onnx

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// sequences are operators of lists of tensors, as far as it is known what is in a list while the
// graph is built: exporters write torch.chunk so.
var sequences = map[string]importer{
	"SplitToSequence": readSplitToSequence,
	"SequenceAt":      readSequenceAt,
}

// maxPieces limits the tensors of a list.
const maxPieces = 1 << 12

// readSplitToSequence makes a list of the parts of a tensor.
func readSplitToSequence(n *node) ([]*graph.Value, error) {
	if err := n.need(1); err != nil {
		return nil, err
	}
	axis, err := n.number("axis", 0)
	if err != nil {
		return nil, err
	}
	keep, err := n.flag("keepdims", true)
	if err != nil {
		return nil, err
	}
	sizes, err := n.pieces(axis)
	if err != nil {
		return nil, err
	}
	results, err := n.apply(n.first(), op.Split{Axis: axis, Sizes: sizes}, n.in[0])
	if err != nil {
		return nil, err
	}
	parts := slices.Clone(results)
	for i := range parts {
		if !n.has(1) && !keep {
			if parts[i], err = n.step(op.Squeeze{Axes: []int{axis}}, parts[i]); err != nil {
				return nil, err
			}
		}
		n.declared[parts[i]] = n.typeOf(n.in[0])
	}
	list := &graph.Value{Name: n.first()}
	if n.sequences == nil {
		n.sequences = map[*graph.Value][]*graph.Value{}
	}
	n.sequences[list] = parts
	return []*graph.Value{list}, nil
}

// pieces are the sizes of the parts: a list of them, one that all have but the last, or 1.
func (n *node) pieces(axis int) ([]int, error) {
	size := 1
	if n.has(1) {
		given, err := n.numbersOf(1, "split")
		if err != nil {
			return nil, err
		}
		if t := n.ConstantOf(n.in[1]); len(t.Shape()) > 0 {
			if len(given) == 0 || len(given) > maxPieces {
				return nil, fmt.Errorf("a list of %d tensors; from 1 to %d are read", len(given), maxPieces)
			}
			return given, nil
		}
		if size = given[0]; size < 1 {
			return nil, fmt.Errorf("parts of %d elements", size)
		}
	}
	left, err := n.extentAlong(axis)
	if err != nil {
		return nil, err
	}
	if count := (left-1)/size + 1; left < 1 || count > maxPieces {
		return nil, fmt.Errorf("a list of %d tensors; from 1 to %d are read", count, maxPieces)
	}
	var sizes []int
	for ; left > 0; left -= size {
		sizes = append(sizes, min(size, left))
	}
	return sizes, nil
}

// extentAlong is the extent of the first input along an axis: known, or as the file tells it of a
// value between nodes, which a run will compare.
func (n *node) extentAlong(axis int) (int, error) {
	x := n.in[0]
	shape := n.Facts[x].Shape
	switch {
	case x.Role == graph.Parameter:
		shape = x.Type.Shape
	case shape != nil:
	case x.Role == graph.Input:
		shape = x.Sizes
	default:
		if told := n.tells(n.proto.GetInput()[0]); told != nil {
			if port, err := portOf(told); err == nil {
				shape = port.Sizes
			}
		}
	}
	if axis < 0 {
		axis += len(shape)
	}
	if axis < 0 || axis >= len(shape) || shape[axis] == 0 {
		return 0, fmt.Errorf("the extent of its operand along the axis is %w; octet.WithShape may tell it", graph.ErrComputed)
	}
	return shape[axis], nil
}

// readSequenceAt takes a tensor of a list.
func readSequenceAt(n *node) ([]*graph.Value, error) {
	if err := n.need(2); err != nil {
		return nil, err
	}
	list, ok := n.sequences[n.in[0]]
	if !ok {
		return nil, fmt.Errorf("input 0 is no list of tensors")
	}
	index, err := n.known(1, "index")
	if err != nil {
		return nil, err
	}
	if index.DType() != tensor.Int64 || index.Numel() != 1 {
		return nil, fmt.Errorf("its index is %v; a whole number is expected", index)
	}
	at := index.Int64s()[0]
	if at < int64(-len(list)) || at >= int64(len(list)) {
		return nil, fmt.Errorf("index %d of a list of %d tensors", at, len(list))
	}
	if at < 0 {
		at += int64(len(list))
	}
	return list[at : at+1], nil
}

// listed is an error for a node that reads a list as if it were a tensor.
func (n *node) listed() error {
	for i, v := range n.in {
		if _, ok := n.sequences[v]; ok && v != nil && n.proto.GetOpType() != "SequenceAt" {
			return fmt.Errorf("input %d, %q, is a list of tensors, of which SequenceAt reads one", i, v.Name)
		}
	}
	return nil
}
