package op

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Paired is a function of two operands without a form on codes and without a clamp.
type Paired interface {
	graph.Op
	// Functions returns the function for each type of operands.
	Functions() PairFunctions
}

// PairFunctions are the forms of a function of two numbers, one for each type of operands; nil
// for types that it does not take.
type PairFunctions struct {
	Real  func(a, b float32) float32          // of float32
	Slope func(a, b float64) (da, db float64) // the derivatives of Real
	Whole func(a, b int64) (int64, error)     // of int64; an error for a division by 0 and the like
	Truth func(a, b bool) bool                // of bool

	RealTest  func(a, b float32) bool // of comparisons
	WholeTest func(a, b int64) bool   // of comparisons, of int64
}

// signatures lists the types.
func (f PairFunctions) signatures() []graph.Signature {
	var sigs []graph.Signature
	add := func(has bool, in, out tensor.DType) {
		if has {
			sigs = append(sigs, graph.Signature{In: []tensor.DType{in, in}, Out: out})
		}
	}
	add(f.Real != nil, f32, f32)
	add(f.Whole != nil, i64, i64)
	add(f.RealTest != nil, f32, boolean)
	add(f.WholeTest != nil, i64, boolean)
	add(f.Truth != nil, boolean, boolean)
	return sigs
}

// inferPaired infers a function of two numbers.
func inferPaired(o Paired, in []graph.Fact) ([]graph.Type, error) {
	if err := arity(in, 2, 2); err != nil {
		return nil, err
	}
	sigs := o.Signatures()
	i := slices.IndexFunc(sigs, func(s graph.Signature) bool { return s.In[0] == in[0].DType && s.In[1] == in[1].DType })
	if i < 0 {
		return nil, fmt.Errorf("no function %q of %v and %v", o.Kind(), in[0].DType, in[1].DType)
	}
	shape, err := broadcastShape(in[0].Shape, in[1].Shape)
	if err != nil {
		return nil, err
	}
	return typed(graph.Type{DType: sigs[i].Out, Shape: shape})
}

// evalPaired applies the function of the operands' type to each pair.
func evalPaired(o Paired, in []*tensor.Tensor, out graph.Type) ([]*tensor.Tensor, error) {
	f := o.Functions()
	a, b, y := in[0], in[1], tensor.New(out.DType, out.Shape...)
	var failed error
	var set func(i, j, k int)
	switch a.DType() {
	case boolean:
		p, q := a.Uint8s(), b.Uint8s()
		set = func(i, j, k int) { y.Uint8s()[i] = truth(f.Truth(p[j] != 0, q[k] != 0)) }
	case i64:
		p, q := a.Int64s(), b.Int64s()
		set = func(i, j, k int) {
			v, err := f.Whole(p[j], q[k])
			if err != nil && failed == nil {
				failed = err
			}
			y.Int64s()[i] = v
		}
		if f.WholeTest != nil {
			set = func(i, j, k int) { y.Uint8s()[i] = truth(f.WholeTest(p[j], q[k])) }
		}
	default:
		p, q := a.Float32s(), b.Float32s()
		set = func(i, j, k int) { y.Float32s()[i] = f.Real(p[j], q[k]) }
		if f.RealTest != nil {
			set = func(i, j, k int) { y.Uint8s()[i] = truth(f.RealTest(p[j], q[k])) }
		}
	}
	pairs(a.Shape(), b.Shape(), out.Shape, set)
	return []*tensor.Tensor{y}, failed
}
