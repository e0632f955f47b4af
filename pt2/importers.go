package pt2

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
)

// importers is the table of operators, without the namespace of ATen. Each family has a file with
// its part. Those that write in place are not in it: functional names them.
var importers = map[string]importer{}

func init() {
	for _, family := range []map[string]importer{convolutions, pools, products, pointwise, arithmetic, comparisons, movers, arrangements, parts, normalisations, reductions, creations, resizes, numbers, casts, attentions, recurrences, coders, onCodes} {
		for target, read := range family {
			importers[target] = read
		}
	}
}

// ignored are nodes that check or note something, and compute nothing.
var ignored = []string{
	"_assert_tensor_metadata.default", "_assert_scalar.default", "_assert_async.msg", "_assert_async.default",
	"sym_constrain_range.default", "sym_constrain_range_for_size.default", "_operator.ge", "_operator.le", "_operator.gt", "_operator.lt", "_operator.eq", "_operator.ne",
}

// unary reads an operator of the tensor self.
func unary(o graph.Op) importer {
	return func(n *node) ([]*graph.Value, error) { return n.Result(o, n.real32("self")) }
}

func reshape(sizes ...int) op.Reshape { return op.Reshape{Shape: sizes} }

func cat(axis int) op.Cat { return op.Cat{Axis: axis} }

func relation(name string) op.Relation { return op.Relation{Name: name} }

func function(name string) op.Function { return op.Function{Name: name} }

func pairwise(name string) op.Pairwise { return op.Pairwise{Name: name} }
