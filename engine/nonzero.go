package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/parallel"
	"github.com/octet-ml/octet/tensor"
)

// nonZero lists the indices of the elements of its operand that are not zero.
type nonZero struct {
	lastInnermost
	dtype tensor.DType
}

func newNonZero(n *graph.Node) nonZero { return nonZero{dtype: n.Inputs[0].Type.DType} }

func (nonZero) kernel() (string, string) { return "nonzero", "go" }

func (o nonZero) fix(in, _ []desc, _ int) (fixed, error) { return fixedNonZero{o, in[0].Shape}, nil }

type fixedNonZero struct {
	nonZero
	shape tensor.Shape
}

func (fixedNonZero) macs() int64  { return 0 }
func (fixedNonZero) scratch() int { return 0 }

func (f fixedNonZero) bind(in, outs []memory, _ [][]uint64) step {
	return &nonZeroStep{f, in[0], view[int64](outs[0]), []tensor.Shape{{len(f.shape), 0}}}
}

type nonZeroStep struct {
	fixedNonZero
	in   memory
	out  []int64
	size []tensor.Shape
}

func (s *nonZeroStep) shapes() []tensor.Shape { return s.size }

func (s *nonZeroStep) exec(*parallel.Pool) error {
	switch s.dtype {
	case tensor.Float32:
		s.size[0][1] = listNonZero(s.out, s.in.reals(), s.shape)
	case tensor.Int64:
		s.size[0][1] = listNonZero(s.out, view[int64](s.in), s.shape)
	default: // bool
		s.size[0][1] = listNonZero(s.out, s.in.codes(), s.shape)
	}
	return nil
}

// listNonZero writes the indices of the elements of x that are not zero, [axis][element],
// and returns their number.
func listNonZero[T int64 | uint8 | float32](out []int64, x []T, shape tensor.Shape) int {
	n := 0
	for _, v := range x {
		if v != 0 {
			n++
		}
	}
	at := 0
	for i, v := range x {
		if v == 0 {
			continue
		}
		for axis := len(shape) - 1; axis >= 0; axis-- {
			out[axis*n+at] = int64(i % shape[axis])
			i /= shape[axis]
		}
		at++
	}
	return n
}
