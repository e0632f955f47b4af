package randomgraph

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// dynamically quantizes x.
func (b *Builder) dynamically(x *graph.Value) []*graph.Value {
	return b.quantizing(x, op.DynamicQuantize{})
}

// quantizing quantizes x by o. The graph needs numerics where there are weights in codes.
func (b *Builder) quantizing(x *graph.Value, o op.DynamicQuantize) []*graph.Value {
	if b.g.Numerics == quant.NumericsUnset {
		b.g.Numerics = quant.ONNX
	}
	return b.g.AddNode(b.name("dynamic"), o, x).Node.Outputs
}

// coded adds a weight in codes of any sort, with zero points or without, and perhaps a bias,
// to operands.
func (b *Builder) coded(operands []*graph.Value, shape ...int) []*graph.Value {
	n := tensor.Shape(shape).Numel()
	signed, shifted, many := b.r.IntN(2) == 0, b.r.IntN(2) == 0, b.r.IntN(2) == 0
	scales, zeros := []float64{0}, []int64{0}
	if many {
		scales, zeros = make([]float64, shape[0]), make([]int64, shape[0])
	}
	for i := range scales {
		scales[i] = float64(float32(b.r.Float64()/100 + 1e-3))
		if shifted {
			zeros[i] = int64(b.r.IntN(256)) - 128
		}
		if !signed {
			zeros[i] += 128
		}
	}
	q := tensor.Affine(scales[0], zeros[0])
	if many {
		q = tensor.PerAxis(scales, zeros, 0)
	}
	var w *tensor.Tensor
	if signed {
		w = tensor.OfQuantized(codes[int8](b, n), q, shape...)
	} else {
		w = tensor.OfQuantized(codes[uint8](b, n), q, shape...)
	}
	operands = append(operands[:len(operands):len(operands)], b.g.AddConst(b.name("weight"), w))
	if b.r.IntN(3) > 0 {
		operands = append(operands, b.g.AddConst(b.name("bias"), tensor.Of(b.floats(shape[0], 0.3), shape[0])))
	}
	return operands
}

// dynamicConv adds a convolution of dynamic codes.
func (b *Builder) dynamicConv(x []*graph.Value, in, out, kernel, stride, groups int) *graph.Value {
	c := op.Conv2D{Stride: [2]int{stride, stride}, Padding: [2]int{kernel / 2, kernel / 2}, Dilation: [2]int{1, 1}, Groups: groups, Act: b.Act()}
	return b.Float("conv", op.DynamicConv2D{Conv: c, FloorBias: b.r.IntN(2) == 0}, b.coded(x, out, in/groups, kernel, kernel)...)
}

