package onnx

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

var products = map[string]importer{
	"MatMul": readMatMul,
	"Gemm":   readGemm,
	"Einsum": readEinsum,
}

// readMatMul makes a Linear of a product with a constant matrix, which is a layer with a
// weight.
func readMatMul(n *node) ([]*graph.Value, error) {
	if err := n.need(2); err != nil {
		return nil, err
	}
	x, w := n.in[0], n.in[1]
	vectors, err := n.vectors()
	if err != nil {
		return nil, err
	}
	layer := func(w, x *graph.Value) bool { // of one row
		return w.Role == graph.Parameter && len(w.Type.Shape) == 2 && w.Type.DType == tensor.Float32 && x.Role != graph.Parameter
	}
	switch {
	case vectors == [2]bool{false, true} && layer(x, w):
		return n.result(op.Linear{}, w, x) // W x is x Wᵀ
	case vectors == [2]bool{true, false} && layer(w, x):
	case vectors != [2]bool{}:
		return n.matMulVectors(vectors)
	}
	if x.Role == graph.Parameter || !isWeight(w) || len(shapeOf(w)) != 2 {
		return n.result(op.MatMul{}, x, w)
	}
	weight, err := n.transposedWeight(w)
	if err != nil {
		return nil, err
	}
	return n.result(op.Linear{}, x, weight)
}

// vectors says which factors have a single axis, as far as that is known.
func (n *node) vectors() (is [2]bool, err error) {
	for i := range is {
		if codesBehind(n.in[i]) != nil {
			continue
		}
		rank, err := n.rank(n.in[i])
		if err == nil && rank == 0 {
			return is, fmt.Errorf("factor %d is a number; one axis at least is expected", i)
		}
		is[i] = err == nil && rank == 1
	}
	return is, nil
}

// matMulVectors multiplies vectors as rows or columns, whose axis the result does not have.
func (n *node) matMulVectors(vectors [2]bool) ([]*graph.Value, error) {
	f := n.formula(2)
	in, gone := [2]*graph.Value{n.in[0], n.in[1]}, []int{}
	for i, axis := range []int{-2, -1} {
		if vectors[i] {
			in[i], gone = f.Do(op.Unsqueeze{Axes: []int{i}}, in[i]), append(gone, axis)
		}
	}
	return f.Result(op.Squeeze{Axes: gone}, f.Do(op.MatMul{}, in[0], in[1]))
}

// readGemm reads alpha * a * b + beta * c.
func readGemm(n *node) ([]*graph.Value, error) {
	if err := n.need(2); err != nil {
		return nil, err
	}
	alpha, err := n.real("alpha", 1)
	if err != nil {
		return nil, err
	}
	beta, err := n.real("beta", 1)
	if err != nil {
		return nil, err
	}
	a, err := n.transposedIf("transA", n.in[0])
	if err != nil {
		return nil, err
	}
	if w := n.in[1]; a.Role != graph.Parameter && isWeight(w) && n.isBias(2) {
		return n.linear(a, w, alpha, beta)
	}
	b, err := n.transposedIf("transB", n.in[1])
	if err != nil {
		return nil, err
	}
	if alpha == 1 && (!n.has(2) || beta == 0) {
		return n.result(op.MatMul{}, a, b)
	}
	y, err := n.step(op.MatMul{}, a, b)
	if err != nil {
		return nil, err
	}
	if !n.has(2) || beta == 0 {
		return n.result(op.Mul{}, y, n.scalar(alpha))
	}
	if y, err = n.scaled(y, alpha); err != nil {
		return nil, err
	}
	c, err := n.scaled(n.in[2], beta)
	if err != nil {
		return nil, err
	}
	return n.result(op.Add{}, y, c)
}

// linear makes the layer of a constant weight, with the factors multiplied into it.
func (n *node) linear(x, weight *graph.Value, alpha, beta float32) ([]*graph.Value, error) {
	transposed, err := n.flag("transB", false)
	if err != nil {
		return nil, err
	}
	if !transposed {
		if weight, err = n.transposedWeight(weight); err != nil {
			return nil, err
		}
	}
	if weight, err = n.scaled(weight, alpha); err != nil {
		return nil, err
	}
	if !n.has(2) || beta == 0 {
		return n.result(op.Linear{}, x, weight)
	}
	bias := n.in[2]
	out := shapeOf(weight)[0]
	if bias.Type.Shape.Numel() != out { // one number for all outputs
		ones := make([]float32, out)
		for i := range ones {
			ones[i] = 1
		}
		if bias, err = n.step(op.Mul{}, n.constant(tensor.Of(ones, out)), bias); err != nil {
			return nil, err
		}
	}
	if bias, err = n.step(op.Reshape{Shape: []int{out}}, bias); err != nil {
		return nil, err
	}
	if bias, err = n.scaled(bias, beta); err != nil {
		return nil, err
	}
	return n.result(op.Linear{}, x, weight, bias)
}

// isBias reports whether input i, if there is one, is a constant that is added to every
// row.
func (n *node) isBias(i int) bool {
	if !n.has(i) {
		return true
	}
	s := n.in[i].Type.Shape
	return n.in[i].Role == graph.Parameter && (len(s) < 2 || len(s) == 2 && s[0] == 1)
}

func (n *node) transposedIf(attr string, v *graph.Value) (*graph.Value, error) {
	if yes, err := n.flag(attr, false); !yes || err != nil {
		return v, err
	}
	return n.step(op.Transpose{Perm: []int{1, 0}}, v)
}

// scaled is v times a factor.
func (n *node) scaled(v *graph.Value, by float32) (*graph.Value, error) {
	if by == 1 {
		return v, nil
	}
	return n.step(op.Mul{}, v, n.scalar(by))
}

// scalar is a constant without axes.
func (n *node) scalar(v float32) *graph.Value { return n.constant(tensor.Of([]float32{v})) }

func readEinsum(n *node) ([]*graph.Value, error) {
	equation, err := n.text("equation", "")
	if err != nil {
		return nil, err
	}
	return simple(op.Einsum{Equation: equation}, max(1, len(n.in)))(n)
}
