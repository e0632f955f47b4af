package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Reduce reduces x along Axes, negative or not, in any order; without Axes along all. Name is
// that of the reduction in package torch, where it has one: a row of the table reductions.
//
// Input: x, any shape. Result: the shape of x without Axes, or with 1 in their place.
type Reduce struct {
	Name    string `json:"name"` // without "torch.": sum, amax, logsumexp
	Axes    []int  `json:"axes,omitempty"`
	KeepDim bool   `json:"keepdim,omitempty"` // Axes stay, with extents of 1
}

// reduction is a row of the table.
type reduction struct {
	real   func(x []float64) float64
	slopes func(x []float64, y float64, slope []float64) // derivatives of real by each element; y is the result
	whole  func(x []int64) int64                         // of whole numbers, nil for reductions that do not take int64
}

var reductions = map[string]reduction{
	"amax": {
		real: func(x []float64) float64 {
			return fold(x, math.Inf(-1), func(a, v float64) float64 { return max(a, v) })
		},
		slopes: sharedAmongEqual,
		whole:  func(x []int64) int64 { return fold(x, math.MinInt64, func(a, v int64) int64 { return max(a, v) }) },
	},
	"amin": {
		real: func(x []float64) float64 {
			return fold(x, math.Inf(1), func(a, v float64) float64 { return min(a, v) })
		},
		slopes: sharedAmongEqual,
		whole:  func(x []int64) int64 { return fold(x, math.MaxInt64, func(a, v int64) int64 { return min(a, v) }) },
	},
	"l1_norm": {
		real:   func(x []float64) float64 { return fold(x, 0, func(a, v float64) float64 { return a + math.Abs(v) }) },
		slopes: slopeOfEach(func(x, _ float64) float64 { return signOf(x) }),
		whole:  func(x []int64) int64 { return fold(x, 0, func(a, v int64) int64 { return a + max(v, -v) }) },
	},
	"l2_norm": {
		real: func(x []float64) float64 { return math.Sqrt(sumOfSquares(x)) },
		slopes: slopeOfEach(func(x, y float64) float64 {
			if y == 0 {
				return 0
			}
			return x / y
		}),
	},
	"log_sum": {
		real:   func(x []float64) float64 { return math.Log(sum(x)) },
		slopes: slopeOfEach(func(_, y float64) float64 { return math.Exp(-y) }),
	},
	"logsumexp": {real: logSumExp, slopes: slopeOfEach(func(x, y float64) float64 { return math.Exp(x - y) })},
	"prod": {
		real:   func(x []float64) float64 { return fold(x, 1, func(a, v float64) float64 { return a * v }) },
		slopes: productsOfOthers,
		whole:  func(x []int64) int64 { return fold(x, 1, func(a, v int64) int64 { return a * v }) },
	},
	"sum": {
		real:   sum[float64],
		slopes: slopeOfEach(func(_, _ float64) float64 { return 1 }),
		whole:  sum[int64],
	},
	"sum_square": {
		real:   sumOfSquares,
		slopes: slopeOfEach(func(x, _ float64) float64 { return 2 * x }),
		whole:  func(x []int64) int64 { return fold(x, 0, func(a, v int64) int64 { return a + v*v }) },
	},
}

func fold[T any](x []T, start T, add func(a, v T) T) T {
	for _, v := range x {
		start = add(start, v)
	}
	return start
}

func sum[T int64 | float64](x []T) T { return fold(x, 0, func(a, v T) T { return a + v }) }

func sumOfSquares(x []float64) float64 {
	return fold(x, 0, func(a, v float64) float64 { return a + float64(v*v) })
}

// logSumExp subtracts the largest element first, so that exponentials do not overflow.
func logSumExp(x []float64) float64 {
	largest := fold(x, math.Inf(-1), func(a, v float64) float64 { return max(a, v) })
	if math.IsInf(largest, 0) {
		return largest
	}
	return largest + math.Log(fold(x, 0, func(a, v float64) float64 { return a + quant.Exp64(v-largest) }))
}

func slopeOfEach(f func(x, y float64) float64) func(x []float64, y float64, slope []float64) {
	return func(x []float64, y float64, slope []float64) {
		for i, v := range x {
			slope[i] = f(v, y)
		}
	}
}

// sharedAmongEqual divides the gradient among all elements that equal the result, as in
// PyTorch.
func sharedAmongEqual(x []float64, y float64, slope []float64) {
	equal := 0.0
	for i, v := range x {
		if slope[i] = 0; v == y {
			slope[i] = 1
			equal++
		}
	}
	for i := range slope {
		slope[i] /= equal
	}
}

