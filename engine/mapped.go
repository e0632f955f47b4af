package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// mapped applies a function to elements of any type.
type mapped[A, R any] struct {
	anyOrder
	f func(A) R
}

func (mapped[A, R]) kernel() (string, string) { return "function", "go" }

func (o mapped[A, R]) fix(_, outs []desc, threads int) (fixed, error) {
	const slow = 8 // elements of other kernels in the time of one
	return fixedMapped[A, R]{o, splitRuns(outs[0].Shape.Numel(), shortest/slow, threads)}, nil
}

type fixedMapped[A, R any] struct {
	mapped[A, R]
	runs
}

func (fixedMapped[A, R]) macs() int64  { return 0 }
func (fixedMapped[A, R]) scratch() int { return 0 }

func (f fixedMapped[A, R]) bind(in, outs []memory, _ [][]uint64) step {
	return pieces{f.count, &taskMapped[A, R]{f, view[A](in[0]), view[R](outs[0])}}
}

type taskMapped[A, R any] struct {
	fixedMapped[A, R]
	in  []A
	out []R
}

func (t *taskMapped[A, R]) Do(_, i int) {
	from, to := t.bounds(i)
	out := t.out[from:to]
	for j, v := range t.in[from:to] {
		out[j] = t.f(v)
	}
}

// truth is b as an element.
func truth(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}

// lowerCast lowers casts from one type of values to another.
func lowerCast(n *graph.Node, c op.Cast, t target) operation {
	switch from := n.Inputs[0].Type.DType; {
	case from == tensor.Float32 && c.To == tensor.Float32:
		return mapped[float32, float32]{f: c.Real}
	case from == tensor.Float32 && c.To == tensor.Int64:
		return mapped[float32, int64]{f: c.Truncated}
	case from == tensor.Float32:
		return mapped[float32, uint8]{f: func(x float32) uint8 { return truth(c.Real(x) != 0) }}
	case from == tensor.Int64 && c.To == tensor.Float32:
		return mapped[int64, float32]{f: c.RealOf}
	case from == tensor.Int64 && c.To == tensor.Int64:
		return mapped[int64, int64]{f: c.Whole}
	case from == tensor.Int64:
		return mapped[int64, uint8]{f: func(x int64) uint8 { return truth(c.RealOf(x) != 0) }}
	case from == tensor.Int8 && c.To == tensor.Float32:
		return mapped[int8, float32]{f: func(x int8) float32 { return c.RealOf(int64(x)) }}
	case from == tensor.Int8 && c.To == tensor.Int64:
		return mapped[int8, int64]{f: func(x int8) int64 { return c.Whole(int64(x)) }}
	case from == tensor.UInt8 && c.To == tensor.Float32 && c.Via == tensor.Invalid: // pixels
		return numbersOf(quant.Dequantizer{Scale: 1}, t)
	case from == tensor.UInt8 && c.To == tensor.Float32:
		return mapped[uint8, float32]{f: func(x uint8) float32 { return c.RealOf(int64(x)) }}
	case from == tensor.UInt8 && c.To == tensor.Int64:
		return mapped[uint8, int64]{f: func(x uint8) int64 { return c.Whole(int64(x)) }}
	case c.To == tensor.Float32:
		return mapped[uint8, float32]{f: func(x uint8) float32 { return float32(truth(x != 0)) }}
	case c.To == tensor.Int64:
		return mapped[uint8, int64]{f: func(x uint8) int64 { return int64(truth(x != 0)) }}
	}
	return mapped[uint8, uint8]{f: func(x uint8) uint8 { return truth(x != 0) }}
}

// lowerIntRepr gives memory of codes another name. Signed codes are flipped, see unsigned.go.
func lowerIntRepr(n *graph.Node) operation {
	if d := n.Inputs[0].Type.DType; d == tensor.QInt8 || d == tensor.Int8 {
		return mapped[uint8, uint8]{f: func(x uint8) uint8 { return x ^ 0x80 }}
	}
	return identity{}
}

func lowerNot(n *graph.Node) operation {
	if n.Output().Type.DType == tensor.Bool {
		return mapped[uint8, uint8]{f: func(x uint8) uint8 { return truth(x == 0) }}
	}
	return mapped[int64, int64]{f: func(x int64) int64 { return ^x }}
}