// dynamic are cases of operators on codes with computed parameters. They are computed of
// inputs, which all engines have to the bit.
var dynamic = []Case{
	{"dynamic convolutions", 8, 9, 7, func(b *Builder) *graph.Graph {
		x := b.Real(b.Input())
		codes := b.dynamically(x)
		return b.Finish(x, b.dynamicConv(codes, 8, 19, 3, 1, 1), b.dynamicConv(codes, 8, 5, 1, 1, 1), b.dynamicConv(codes, 8, 8, 3, 2, 8),
			b.dynamicConv(codes, 8, 12, 3, 1, 2), b.dynamicConv(codes, 8, 40, 1, 1, 1))
	}},
	{"dynamic stem", 3, 21, 23, func(b *Builder) *graph.Graph {
		codes := b.dynamically(b.Real(b.Input()))
		return b.Finish(b.dynamicConv(codes, 3, 16, 5, 2, 1), b.dynamicConv(codes, 3, 300, 3, 1, 1))
	}},
	{"dynamic products", 3, 5, 21, func(b *Builder) *graph.Graph {
		x := b.Real(b.Input())
		a := b.dynamically(x)
		c := b.dynamically(b.Float("transpose", op.Transpose{Perm: []int{0, 1, 3, 2}}, x))
		return b.Finish(b.Float("fc", op.DynamicLinear{Linear: op.Linear{Act: b.Act()}}, b.coded(a, 33, 21)...), b.Float("matmul", op.DynamicMatMul{}, append(a, c...)...))
	}},
	{"weights of codes alone", 3, 5, 24, func(b *Builder) *graph.Graph {
		x := b.Real(b.Input())
		b.dynamically(x)
		var out []*graph.Value
		for _, groups := range []int{1, 2, 3} {
			rows := b.coded([]*graph.Value{x}, 33*groups, 24/groups)[:2]
			if b.r.IntN(2) == 0 {
				rows = append(rows, b.numbers([]int{33}, b.floats(33, 0.3)...))
			}
			out = append(out, b.Float("fc", op.WeightOnlyLinear{Linear: op.Linear{Act: b.Act()}, Groups: groups}, rows...))
		}
		index := b.cast(b.Float("clip", op.Clamp{Act: quant.ReLU6}, x), tensor.Int64)
		table := b.coded(nil, 7, 11)[0]
		return b.Finish(append(out, b.Float("rows", op.WeightOnlyEmbedding{}, table, index))...)
	}},
	{"rows of dynamic codes", 3, 5, 21, func(b *Builder) *graph.Graph {
		x := b.Real(b.Input())
		rows := b.quantizing(x, op.DynamicQuantize{ByRow: true})
		linear := func(out int) *graph.Value {
			return b.Float("fc", op.DynamicLinear{Linear: op.Linear{Act: b.Act()}, ByRow: true}, b.coded(rows, out, 21)...)
		}
		return b.Finish(append(rows[1:2:2], linear(33), b.Float("add", op.Add{}, linear(21), x), linear(7))...)
	}},
	{"whole codes", 5, 4, 6, func(b *Builder) *graph.Graph {
		x := b.Real(b.Input())
		var out []*graph.Value
		for _, s := range []op.Scaling{{}, {Axis: 1}, {Axis: -1}, {Axis: 3, Block: 4}} {
			scale, zero := b.numbers([]int{1}, 0.03), b.ints(7)
			switch {
			case s.Block > 0: // of blocks, for the largest batch
				scale = b.Float("scale", op.Slice{Axis: 3, End: 2}, b.between(x, 0.01, 0.1))
			case s.Axis != 0:
				n := []int{1, 5, 4, 6}[(s.Axis+4)%4]
				scale = b.numbers([]int{n}, positive(b.floats(n, 1))...)
			}
			whole := b.Float("quantize", op.QuantizeWhole{Scaling: s, Lo: -100, Hi: 300}, x, scale, zero)
			out = append(out, b.Float("dequantize", op.DequantizeWhole{Scaling: s}, whole, scale, zero))
		}
		return b.Finish(out...)
	}},
	{"codes as integers", 5, 4, 3, func(b *Builder) *graph.Graph {
		x := b.Input()
		if b.dtype == tensor.Float32 {
			return b.Finish(x)
		}
		whole := b.Float("int_repr", op.IntRepr{}, x)
		out := []*graph.Value{b.Real(b.Node("codes", op.FromIntRepr{}, b.Quantum(), whole))}
		for _, d := range []tensor.DType{tensor.Int64, tensor.Bool, tensor.Float32} {
			out = append(out, b.cast(b.cast(whole, d), tensor.Float32))
		}
		return b.Finish(b.reals(out)...)
	}},
	{"products of integers", 3, 5, 5, func(b *Builder) *graph.Graph {
		x := b.cast(b.Float("scale", op.Mul{}, b.Real(b.Input()), b.numbers(nil, 40)), tensor.Int64)
		w := b.g.AddConst(b.name("weight"), tensor.Of([]int64{1, -7, 100, 128, 250, 3}, 2, 3, 1, 1))
		conv := op.IntegerConv2D{Conv: op.Conv2D{Stride: [2]int{1, 2}, Padding: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: 1}}
		return b.Finish(b.reals([]*graph.Value{b.Float("conv", conv, x, w, b.wholeScalar(3), b.wholeScalar(100)), b.Float("matmul", op.IntegerMatMul{}, x, x, b.wholeScalar(-2), b.ints(1, 2, 3, 4, 5))})...)
	}},
	{"dynamic recurrence", 3, 4, 10, func(b *Builder) *graph.Graph {
		x := b.Float("flat", op.Flatten{Start: 0, End: 1}, b.Real(b.Input()))
		b.dynamically(x)
		l := op.DynamicLSTM{LSTM: op.LSTM{Recurrence: op.Recurrence{Direction: []string{"", "reverse", "bidirectional"}[b.r.IntN(3)]}}}
		d, hidden := l.LSTM.Directions(), 9
		in := b.coded([]*graph.Value{x}, d*4*hidden, 10)[:2]
		in = append(in, b.alike(in[1], d*4*hidden, hidden))
		in = append(in, b.numbers([]int{d, 8 * hidden}, b.floats(d*8*hidden, 0.5)...), b.g.AddConst(b.name("lengths"), tensor.New(tensor.Int64, 0)))
		in = append(in, b.numbers([]int{d, 4, hidden}, b.floats(d*4*hidden, 0.5)...))
		g := op.DynamicGRU{GRU: op.GRU{Recurrence: l.LSTM.Recurrence, LinearBeforeReset: true}}
		gated := []*graph.Value{x, b.alike(in[1], d*3*hidden, 10), b.alike(in[1], d*3*hidden, hidden), b.numbers([]int{d, 6 * hidden}, b.floats(d*6*hidden, 0.5)...)}
		gated = append(gated, in[4:]...)
		return b.Finish(append(b.g.AddNode(b.name("lstm"), l, in...).Node.Outputs, b.g.AddNode(b.name("gru"), g, gated...).Node.Outputs...)...)
	}},
}

// alike is a weight of the sort of another one.
func (b *Builder) alike(w *graph.Value, shape ...int) *graph.Value {
	n := tensor.Shape(shape).Numel()
	q := tensor.Affine(0.005, w.Type.Q.ZeroPoints[0])
	if w.Type.DType == tensor.QInt8 {
		return b.g.AddConst(b.name("weight"), tensor.OfQuantized(codes[int8](b, n), q, shape...))
	}
	return b.g.AddConst(b.name("weight"), tensor.OfQuantized(codes[uint8](b, n), q, shape...))
}
func (b *Builder) wholeScalar(v int64) *graph.Value {
	return b.g.AddConst(b.name("whole"), tensor.Of([]int64{v}))
}