func productsOfOthers(x []float64, _ float64, slope []float64) {
	for i := range x {
		slope[i] = 1
		for j, v := range x {
			if j != i {
				slope[i] *= v
			}
		}
	}
}

// Kind is the name.
func (o Reduce) Kind() string { return o.Name }

// Signatures: float, and int64 where the table says so.
func (o Reduce) Signatures() []graph.Signature {
	r, types := reductions[o.Name], []tensor.DType{f32}
	if r.whole != nil {
		types = append(types, i64)
	}
	return each(1, types...)
}

// Infer returns the shape of x without Axes.
func (o Reduce) Infer(in []graph.Fact) ([]graph.Type, error) {
	if _, ok := reductions[o.Name]; !ok {
		return nil, fmt.Errorf("no reduction %q", o.Name)
	}
	if err := arity(in, 1, 1); err != nil {
		return nil, err
	}
	shape, err := reduced(in[0].Shape, o.Axes, o.KeepDim)
	if err != nil {
		return nil, err
	}
	return like(in[0], shape)
}

// reduced is x without axes, or with 1 in their place; no axes are all.
func reduced(x tensor.Shape, axes []int, keep bool) (tensor.Shape, error) {
	chosen, err := axesOf(axes, len(x))
	if err != nil {
		return nil, err
	}
	shape := tensor.Shape{}
	for a, n := range x {
		switch {
		case !chosen[a] && len(axes) > 0:
			shape = append(shape, n)
		case keep:
			shape = append(shape, 1)
		}
	}
	return shape, nil
}

// reducing visits each result of a reduction of x along axes, with the indices of the elements
// that are reduced to it; the list is valid during the visit.
func reducing(x tensor.Shape, axes []int, visit func(i int, elements []int)) error {
	chosen, err := axesOf(axes, len(x))
	if err != nil {
		return err
	}
	var outer, inner tensor.Shape
	var outerStrides, innerStrides []int
	for a, stride := range ownStrides(x) {
		if chosen[a] || len(axes) == 0 {
			inner, innerStrides = append(inner, x[a]), append(innerStrides, stride)
		} else {
			outer, outerStrides = append(outer, x[a]), append(outerStrides, stride)
		}
	}
	base, offset := strided(outer, outerStrides, 0), strided(inner, innerStrides, 0)
	offsets := make([]int, inner.Numel())
	for i := range offsets {
		offsets[i] = offset(i)
	}
	elements := make([]int, len(offsets))
	for i := range outer.Numel() {
		at := base(i)
		for j, o := range offsets {
			elements[j] = at + o
		}
		visit(i, elements)
	}
	return nil
}

// picked lists the named elements of x.
func picked[T, R int64 | float32 | float64](list []R, x []T, elements []int) []R {
	list = list[:0]
	for _, e := range elements {
		list = append(list, R(x[e]))
	}
	return list
}

// Eval reduces in float64 and rounds once.
func (o Reduce) Eval(_ graph.Context, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	r, x, y := reductions[o.Name], in[0], tensor.New(out[0].DType, out[0].Shape...)
	if out[0].DType == i64 {
		var list []int64
		err := reducing(x.Shape(), o.Axes, func(i int, elements []int) {
			list = picked(list, x.Int64s(), elements)
			y.Int64s()[i] = r.whole(list)
		})
		return []*tensor.Tensor{y}, err
	}
	var list []float64
	err := reducing(x.Shape(), o.Axes, func(i int, elements []int) {
		list = picked(list, x.Float32s(), elements)
		y.Float32s()[i] = float32(r.real(list))
	})
	return []*tensor.Tensor{y}, err
}

// Gradient multiplies up by the derivative of the result by each element.
func (o Reduce) Gradient(in []*tensor.Tensor, up *tensor.Tensor) ([]*tensor.Tensor, error) {
	if err := needFloats(o, in, up); err != nil {
		return nil, err
	}
	r, g := reductions[o.Name], make([]float64, in[0].Numel())
	var list, slope []float64
	err := reducing(in[0].Shape(), o.Axes, func(i int, elements []int) {
		list = picked(list, in[0].Float32s(), elements)
		slope = slices.Grow(slope[:0], len(list))[:len(list)]
		r.slopes(list, r.real(list), slope)
		for j, e := range elements {
			g[e] = float64(up.Float32s()[i]) * slope[j]
		}
	})
	return []*tensor.Tensor{rounded(g, in[0].Shape())}, err
}
