package randomgraph

import (
	"math"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Constant adds a parameter of the type of activations, or of its own quantization.
func (b *Builder) Constant(shape ...int) *graph.Value {
	n := tensor.Shape(shape).Numel()
	if b.dtype == tensor.Float32 {
		return b.g.AddConst(b.name("constant"), tensor.Of(b.floats(n, 1), shape...))
	}
	if b.dtype == tensor.QInt8 {
		return b.g.AddConst(b.name("constant"), tensor.OfQuantized(codes[int8](b, n), b.Quantum().Q, shape...))
	}
	return b.g.AddConst(b.name("constant"), tensor.OfQuantized(codes[uint8](b, n), b.Quantum().Q, shape...))
}

// codes are n random ones.
func codes[T uint8 | int8](b *Builder, n int) []T {
	list := make([]T, n)
	for i := range list {
		list[i] = T(b.r.Uint32())
	}
	return list
}

// Real is x as float32.
func (b *Builder) Real(x *graph.Value) *graph.Value {
	return b.Node("dequant", op.Dequantize{}, graph.Float32, x)
}

// Float adds a node with float32 results and returns the first.
func (b *Builder) Float(kind string, o graph.Op, in ...*graph.Value) *graph.Value {
	return b.g.AddNode(b.name(kind), o, in...)
}

// Moved adds a node that gives elements of x, with its type, and returns its results.
func (b *Builder) Moved(kind string, o graph.Op, x *graph.Value, more ...*graph.Value) []*graph.Value {
	v := b.g.AddNode(b.name(kind), o, append([]*graph.Value{x}, more...)...)
	return v.Node.Outputs
}

// Unary adds a function of one number, with parameters of its own where it has them.
func (b *Builder) Unary(o op.Unary, x *graph.Value) *graph.Value {
	v := b.g.AddNode(b.name(o.Kind()), o, x)
	if t, ok := v.Node.Prescribed(); ok {
		v.Type = t
	} else {
		v.Type = b.Quantum()
	}
	return v
}

// takes reports whether o takes activations.
func (b *Builder) takes(o graph.Op) bool {
	return slices.ContainsFunc(o.Signatures(), func(s graph.Signature) bool { return s.In[0] == b.dtype })
}

// ints adds a parameter of int64.
func (b *Builder) ints(values ...int64) *graph.Value {
	return b.g.AddConst(b.name("ints"), tensor.Of(values, len(values)))
}

// linear32 is a linear layer on float32, whatever the type of activations is.
func (b *Builder) linear32(x *graph.Value, in, out int) *graph.Value {
	w := b.g.AddConst(b.name("weight"), tensor.Of(b.floats(in*out, 0.5/math.Sqrt(float64(in))), out, in))
	bias := b.g.AddConst(b.name("bias"), tensor.Of(b.floats(out, 0.3), out))
	return b.Float("fc", op.Linear{}, x, w, bias)
}

// Transposed adds a transposed convolution of in to out channels, with a clamp, and a bias
// perhaps. On codes its weights have one scale, and its result may be float32.
func (b *Builder) Transposed(x *graph.Value, c op.ConvTranspose2D, in, out, height, width int) *graph.Value {
	c.Act = b.Act()
	s := tensor.Shape{in, out / c.Groups, height, width}
	k := math.Sqrt(float64(in / c.Groups * height * width))
	w, t := tensor.Of(b.floats(s.Numel(), 1/k), s...), b.Quantum()
	if b.dtype != tensor.Float32 {
		codes := make([]int8, s.Numel())
		for i := range codes {
			codes[i] = int8(b.r.Uint32())
		}
		w = tensor.OfQuantized(codes, tensor.Affine(1/(128*k), 0), s...)
		if b.r.IntN(4) == 0 {
			t = graph.Float32
		}
	}
	operands := []*graph.Value{x, b.g.AddConst(b.name("weight"), w)}
	if b.r.IntN(4) > 0 {
		operands = append(operands, b.g.AddConst(b.name("bias"), tensor.Of(b.floats(out, 0.3), out)))
	}
	return b.Node("transposed", c, t, operands...)
}

// norm32 is a layer norm over the last axis whose results are not large, so that a chain
// of products keeps its rounding errors small.
func (b *Builder) norm32(x *graph.Value, n int) *graph.Value {
	w, bias := tensor.Of(positive(b.floats(n, 0.3)), n), tensor.Of(b.floats(n, 0.3), n)
	return b.Float("norm", op.LayerNorm{Axis: -1, Eps: 1e-5}, x, b.g.AddConst(b.name("weight"), w), b.g.AddConst(b.name("bias"), bias))
}

// Block is a transformer encoder block on tokens [N, T, width] with so many heads.
func (b *Builder) Block(x *graph.Value, width, heads int) *graph.Value {
	h := b.norm32(x, width)
	qkv := b.linear32(h, width, 3*width)
	parts := b.Moved("split", op.Split{Axis: -1, Sizes: []int{width, width, width}}, qkv)
	head := func(v *graph.Value, perm ...int) *graph.Value {
		v = b.Float("heads", op.Reshape{Shape: []int{0, 0, heads, width / heads}, KeepZero: true}, v)
		return b.Float("transpose", op.Transpose{Perm: perm}, v)
	}
	scores := b.Float("scores", op.MatMul{}, head(parts[0], 0, 2, 1, 3), head(parts[1], 0, 2, 3, 1))
	root := b.g.AddConst(b.name("root"), tensor.Of([]float32{float32(math.Sqrt(float64(width / heads)))}, 1))
	attention := b.Float("attention", op.Softmax{Axis: -1}, b.Float("scaled", op.Div{}, scores, root))
	h = b.Float("context", op.MatMul{}, attention, head(parts[2], 0, 2, 1, 3))
	h = b.Float("transpose", op.Transpose{Perm: []int{0, 2, 1, 3}}, h)
	h = b.Float("join", op.Reshape{Shape: []int{0, 0, width}, KeepZero: true}, h)
	x = b.Float("residual", op.Add{}, b.linear32(h, width, width), x)
	h = b.Float("gelu", op.GELU{}, b.linear32(b.norm32(x, width), width, 4*width))
	return b.Float("residual", op.Add{}, x, b.linear32(h, 4*width, width))
}

// shifted gives the weight of a layer on codes zero points, where the rules allow it, and
// makes some quint8.
func (b *Builder) shifted(operands []*graph.Value, reals bool) []*graph.Value {
	w := operands[1]
	if b.dtype == tensor.Float32 || b.g.Numerics == quant.OneDNN {
		return operands
	}
	signed := w.Data.Int8s()
	q := *w.Type.Q
	q.ZeroPoints = make([]int64, len(q.ZeroPoints))
	for i := range q.ZeroPoints {
		q.ZeroPoints[i] = int64(int8(b.r.Uint32()))
	}
	w.Data = tensor.OfQuantized(signed, &q, w.Type.Shape...)
	if !reals && b.r.IntN(2) == 0 { // no layer makes reals of unsigned weights
		unsigned := make([]uint8, len(signed))
		for i, v := range signed {
			unsigned[i] = uint8(v) ^ 0x80
		}
		for i := range q.ZeroPoints {
			q.ZeroPoints[i] += 128
		}
		w.Data = tensor.OfQuantized(unsigned, &q, w.Type.Shape...)
	}
	w.Type = graph.TypeOf(w.Data)
	return operands
}

// shiftedConv is Conv with zero points of the weights.
func (b *Builder) shiftedConv(x *graph.Value, in, out, kernel, stride, groups int) *graph.Value {
	c := op.Conv2D{Stride: [2]int{stride, stride}, Padding: [2]int{kernel / 2, kernel / 2}, Dilation: [2]int{1, 1}, Groups: groups, Act: b.Act()}
	return b.Node("conv", c, b.Quantum(), b.shifted(b.Weights(x, out, in/groups, kernel, kernel), false)...)
}

// general are cases of operators that know no images.
var general = []Case{
	{"broadcasting", 10, 7, 6, func(b *Builder) *graph.Graph {
		x := b.Conv(b.Input(), 10, 10, 3, 1, 1)
		row, image := b.Pool(x, op.AdaptiveAvgPool2D{Output: [2]int{1, 6}}), b.Pool(x, op.AdaptiveAvgPool2D{Output: [2]int{7, 1}})
		var out []*graph.Value
		for i, other := range []*graph.Value{b.Constant(10, 1, 1), b.Constant(1), b.Constant(6), b.Constant(1, 10, 7, 6), b.Constant(7, 1), b.Constant(1, 1, 7, 6), row, image} {
			o := []graph.Op{op.Add{Act: b.Act()}, op.Mul{Act: b.Act()}}[i%2]
			pair := []*graph.Value{x, other}
			if b.r.IntN(2) == 0 {
				pair[0], pair[1] = other, x
			}
			out = append(out, b.Node("pair", o, b.Quantum(), pair...))
		}
		return b.Finish(append(out, b.Add(row, image))...)
	}},
	{"real arithmetic", 70, 5, 9, func(b *Builder) *graph.Graph {
		x := b.Real(b.Input())
		y := b.Float("gelu", op.GELU{}, x)
		twice := b.g.AddConst(b.name("two"), tensor.Of([]float32{2.5}, 1))
		return b.Finish(
			b.Float("sub", op.Sub{Act: b.Act()}, y, x), b.Float("div", op.Div{}, x, twice), b.Float("affine", op.Affine{Scale: b.floats(70, 1), Shift: b.floats(70, 1)}, x), b.Float("sub", op.Sub{}, twice, b.Float("tanh", op.Tanh{}, y)),
			b.Float("div", op.Div{Act: b.Act()}, y, b.g.AddConst(b.name("by"), tensor.Of(positive(b.floats(70, 1)), 70, 1, 1))),
			b.Float("gelu", op.GELU{Tanh: true}, b.Float("leaky", op.LeakyReLU{Slope: 0.1}, x)))
	}},
	{"every function", 9, 6, 5, func(b *Builder) *graph.Graph {
		x := b.Input()
		var out []*graph.Value
		for _, o := range op.Prototypes() {
			u, ok := o.(op.Unary)
			if _, named := o.(op.Function); ok && b.takes(o) && (!named || b.dtype != tensor.Float32) {
				out = append(out, b.Unary(u, x))
			}
		}
		return b.Finish(out...)
	}},
	{"moving", 6, 4, 5, func(b *Builder) *graph.Graph {
		x := b.Conv(b.Input(), 6, 6, 3, 1, 1)
		last := b.Moved("nhwc", op.Transpose{Perm: []int{0, 2, 3, 1}}, x)[0]
		parts := b.Moved("split", op.Split{Axis: 3, Sizes: []int{1, 3, 2}}, last)
		back := b.Moved("nchw", op.Transpose{Perm: []int{0, 3, 1, 2}}, parts[1])[0]
		rows := b.Moved("split", op.Split{Axis: -2, Sizes: []int{3, 1}}, x)
		picked := b.Moved("gather", op.Gather{Axis: 1}, x, b.ints(5, 0, -1, 2))[0]
		single := b.Moved("unsqueeze", op.Unsqueeze{Axes: []int{1, -1}}, rows[1])[0]
		flat := b.Moved("reshape", op.Reshape{Shape: []int{0, -1}, KeepZero: true}, last)[0]
		return b.Finish(parts[0], b.Conv(back, 3, 4, 3, 1, 1), rows[0], parts[2], picked,
			b.Moved("squeeze", op.Squeeze{Axes: []int{1, 3, 5}}, single)[0], b.Linear(flat, 120, 7),
			b.Moved("reshape", op.Reshape{Shape: []int{-1, 6, 20}}, x)[0])
	}},
	{"sizes as data", 4, 6, 5, func(b *Builder) *graph.Graph {
		x := b.Conv(b.Input(), 4, 8, 3, 1, 1)
		shape := b.Moved("shape", op.Shape{}, x)[0]
		batch := b.Moved("gather", op.Gather{Axis: 0}, shape, b.ints(0))[0]
		area := b.Float("area", op.Mul{}, b.Moved("gather", op.Gather{Axis: 0}, shape, b.ints(2))[0], b.Moved("gather", op.Gather{Axis: 0}, shape, b.ints(3))[0])
		want := b.Float("want", op.Cat{Axis: 0}, batch, b.ints(2), b.ints(-1), area)
		return b.Finish(b.Moved("reshape", op.Reshape{}, x, want)[0])
	}},
	{"pad and resize", 5, 6, 7, func(b *Builder) *graph.Graph {
		x := b.Conv(b.Input(), 5, 5, 3, 1, 1)
		real := b.Real(x)
		wide, channel := b.Conv(x, 5, 19, 1, 1, 1), b.Conv(x, 5, 1, 1, 1, 1)
		flat := b.Moved("flat", op.Flatten{Start: 2, End: 3}, x)[0]
		return b.Finish(
			b.Moved("pad", op.Pad{Before: []int{0, 0, 1, 2}, After: []int{0, 1, 0, 2}, Mode: "constant", Value: 0.5}, x)[0],
			b.Moved("pad", op.Pad{Before: []int{0, 0, 1, 2}, After: []int{0, 0, 2, 0}, Mode: "reflect"}, x)[0],
			b.Moved("pad", op.Pad{Before: []int{0, 0, 2, 0}, After: []int{0, 0, 0, 3}, Mode: "edge"}, x)[0],
			b.Moved("pad", op.Pad{Before: []int{0, 2, 0, 0}, After: []int{0, 1, 0, 0}, Mode: "edge"}, x)[0],
			b.Moved("pad", op.Pad{Before: []int{0, 0, 3}, After: []int{0, 0, 4}, Mode: "reflect"}, flat)[0],
			b.Moved("nearest", op.Resize{Mode: "nearest", Scale: [2]float64{2, 1.5}}, x)[0],
			b.Moved("nearest", op.Resize{Mode: "nearest", Size: [2]int{4, 15}}, channel)[0],
			b.Float("linear", op.Resize{Mode: "linear", Scale: [2]float64{2, 2}}, b.Real(wide)),
			b.Float("linear", op.Resize{Mode: "linear", Size: [2]int{13, 5}, AlignCorners: true}, b.Real(wide)),
			b.Float("linear", op.Resize{Mode: "linear", Size: [2]int{1, 9}, AlignCorners: true}, real),
			b.Float("linear", op.Resize{Mode: "linear", Size: [2]int{11, 4}}, real))
	}},
	{"transposed convolutions", 6, 5, 7, func(b *Builder) *graph.Graph {
		x := b.Conv(b.Input(), 6, 6, 3, 1, 1)
		one, two := [2]int{1, 1}, [2]int{2, 2}
		return b.Finish(
			b.Transposed(x, op.ConvTranspose2D{Stride: two, Dilation: one, Groups: 1}, 6, 3, 2, 2),
			b.Transposed(x, op.ConvTranspose2D{Stride: two, Padding: one, OutputPadding: one, Dilation: one, Groups: 1}, 6, 33, 3, 3),
			b.Transposed(x, op.ConvTranspose2D{Stride: two, Padding: one, Dilation: one, Groups: 3}, 6, 9, 4, 4),
			b.Transposed(x, op.ConvTranspose2D{Stride: one, Padding: [2]int{0, 2}, Dilation: two, Groups: 2}, 6, 4, 2, 3),
			b.Transposed(x, op.ConvTranspose2D{Stride: [2]int{3, 4}, Dilation: [2]int{1, 2}, Groups: 1}, 6, 5, 2, 2),
			b.Transposed(x, op.ConvTranspose2D{Stride: [2]int{2, 1}, Padding: [2]int{4, 0}, OutputPadding: [2]int{1, 0}, Dilation: one, Groups: 6}, 6, 6, 5, 1))
	}},
	{"transposed convolution, many pixels", 5, 12, 13, func(b *Builder) *graph.Graph {
		x := b.Input()
		up := op.ConvTranspose2D{Stride: [2]int{2, 2}, Dilation: [2]int{1, 1}, Groups: 1}
		return b.Finish(b.Transposed(x, up, 5, 24, 2, 2), b.Transposed(x, up, 5, 260, 1, 2))
	}},
	{"sizes that a run tells", 6, 8, 9, func(b *Builder) *graph.Graph {
		x := b.Input()
		early := b.Conv(x, 6, 6, 3, 1, 1) // used behind the other segments
		rows := b.Moved("rows", op.Reshape{Shape: []int{1, -1, 9}}, x)[0]
		first := b.Real(b.Moved("scores", op.Slice{Axis: 2, Start: 6, End: 9}, rows)[0])
		boxes := b.Real(b.Moved("boxes", op.Slice{Axis: 2, Start: 2, End: 6}, rows)[0])
		scores := b.Float("scores", op.Transpose{Perm: []int{0, 2, 1}}, first)
		limits := func(iou, score float32) []*graph.Value {
			one := func(v float32) *graph.Value { return b.g.AddConst(b.name("limit"), tensor.Of([]float32{v}, 1)) }
			return []*graph.Value{boxes, scores, b.ints(7), one(iou), one(score)}
		}
		var out []*graph.Value
		for _, score := range []float32{0.3, -1, 99} { // the last leaves nothing
			chosen := b.Float("nms", op.NonMaxSuppression{CenterPointBox: score < 0}, limits(0.4, score)...)
			column := b.Moved("column", op.Slice{Axis: 1, Start: 2, End: 3}, chosen)[0]
			flat := b.Moved("flat", op.Reshape{Shape: []int{-1}}, column)[0]
			kept := b.Moved("gather", op.Gather{Axis: 1}, boxes, flat)[0]
			out = append(out, b.Float("all", op.Cat{Axis: 2}, kept, b.Moved("gather", op.Gather{Axis: 1}, first, flat)[0]), chosen)
		}
		relu := b.Float("relu", op.Clamp{Act: quant.ReLU}, b.Float("nine", op.Sub{}, first, b.g.AddConst(b.name("nine"), tensor.Of([]float32{0.9}, 1))))
		places := b.Float("nonzero", op.NonZero{}, relu)
		count := b.Moved("count", op.Gather{Axis: 0}, b.Moved("shape", op.Shape{}, places)[0], b.ints(1))[0]
		top := b.Moved("topk", op.TopK{Axis: 1}, x, b.ints(3))
		some := b.Moved("some", op.Slice{Axis: 0, Start: 1, End: 2}, b.Moved("shape", op.Shape{}, x)[0])[0]
		least := b.Moved("topk", op.TopK{Axis: -3, Smallest: true}, b.Conv(x, 6, 6, 1, 1, 1), some)
		var computed []*graph.Value
		if b.dtype != tensor.Float32 { // numbers of which one more bit would change an order
			computed = least
		}
		b.g.Outputs = append(b.g.Outputs, append(out, append(computed, places, count, top[1])...)...)
		return b.Finish(top[0], b.Add(early, x))
	}},
	{"attention", 24, 3, 5, func(b *Builder) *graph.Graph { // images as tokens
		x := b.Real(b.Input())
		tokens := b.Float("tokens", op.Transpose{Perm: []int{0, 2, 1}}, b.Float("flatten", op.Flatten{Start: 2, End: -1}, x))
		y := b.Block(tokens, 24, 3)
		whole := b.Float("softmax", op.Softmax{Axis: 1}, y)
		norm := b.Float("norm", op.LayerNorm{Axis: -2, Eps: 1e-3}, x)
		return b.Finish(y, whole, b.linear32(y, 24, 5), norm)
	}},
	{"products", 3, 8, 8, func(b *Builder) *graph.Graph {
		x := b.Real(b.Input())
		turned := b.Float("transpose", op.Transpose{Perm: []int{0, 1, 3, 2}}, x)
		w := b.g.AddConst(b.name("weight"), tensor.Of(b.floats(8*40, 1), 8, 40))
		stack := b.g.AddConst(b.name("stack"), tensor.Of(b.floats(3*8*5, 1), 3, 8, 5))
		relu := b.Float("sum", op.Add{}, b.Float("matmul", op.MatMul{}, turned, x), x)
		return b.Finish(relu, b.Float("matmul", op.MatMul{}, x, w), b.Float("matmul", op.MatMul{}, turned, stack), b.Float("matmul", op.MatMul{}, x, turned))
	}},
	{"products of codes", 3, 8, 21, func(b *Builder) *graph.Graph {
		x := b.Input()
		turned := b.Moved("transpose", op.Transpose{Perm: []int{0, 1, 3, 2}}, x)[0]
		last := b.Moved("nhwc", op.Transpose{Perm: []int{0, 2, 3, 1}}, x)[0]
		one := b.Pool(b.Moved("reshape", op.Reshape{Shape: []int{0, 1, -1, 21}, KeepZero: true}, x)[0], op.Clamp{Act: quant.ReLU})
		centred := b.Constant(3, 21, 40)
		if b.dtype != tensor.Float32 { // so that as a weight its zero point is 0
			lo, _ := b.dtype.CodeRange()
			centred.Type.Q.ZeroPoints[0] = lo + 128
		}
		product := func(t graph.Type, p, q *graph.Value) *graph.Value { return b.Node("matmul", op.MatMul{}, t, p, q) }
		return b.Finish(
			product(b.Quantum(), x, turned), product(b.OtherSort(), turned, x), product(b.Quantum(), x, centred), product(b.OtherSort(), x, b.Constant(21, 50)),
			product(b.Quantum(), b.Constant(70, 8), x), product(b.Quantum(), one, turned), product(b.Quantum(), last, b.Moved("turned", op.Transpose{Perm: []int{0, 1, 3, 2}}, last)[0]),
			b.Add(product(b.Quantum(), x, b.Constant(21, 21)), x))
	}},
	{"codes of both sorts", 6, 9, 8, func(b *Builder) *graph.Graph {
		x, c := b.Input(), op.Conv2D{Stride: [2]int{1, 1}, Padding: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: 1, Act: b.Act()}
		y := b.Node("conv", c, b.OtherSort(), b.Weights(x, 9, 6, 3, 3)...)
		c.Groups = 9
		z := b.Node("conv", c, b.Quantum(), b.shifted(b.Weights(y, 9, 1, 3, 3), false)...)
		f := b.Pool(b.Pool(y, op.MaxPool2D{Kernel: [2]int{2, 2}, Stride: [2]int{2, 2}, Dilation: [2]int{1, 1}}), op.Flatten{Start: 1, End: -1})
		return b.Finish(z, y, b.Node("fc", op.Linear{}, b.Quantum(), b.Weights(f, 5, 144)...), b.Node("fc", op.Linear{}, graph.Float32, b.Weights(f, 7, 144)...))
	}},
	{"zero points of weights", 3, 17, 15, func(b *Builder) *graph.Graph {
		x := b.Input()
		stem := b.shiftedConv(x, 3, 40, 3, 2, 1)
		square := b.Add(b.shiftedConv(stem, 40, 40, 3, 1, 1), stem)
		f := b.Pool(b.Pool(stem, op.AdaptiveAvgPool2D{Output: [2]int{1, 1}}), op.Flatten{Start: 1, End: -1})
		c := op.Conv2D{Stride: [2]int{1, 1}, Padding: [2]int{2, 1}, Dilation: [2]int{1, 1}, Groups: 40}
		return b.Finish(square, b.shiftedConv(stem, 40, 40, 3, 1, 40), b.shiftedConv(stem, 40, 60, 3, 2, 4), b.shiftedConv(square, 40, 260, 1, 1, 1),
			b.Node("fc", op.Linear{}, b.Quantum(), b.shifted(b.Weights(f, 33, 40), false)...),
			b.Node("fc", op.Linear{}, graph.Float32, b.shifted(b.Weights(f, 9, 40), true)...),
			b.Node("conv", c, graph.Float32, b.shifted(b.Weights(stem, 40, 1, 3, 3), true)...))
	}},
}
