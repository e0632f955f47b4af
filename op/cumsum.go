package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// errNothingAlong is the error for an axis without elements.
func errNothingAlong(axis int, x tensor.Shape) error {
	return fmt.Errorf("there are no elements along axis %d of %v", axis, x)
}

// CumSum is torch.cumsum along Axis, which counts from the end when negative.
//
// Input: x. Result: the shape of x.
type CumSum struct {
	Axis      int  `json:"axis"`
	Exclusive bool `json:"exclusive,omitempty"` // sums leave out the element in their place
	Reverse   bool `json:"reverse,omitempty"`   // sums begin at the end
}

// Kind is "cumsum".
func (CumSum) Kind() string { return "cumsum" }

// Signatures: float and int64.
func (CumSum) Signatures() []graph.Signature { return each(1, f32, i64) }

// Infer returns the shape of x.
func (o CumSum) Infer(in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	if _, err := axisOf(o.Axis, len(in[0].Shape)); err != nil {
		return nil, err
	}
	return like(in[0], in[0].Shape.Clone())
}

// Eval adds up every line, of float32 in float64.
func (o CumSum) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	y := tensor.New(out[0].DType, out[0].Shape...)
	var err error
	if out[0].DType == i64 {
		err = cumulate[int64, int64](o, y.Int64s(), in[0].Int64s(), out[0].Shape, o.Reverse)
	} else {
		err = cumulate[float32, float64](o, y.Float32s(), in[0].Float32s(), out[0].Shape, o.Reverse)
	}
	return []*tensor.Tensor{y}, err
}

// cumulate adds up lines of x in type S, from their end where backwards.
func cumulate[T, S int64 | float32 | float64](o CumSum, y, x []T, s tensor.Shape, backwards bool) error {
	return alongAxis(o.Axis, s, func(at func(i int) int, n int) {
		var sum S
		for i := range n {
			if backwards {
				i = n - 1 - i
			}
			if o.Exclusive {
				y[at(i)] = T(sum)
			}
			sum += S(x[at(i)])
			if !o.Exclusive {
				y[at(i)] = T(sum)
			}
		}
	})
}

// Gradient is, for each element, the sum of up over the sums that include it.
func (o CumSum) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := needFloats(o, in, up); err != nil {
		return nil, err
	}
	g := tensor.New(f32, up.Shape()...)
	err := cumulate[float32, float64](o, g.Float32s(), up.Float32s(), up.Shape(), !o.Reverse)
	return []*tensor.Tensor{g}, err
}
