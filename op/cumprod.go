package op

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// CumProd is torch.cumprod along Axis, which counts from the end when negative.
//
// Input: x. Result: the shape of x.
type CumProd struct {
	Axis      int  `json:"axis"`
	Exclusive bool `json:"exclusive,omitempty"` // products leave out the element in their place
	Reverse   bool `json:"reverse,omitempty"`   // products begin at the end
}

// Kind is "cumprod".
func (CumProd) Kind() string { return "cumprod" }

// Signatures: float and int64.
func (CumProd) Signatures() []graph.Signature { return each(1, f32, i64) }

// Infer returns the shape of x.
func (o CumProd) Infer(in []graph.Fact) ([]graph.Type, error) { return CumSum{Axis: o.Axis}.Infer(in) }

// Eval multiplies along every line, of float32 in float64.
func (o CumProd) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	y := tensor.New(out[0].DType, out[0].Shape...)
	var err error
	if out[0].DType == i64 {
		err = multiplied[int64, int64](o, y.Int64s(), in[0].Int64s(), out[0].Shape)
	} else {
		err = multiplied[float32, float64](o, y.Float32s(), in[0].Float32s(), out[0].Shape)
	}
	return []*tensor.Tensor{y}, err
}

// multiplied multiplies along lines of x in type P.
func multiplied[T, P int64 | float32 | float64](o CumProd, y, x []T, s tensor.Shape) error {
	return alongAxis(o.Axis, s, func(at func(i int) int, n int) {
		product := P(1)
		for i := range n {
			if o.Reverse {
				i = n - 1 - i
			}
			before := product
			product *= P(x[at(i)])
			if y[at(i)] = T(product); o.Exclusive {
				y[at(i)] = T(before)
			}
		}
	})
}
