package pt2

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

var products = map[string]importer{
	"linear.default":  readLinear,
	"matmul.default":  readMatMul("self", "other"),
	"mm.default":      readMatMul("self", "mat2"),
	"bmm.default":     readMatMul("self", "mat2"),
	"addmm.default":   readAddMM("mat1", "mat2"),
	"baddbmm.default": readAddMM("batch1", "batch2"),
	"einsum.default":  readEinsum,
}

// isWeight reports whether v is a constant matrix, perhaps one of codes.
func isWeight(v *graph.Value) bool {
	if codes := codesBehind(v); codes != nil {
		return len(codes.Type.Shape) == 2
	}
	return v != nil && v.Role == graph.Parameter && len(v.Type.Shape) == 2 && v.Type.DType == tensor.Float32
}

func readLinear(n *node) ([]*graph.Value, error) {
	x, w, bias := n.tensor("input"), n.tensor("weight"), n.optional("bias")
	if n.Err != nil || isWeight(w) && (bias == nil || bias.Role == graph.Parameter) {
		return n.Result(op.Linear{}, given(x, w, bias)...)
	}
	if n.rank("weight") != 2 {
		n.Refuse("its weight has %d axes; two are read", n.rank("weight"))
	}
	turned := n.Do(op.Transpose{Perm: []int{1, 0}}, w)
	if bias == nil {
		return n.Result(op.MatMul{}, x, turned)
	}
	return n.Result(op.Add{}, n.Do(op.MatMul{}, x, turned), bias)
}

// product is a times b, a layer where b is a constant matrix.
func (n *node) product(a, b *graph.Value) (graph.Op, []*graph.Value) {
	if n.Err == nil && a.Role != graph.Parameter && isWeight(b) {
		return op.Linear{}, []*graph.Value{a, n.Do(op.Transpose{Perm: []int{1, 0}}, b)}
	}
	return op.MatMul{}, []*graph.Value{a, b}
}

func readMatMul(left, right string) importer {
	return func(n *node) ([]*graph.Value, error) {
		a, b := n.tensor(left), n.tensor(right)
		var gone []int
		if n.rank(left) == 1 {
			a, gone = n.Do(op.Unsqueeze{Axes: []int{0}}, a), append(gone, -2)
		}
		if n.rank(right) == 1 {
			b, gone = n.Do(op.Unsqueeze{Axes: []int{1}}, b), append(gone, -1)
		}
		o, in := n.product(a, b)
		if gone == nil {
			return n.Result(o, in...)
		}
		return n.Result(op.Squeeze{Axes: gone}, n.Do(o, in...))
	}
}

// readAddMM reads beta * self + alpha * left * right.
func readAddMM(left, right string) importer {
	return func(n *node) ([]*graph.Value, error) {
		c, alpha, beta := n.tensor("self"), n.real("alpha"), n.real("beta")
		o, in := n.product(n.tensor(left), n.tensor(right))
		if _, layer := o.(op.Linear); layer && alpha == 1 && beta == 1 && n.Err == nil && c.Role == graph.Parameter && len(c.Type.Shape) == 1 {
			return n.Result(o, append(in, c)...)
		}
		y := n.Do(o, in...)
		if alpha != 1 {
			y = n.Do(op.Mul{}, y, n.Scalar(float32(alpha)))
		}
		if beta == 0 {
			return n.Result(op.StridedSlice{}, y)
		}
		if beta != 1 {
			c = n.Do(op.Mul{}, c, n.Scalar(float32(beta)))
		}
		return n.Result(op.Add{}, y, c)
	}
}

func readEinsum(n *node) ([]*graph.Value, error) {
	return n.Result(op.Einsum{Equation: n.text("equation")}, n.tensors("tensors")...)
}
