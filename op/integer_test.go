package op

import (
	"slices"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Vectors are rows and columns of one, whose axis the result does not have.
func TestIntegerMatMulOfVectors(t *testing.T) {
	row, matrix, zero := tensor.Of([]int64{1, 2, 3}, 3), tensor.Of([]int64{1, 0, 0, 1, 1, 1}, 3, 2), tensor.Of([]int64{1})
	for _, c := range []struct {
		a, b  *tensor.Tensor
		shape tensor.Shape
		want  []int64
	}{
		{row, matrix, tensor.Shape{2}, []int64{2, 3}},
		{tensor.Of([]int64{1, 2, 3, 4, 5, 6}, 2, 3), row, tensor.Shape{2}, []int64{8, 26}},
		{row, row, tensor.Shape{}, []int64{8}},
		{row, tensor.Of([]int64{1, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 1}, 2, 3, 2), tensor.Shape{2, 2}, []int64{2, 3, 0, 2}},
	} {
		none := tensor.Of([]int64{0})
		in := []*tensor.Tensor{c.a, c.b, zero, none}
		types, err := IntegerMatMul{}.Infer(graph.FactsOf(in...))
		if err != nil {
			t.Fatal(err)
		}
		y, err := IntegerMatMul{}.Eval(graph.Context{}, in, types)
		if err != nil || !y[0].Shape().Equal(c.shape) || !slices.Equal(y[0].Int64s(), c.want) {
			t.Errorf("%v times %v is %v %v, want %v: %v", c.a, c.b, y[0], y[0].Int64s(), c.want, err)
		}
	}
}
