package onnx

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// casts are operators that name an element type. A graph holds few; what a file declares is
// noted for each value.
var casts = map[string]importer{
	"Cast":     readCast,
	"CastLike": readCastLike,
	"BitCast":  readBitCast,
}

func readCast(n *node) ([]*graph.Value, error) {
	if err := n.need(1); err != nil {
		return nil, err
	}
	wanted, err := n.wanted()
	if err != nil {
		return nil, err
	}
	if d := n.in[0].Type.DType; d.IsQuantized() && (plainOf(d) == wanted || n.in[0].Role == graph.Parameter) {
		return n.in[:1], nil // codes that an exporter casts to the integers that they are
	}
	return n.cast(wanted)
}

func readCastLike(n *node) ([]*graph.Value, error) {
	if err := n.need(2); err != nil {
		return nil, err
	}
	return n.cast(n.typeOf(n.in[1]))
}

// wanted is the element type that the attribute to names.
func (n *node) wanted() (tensor.DType, error) {
	to, err := n.number("to", 0)
	if err != nil {
		return tensor.Invalid, err
	}
	return elementType(int32(to))
}

// cast makes the first input one of the types that graphs hold, through the range of the
// wanted type where that is smaller.
func (n *node) cast(wanted tensor.DType) ([]*graph.Value, error) {
	kind, err := HeldType(wanted)
	if err != nil {
		return nil, err
	}
	x, err := n.plain(n.in[0])
	if err != nil {
		return nil, err
	}
	c := op.Cast{To: kind}
	if wanted != kind && wanted != tensor.Float64 && wanted != tensor.UInt64 { // those have room for all of kind
		c.Via = wanted
	}
	if wanted.IsSmallFloat() {
		saturated, err := n.flag("saturate", true)
		if err != nil {
			return nil, err
		}
		c.Overflow = !saturated
		if mode, err := n.text("round_mode", "up"); err != nil || wanted == tensor.Float8E8M0 && mode != "up" {
			return nil, fmt.Errorf("round_mode %q is not read: %w", mode, err)
		}
	}
	if c.Via == tensor.Invalid && kind == x.Type.DType {
		return n.in[:1], nil
	}
	out, err := n.result(c, x)
	if err == nil {
		n.declared[out[0]] = wanted
		n.storeAs(wanted, out[0])
	}
	return out, err
}

// storeAs notes of a value that is a constant what a file would store of it.
func (n *node) storeAs(d tensor.DType, v *graph.Value) {
	if v.Role != graph.Parameter {
		return
	}
	if stored, err := Convert(v.Data, d); err == nil {
		n.stored[v] = stored
	}
}

func readBitCast(n *node) ([]*graph.Value, error) {
	if err := n.need(1); err != nil {
		return nil, err
	}
	wanted, err := n.wanted()
	if err != nil {
		return nil, err
	}
	out, err := n.result(op.BitCast{From: n.typeOf(n.in[0]), To: wanted}, n.in[0])
	if err == nil {
		n.declared[out[0]] = wanted
	}
	return out, err
}

// typeOf is the element type of a value in the file, as far as that is known.
func (b *builder) typeOf(v *graph.Value) tensor.DType {
	if t := b.stored[v]; t != nil {
		return t.DType()
	}
	if d, ok := b.declared[v]; ok {
		return d
	}
	return v.Type.DType
}

// indices are operators whose results from one on are int64, whatever their inputs are.
var indices = map[string]int{"Shape": 0, "Size": 0, "ArgMax": 0, "ArgMin": 0, "NonZero": 0, "NonMaxSuppression": 0, "TopK": 1, "Unique": 1, "MaxPool": 1}

// declare notes the element type of result i of a node: that of its first input of the same
// sort, which ONNX's operators keep.
func (n *node) declare(i int, v *graph.Value) {
	if first, ok := indices[n.proto.GetOpType()]; v == nil || n.declared[v] != tensor.Invalid || n.stored[v] != nil || ok && i >= first {
		return
	}
	for _, in := range n.in {
		if in == nil {
			continue
		}
		if kind, err := HeldType(n.typeOf(in)); err == nil && (kind == v.Type.DType || in.Type.DType == v.Type.DType) {
			n.declared[v] = n.typeOf(in)
			return
		}
	}
}
