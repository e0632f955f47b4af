package randomgraph

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// numbers adds a constant of float32.
func (b *Builder) numbers(shape []int, values ...float32) *graph.Value {
	return b.g.AddConst(b.name("numbers"), tensor.Of(values, shape...))
}

// between brings numbers smoothly between lo and hi.
func (b *Builder) between(x *graph.Value, lo, hi float32) *graph.Value {
	share := b.Float("share", op.Sigmoid{}, x)
	return b.Float("shift", op.Add{}, b.Float("scale", op.Mul{}, share, b.numbers(nil, hi-lo)), b.numbers(nil, lo))
}

// cast is x as another type.
func (b *Builder) cast(x *graph.Value, to tensor.DType) *graph.Value {
	return b.Float("cast", op.Cast{To: to}, x)
}

// elementwise are cases of functions, of their other types too, and of reductions.
var elementwise = []Case{
	{"functions of reals", 3, 4, 5, func(b *Builder) *graph.Graph {
		x := b.Real(b.Input())
		inside := b.between(x, 0.3, 0.8)
		var out []*graph.Value
		for _, o := range op.Prototypes() {
			f, ok := o.(op.Function)
			if !ok {
				continue
			}
			from := inside
			switch f.Name {
			case "acosh":
				from = b.between(x, 1.2, 3)
			case "ceil", "floor", "round", "sign", "abs", "neg", "cos", "softsign":
				from = x
			}
			out = append(out, b.Float(f.Name, f, from))
		}
		return b.Finish(out...)
	}},
	{"pairs of numbers", 3, 2, 70, func(b *Builder) *graph.Graph {
		x := b.Real(b.Input())
		row, channel, one := b.numbers([]int{70}, b.floats(70, 1)...), b.numbers([]int{3, 1, 1}, b.floats(3, 1)...), b.numbers(nil, 0.4)
		column := b.Float("column", op.Reduce{Name: "amax", Axes: []int{3}, KeepDim: true}, x)
		whole := b.cast(b.Float("three", op.Mul{}, x, b.numbers(nil, 3)), tensor.Int64)
		truth := b.Float("truth", op.Relation{Name: "gt"}, x, one)
		positive := b.between(x, 0.5, 2)
		var out []*graph.Value
		for _, o := range op.Prototypes() {
			f, ok := o.(op.Paired)
			if !ok {
				continue
			}
			functions := f.Functions()
			second := []*graph.Value{x, row, channel, one, column}[b.r.IntN(5)]
			switch {
			case functions.RealTest != nil || o.Kind() == "maximum" || o.Kind() == "minimum" || o.Kind() == "prelu":
				out = append(out, b.Float(o.Kind(), o, second, x))
			case o.Kind() == "pow":
				out = append(out, b.Float(o.Kind(), o, positive, second))
			}
			if functions.Whole != nil || functions.WholeTest != nil {
				out = append(out, b.Float(o.Kind(), o, whole, b.ints(3)))
			}
			if functions.Truth != nil {
				out = append(out, b.Float(o.Kind(), o, truth, b.Float("truth", op.Relation{Name: "lt"}, x, channel)))
			}
		}
		out = append(out, b.Float("pow", op.Pairwise{Name: "pow"}, x, b.numbers(nil, 2)), b.Float("pow", op.Pairwise{Name: "pow"}, positive, b.numbers([]int{1}, 0.5)))
		for _, name := range []string{"fmod", "remainder"} { // of multiples of 1/8, so that nothing is rounded
			eighths := b.Float("eighths", op.Div{}, b.cast(b.cast(x, tensor.Int64), tensor.Float32), b.numbers(nil, 8))
			out = append(out, b.Float(name, op.Pairwise{Name: name}, eighths, b.numbers(nil, 0.375)))
		}
		return b.Finish(b.reals(out)...)
	}},
	{"choices and casts", 5, 6, 13, func(b *Builder) *graph.Graph {
		x := b.Real(b.Input())
		channel := b.numbers([]int{5, 1, 1}, b.floats(5, 1)...)
		truth := b.Float("truth", op.Relation{Name: "ge"}, x, b.numbers(nil, 0.2))
		last := b.Float("truth", op.Relation{Name: "lt"}, b.numbers([]int{13}, b.floats(13, 1)...), b.numbers(nil, 0))
		whole := b.cast(x, tensor.Int64)
		out := []*graph.Value{
			b.Float("where", op.Where{}, truth, x, b.numbers(nil, -1e30)), b.Float("where", op.Where{}, last, channel, x), b.Float("where", op.Where{}, truth, whole, b.ints(7)),
			b.Float("where", op.Where{}, truth, b.cast(channel, tensor.Bool), last), b.Float("not", op.Not{}, truth), b.Float("not", op.Not{}, whole),
			b.Float("isnan", op.IsNaN{}, x), b.Float("isinf", op.IsInf{NoNegative: true}, x), b.cast(x, tensor.Bool), b.cast(whole, tensor.Bool), b.cast(truth, tensor.Int64),
			b.Float("neg", op.Function{Name: "neg"}, whole), b.Float("half", op.Cast{To: tensor.Float32, Via: tensor.Float16}, x), b.Float("byte", op.Cast{To: tensor.Int64, Via: tensor.Int8}, whole),
		}
		lo := 0.3
		out = append(out, b.Float("clip", op.Clip{Lo: &lo}, x), b.Float("clip", op.Clip{Hi: &lo}, whole), b.Float("shrink", op.Shaped{Name: "shrink", A: 0.5, B: 0.25}, x),
			b.Float("argmax", op.ArgMax{Axis: 1, KeepDim: true}, x), b.Float("argmin", op.ArgMax{Axis: -1, Smallest: true, Last: true}, whole),
			b.Float("cumsum", op.CumSum{Axis: 2, Reverse: true}, x), b.Float("cumsum", op.CumSum{Axis: -1, Exclusive: true}, whole), b.Float("log_softmax", op.LogSoftmax{Axis: -1}, x))
		wide := b.Float("expand", op.Expand{}, b.Float("reduced", op.Reduce{Name: "amin", Axes: []int{-1}, KeepDim: true}, x), b.ints(1, 5, 6, 9))
		order := b.Float("arange", op.ARange{}, b.numbers(nil, 1), b.numbers(nil, 14), b.numbers(nil, 1))
		out = append(out, wide, b.Float("tile", op.Tile{}, x, b.ints(1, 2, 1, 3)), b.Float("tile", op.Tile{}, truth, b.ints(1, 1, 2, 1)), b.Float("ordered", op.Add{}, x, order))
		return b.Finish(b.reals(out)...)
	}},
	{"reductions", 5, 3, 9, func(b *Builder) *graph.Graph {
		real := b.Real(b.Input())
		positive, whole := b.between(real, 0.5, 1.2), b.cast(real, tensor.Int64)
		var out []*graph.Value
		for _, o := range op.Prototypes() {
			r, ok := o.(op.Reduce)
			if !ok {
				continue
			}
			for i, axes := range [][]int{{3}, {2, 3}, {1}, {-1, 1}}[:2+b.r.IntN(3)] {
				r.Axes, r.KeepDim = axes, i%2 == 0
				out = append(out, b.Float(r.Name, r, positive))
				if i < 1 && len(r.Signatures()) > 1 {
					out = append(out, b.Float(r.Name, r, whole))
				}
			}
		}
		for _, axes := range [][]int{{3}, {1}, {1, 2}} {
			out = append(out, b.Float("mean", op.Mean{Axes: axes}, real))
		}
		return b.Finish(b.reals(out)...)
	}},
}

// reals are values as float32 where they are of other types without scale.
func (b *Builder) reals(values []*graph.Value) []*graph.Value {
	out := make([]*graph.Value, len(values))
	for i, v := range values {
		if out[i] = v; v.Type.DType == tensor.Int64 || v.Type.DType == tensor.Bool {
			out[i] = b.cast(v, tensor.Float32)
		}
	}
	return out
}
