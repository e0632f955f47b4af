package pt2

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// numbers are computed from the sizes of inputs; they have no axes.
var numbers = map[string]importer{
	"sym_size.int":       readSymSize,
	"_operator.add":      computed(op.Add{}),
	"_operator.sub":      computed(op.Sub{}),
	"_operator.mul":      computed(op.Mul{}),
	"_operator.mod":      computed(pairwise("remainder")),
	"_operator.floordiv": readSymFloorDiv,
	"_operator.neg":      readSymNeg,
	"sym_numel.default":  readSymNumel,
}

func readSymSize(n *node) ([]*graph.Value, error) {
	axis := n.axis("dim", "self")
	return n.Result(op.Reshape{Shape: []int{}}, n.Extent(n.tensor("self"), axis))
}

func readSymNumel(n *node) ([]*graph.Value, error) {
	return n.Result(op.Reduce{Name: "prod", Axes: []int{0}}, n.Shape(n.tensor("self")))
}

// wholeNumber is a number that is known or computed; those with fractions are refused.
func (n *node) wholeNumber(name string) *graph.Value {
	if a := n.arg(name); a.kind != "as_int" && a.kind != "as_sym_int" {
		n.mistaken(name, "a whole number", a)
		return nil
	}
	v := n.operand(name)
	if n.Err == nil && v.Type.DType != tensor.Int64 {
		n.Refuse("its argument %q is %v; a whole number is read", name, v.Type)
	}
	return v
}

func computed(o graph.Op) importer {
	return func(n *node) ([]*graph.Value, error) {
		return n.Result(o, n.wholeNumber("a"), n.wholeNumber("b"))
	}
}

func readSymFloorDiv(n *node) ([]*graph.Value, error) {
	return n.floorDivided(n.wholeNumber("a"), n.wholeNumber("b"))
}

func readSymNeg(n *node) ([]*graph.Value, error) {
	return n.Result(function("neg"), n.wholeNumber("a"))
}
