package pt2

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// casts give a tensor another element type. A graph holds few: floats of other sizes are
// float32, whole numbers int64.
var casts = map[string]importer{
	"to.dtype":                    readTo,
	"to.dtype_layout":             readTo,
	"to.device":                   readTo,
	"to.other":                    readTo,
	"_to_copy.default":            readTo,
	"type_as.default":             readTo,
	"item.default":                readItem,
	"_local_scalar_dense.default": readItem,
}

// readTo casts to the type of the result. Whole numbers of fewer bits keep their low ones.
func readTo(n *node) ([]*graph.Value, error) {
	x, to := n.tensor("self"), n.kind()
	if n.Err != nil {
		return nil, n.Err
	}
	same := n.made().DType == n.meta("self").DType
	if n.target == "_to_copy.default" && same {
		return []*graph.Value{x}, nil
	}
	if same {
		return n.sees(itself, nil)
	}
	c := op.Cast{To: to}
	switch stored := dtypes[n.made().DType]; stored {
	case tensor.UInt8, tensor.Int8, tensor.Int16, tensor.Int32, tensor.UInt16, tensor.UInt32:
		if x.Type.DType != tensor.Bool {
			c.Via = stored
		}
	case tensor.Float16, tensor.BFloat16:
		c.Via = stored
	}
	if c.Via == tensor.Invalid && x.Type.DType == to {
		return []*graph.Value{x}, nil
	}
	return n.Result(c, x)
}

// readItem reads a number out of a tensor, where it is a constant.
func readItem(n *node) ([]*graph.Value, error) {
	x := n.tensor("self")
	if n.Err == nil && n.ConstantOf(x) == nil {
		n.Refuse("a number that is %w", graph.ErrComputed)
	}
	return n.Result(op.Reshape{Shape: []int{}}, x)
}
