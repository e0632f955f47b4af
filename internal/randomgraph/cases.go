package randomgraph

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Builder makes graphs with random parameters, in float or on codes.
type Builder struct {
	r          *rand.Rand
	g          *graph.Graph
	dtype      tensor.DType // of activations
	perChannel bool
	n          int
}

// New returns a builder of a graph whose activations are of type dtype: float32,
// or codes that are computed by the rules of numerics.
func New(r *rand.Rand, name string, dtype tensor.DType, numerics quant.Numerics) *Builder {
	b := &Builder{r: r, g: graph.New(name), dtype: dtype, perChannel: numerics != quant.QNNPACK || r.IntN(3) == 0}
	if dtype != tensor.Float32 {
		b.g.Numerics = numerics
	}
	return b
}

func (b *Builder) name(kind string) string {
	b.n++
	return fmt.Sprintf("%s%d", kind, b.n)
}

// Quantum is a random type of activations; float32 in a float graph.
func (b *Builder) Quantum() graph.Type {
	if b.dtype == tensor.Float32 {
		return graph.Float32
	}
	lo, _ := b.dtype.CodeRange()
	return graph.Type{DType: b.dtype, Q: tensor.Affine(math.Exp(b.r.Float64()*2-4), lo+int64(b.r.IntN(256)))}
}

// OtherSort is Quantum with codes of the other sort: signed for unsigned ones.
func (b *Builder) OtherSort() graph.Type {
	other := *b
	switch b.dtype {
	case tensor.QUInt8:
		other.dtype = tensor.QInt8
	case tensor.QInt8:
		other.dtype = tensor.QUInt8
	}
	return other.Quantum()
}

// Node adds a node with a result of type t.
func (b *Builder) Node(kind string, o graph.Op, t graph.Type, in ...*graph.Value) *graph.Value {
	v := b.g.AddNode(b.name(kind), o, in...)
	v.Type = t
	return v
}

// Input adds a float input and, on codes, its quantization.
func (b *Builder) Input() *graph.Value {
	x := b.g.AddInput(b.name("x"), graph.Float32)
	return b.Node("quant", op.Quantize{}, b.Quantum(), x)
}

func (b *Builder) floats(n int, scale float64) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(b.r.NormFloat64() * scale)
	}
	return out
}

// Weights adds a weight and a bias (sometimes none) to a node's operands.
func (b *Builder) Weights(x *graph.Value, shape ...int) []*graph.Value {
	s := tensor.Shape(shape)
	k := s[1:].Numel()
	var w *tensor.Tensor
	if b.dtype == tensor.Float32 {
		w = tensor.Of(b.floats(s.Numel(), 1/math.Sqrt(float64(k))), shape...)
	} else {
		codes := make([]int8, s.Numel())
		extreme := b.r.IntN(4) == 0
		for i := range codes {
			codes[i] = int8(b.r.Uint32())
			if extreme {
				codes[i] = []int8{-128, 127}[b.r.IntN(2)]
			}
		}
		scale := func() float64 { return math.Exp(b.r.Float64()-0.5) / 128 / math.Sqrt(float64(k)) }
		q := tensor.Affine(scale(), 0)
		if b.perChannel {
			scales := make([]float64, s[0])
			for i := range scales {
				scales[i] = scale()
			}
			q = tensor.PerAxis(scales, make([]int64, s[0]), 0)
		}
		w = tensor.OfQuantized(codes, q, shape...)
	}
	operands := []*graph.Value{x, b.g.AddConst(b.name("weight"), w)}
	if b.r.IntN(4) > 0 {
		operands = append(operands, b.g.AddConst(b.name("bias"), tensor.Of(b.floats(s[0], 0.3), s[0])))
	}
	return operands
}

// Act is a random clamp.
func (b *Builder) Act() quant.Activation { return quant.Activation(b.r.IntN(3)) }

// Conv adds a square convolution that keeps the size of images at stride 1.
func (b *Builder) Conv(x *graph.Value, in, out, kernel, stride, groups int) *graph.Value {
	c := op.Conv2D{Stride: [2]int{stride, stride}, Padding: [2]int{kernel / 2, kernel / 2}, Dilation: [2]int{1, 1}, Groups: groups, Act: b.Act()}
	return b.Node("conv", c, b.Quantum(), b.Weights(x, out, in/groups, kernel, kernel)...)
}

// Linear adds a linear layer.
func (b *Builder) Linear(x *graph.Value, in, out int) *graph.Value {
	return b.Node("fc", op.Linear{Act: b.Act()}, b.Quantum(), b.Weights(x, out, in)...)
}

// Pool adds a node whose result has the type of its operand.
func (b *Builder) Pool(x *graph.Value, o graph.Op) *graph.Value { return b.Node("pool", o, x.Type, x) }

// Add adds a sum.
func (b *Builder) Add(x, y *graph.Value) *graph.Value {
	return b.Node("add", op.Add{Act: b.Act()}, b.Quantum(), x, y)
}

// Finish makes the outputs, dequantized.
func (b *Builder) Finish(values ...*graph.Value) *graph.Graph {
	for _, v := range values {
		b.g.Outputs = append(b.g.Outputs, b.Node("dequant", op.Dequantize{}, graph.Float32, v))
	}
	return b.g
}

// Case is one graph and the size of its images.
type Case struct {
	Name     string                        // of the operator or chain that it draws
	Channels int                           // of an image
	H, W     int                           // of an image
	Build    func(b *Builder) *graph.Graph // with random parameters of the Builder
}

// Cases cover all operators, and all ways of computing them that the engine has.
var Cases = slices.Concat(general, elementwise, images, moves, dynamic)

// images are cases of operators on images.
var images = []Case{
	{"conv3x3", 5, 9, 7, func(b *Builder) *graph.Graph { return b.Finish(b.Conv(b.Input(), 5, 7, 3, 1, 1)) }},
	{"conv1x1", 16, 8, 5, func(b *Builder) *graph.Graph {
		return b.Finish(b.Conv(b.Conv(b.Input(), 16, 33, 1, 1, 1), 33, 64, 1, 1, 1))
	}},
	{"conv1x1 stride 2", 6, 9, 9, func(b *Builder) *graph.Graph { return b.Finish(b.Conv(b.Input(), 6, 5, 1, 2, 1)) }},
	{"stem", 3, 31, 29, func(b *Builder) *graph.Graph {
		x := b.Conv(b.Input(), 3, 32, 7, 2, 1)
		return b.Finish(b.Pool(x, op.MaxPool2D{Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, Padding: [2]int{1, 1}, Dilation: [2]int{1, 1}}))
	}},
	{"stem, unequal", 2, 14, 13, func(b *Builder) *graph.Graph {
		c := op.Conv2D{Stride: [2]int{1, 3}, Padding: [2]int{5, 1}, Dilation: [2]int{2, 1}, Groups: 1, Act: quant.ReLU}
		x := b.Input()
		y := b.Node("conv", c, b.Quantum(), b.Weights(x, 18, 2, 3, 5)...)
		return b.Finish(y, b.Node("conv", c, graph.Float32, b.Weights(x, 3, 2, 3, 4)...))
	}},
	{"deep rows", 70, 5, 5, func(b *Builder) *graph.Graph { return b.Finish(b.Conv(b.Input(), 70, 9, 3, 1, 1)) }},
	{"narrow, many channels", 40, 5, 6, func(b *Builder) *graph.Graph {
		x := b.Conv(b.Input(), 40, 260, 3, 1, 1)
		c := op.Conv2D{Stride: [2]int{2, 1}, Padding: [2]int{2, 1}, Dilation: [2]int{2, 1}, Groups: 1}
		y := b.Node("conv", c, graph.Float32, b.Weights(x, 257, 260, 2, 2)...)
		return b.Finish(b.Add(b.Conv(x, 260, 256, 1, 2, 1), b.Conv(x, 260, 256, 3, 2, 1)), y)
	}},
	{"conv3x3, channels by the vector", 32, 7, 10, func(b *Builder) *graph.Graph {
		x := b.Conv(b.Input(), 32, 16, 3, 1, 1)
		c := op.Conv2D{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: 1}
		return b.Finish(b.Add(b.Conv(x, 16, 16, 3, 1, 1), x), b.Node("conv", c, b.Quantum(), b.Weights(x, 48, 16, 3, 3)...))
	}},
	{"dilated, unequal", 4, 12, 11, func(b *Builder) *graph.Graph {
		c := op.Conv2D{Stride: [2]int{2, 1}, Padding: [2]int{0, 3}, Dilation: [2]int{2, 3}, Groups: 2, Act: quant.ReLU}
		return b.Finish(b.Node("conv", c, b.Quantum(), b.Weights(b.Input(), 6, 2, 2, 3)...))
	}},
	{"grouped", 12, 7, 6, func(b *Builder) *graph.Graph { return b.Finish(b.Conv(b.Input(), 12, 8, 3, 2, 4)) }},
	{"depthwise", 13, 10, 9, func(b *Builder) *graph.Graph { return b.Finish(b.Conv(b.Input(), 13, 13, 3, 1, 13)) }},
	{"depthwise 5x5 stride 2", 8, 11, 11, func(b *Builder) *graph.Graph { return b.Finish(b.Conv(b.Input(), 8, 8, 5, 2, 8)) }},
	{"depthwise, many channels", 83, 9, 8, func(b *Builder) *graph.Graph { return b.Finish(b.Conv(b.Input(), 83, 83, 3, 2, 83)) }},
	{"depthwise multiplier", 4, 6, 6, func(b *Builder) *graph.Graph { return b.Finish(b.Conv(b.Input(), 4, 8, 3, 1, 4)) }},
	{"residual", 8, 9, 9, func(b *Builder) *graph.Graph {
		x := b.Conv(b.Input(), 8, 8, 3, 1, 1)
		y := b.Conv(b.Conv(x, 8, 8, 3, 1, 1), 8, 8, 3, 1, 1)
		z := b.Add(y, x)
		down := b.Conv(z, 8, 10, 1, 2, 1)
		return b.Finish(b.Add(b.Conv(b.Conv(z, 8, 10, 3, 2, 1), 10, 10, 3, 1, 1), down))
	}},
	{"inverted residual", 6, 8, 8, func(b *Builder) *graph.Graph {
		x := b.Input()
		e := b.Conv(b.Conv(x, 6, 24, 1, 1, 1), 24, 24, 3, 1, 24)
		return b.Finish(b.Add(x, b.Conv(e, 24, 6, 1, 1, 1)))
	}},
	{"squeeze and excitation", 10, 7, 7, func(b *Builder) *graph.Graph {
		x := b.Conv(b.Input(), 10, 10, 3, 1, 1)
		s := b.Pool(x, op.AdaptiveAvgPool2D{Output: [2]int{1, 1}})
		s = b.Conv(b.Conv(s, 10, 4, 1, 1, 1), 4, 10, 1, 1, 1)
		left := b.Node("mul", op.Mul{Act: b.Act()}, b.Quantum(), s, x)
		return b.Finish(left, b.Node("mul", op.Mul{}, b.Quantum(), x, s), b.Node("mul", op.Mul{}, b.Quantum(), x, x))
	}},
	{"sums to float", 6, 7, 7, func(b *Builder) *graph.Graph {
		c := op.Conv2D{Stride: [2]int{1, 1}, Padding: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: 1, Act: quant.ReLU6}
		x := b.Input()
		y := b.Node("conv", c, graph.Float32, b.Weights(x, 5, 6, 3, 3)...)
		c.Groups = 6
		z := b.Node("conv", c, graph.Float32, b.Weights(x, 6, 1, 3, 3)...)
		f := b.Pool(b.Pool(x, op.AdaptiveAvgPool2D{Output: [2]int{1, 1}}), op.Flatten{Start: 1, End: -1})
		return b.Finish(y, z, b.Node("fc", op.Linear{}, graph.Float32, b.Weights(f, 9, 6)...))
	}},
	{"cat", 6, 6, 5, func(b *Builder) *graph.Graph {
		x := b.Input()
		y := b.Conv(x, 6, 5, 3, 1, 1)
		c := b.Node("cat", op.Cat{Axis: 1}, y.Type, x, y, b.Conv(x, 6, 3, 1, 1, 1))
		return b.Finish(b.Node("cat", op.Cat{Axis: -2}, b.Quantum(), c, c), b.Node("cat", op.Cat{Axis: 0}, b.Quantum(), c, c))
	}},
	{"functions", 7, 9, 5, func(b *Builder) *graph.Graph {
		x := b.Input()
		unit := graph.Float32
		if b.dtype != tensor.Float32 {
			unit = graph.Type{DType: b.dtype, Q: quant.UnitInterval(b.dtype)}
		}
		h := b.Node("hardswish", op.Hardswish{}, b.Quantum(), b.Conv(x, 7, 7, 3, 1, 1))
		return b.Finish(h, b.Node("hardsigmoid", op.Hardsigmoid{}, unit, h), b.Node("sigmoid", op.Sigmoid{}, unit, x))
	}},
	{"shuffle", 12, 6, 5, func(b *Builder) *graph.Graph {
		x := b.Input()
		left, right := b.Pool(x, op.Slice{Axis: 1, End: 6}), b.Pool(x, op.Slice{Axis: -3, Start: 6, End: 12})
		c := b.Node("cat", op.Cat{Axis: 1, Views: true}, b.Quantum(), left, b.Conv(right, 6, 6, 3, 1, 1))
		return b.Finish(
			b.Pool(c, op.ChannelShuffle{Groups: 2}), b.Pool(c, op.ChannelShuffle{Groups: 3}), b.Pool(x, op.ChannelShuffle{Groups: 1}),
			b.Pool(x, op.Slice{Axis: 2, Start: 2, End: 5}), b.Pool(x, op.Slice{Axis: -1, Start: 1, End: 4}))
	}},
	{"joined shuffles", 11, 9, 6, func(b *Builder) *graph.Graph { // of concatenations that nothing else uses
		x := b.Input()
		two := b.Node("cat", op.Cat{Axis: 1}, b.Quantum(), b.Conv(x, 11, 36, 3, 1, 1), b.Conv(x, 11, 36, 1, 1, 1))
		three := b.Node("cat", op.Cat{Axis: -3, Views: true}, b.Quantum(), b.Conv(x, 11, 5, 3, 1, 1), b.Conv(x, 11, 5, 1, 1, 1), b.Conv(x, 11, 5, 1, 1, 1))
		uneven := b.Node("cat", op.Cat{Axis: 1}, b.Quantum(), x, b.Conv(x, 11, 4, 1, 1, 1), b.Conv(x, 11, 6, 1, 1, 1))
		return b.Finish(b.Pool(two, op.ChannelShuffle{Groups: 2}), b.Pool(three, op.ChannelShuffle{Groups: 3}), b.Pool(uneven, op.ChannelShuffle{Groups: 3}))
	}},
	{"pools", 9, 13, 11, func(b *Builder) *graph.Graph {
		x := b.Input()
		return b.Finish(
			b.Pool(x, op.MaxPool2D{Kernel: [2]int{3, 2}, Stride: [2]int{2, 1}, Padding: [2]int{1, 0}, Dilation: [2]int{2, 3}, CeilMode: true}),
			b.Pool(x, op.AvgPool2D{Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, Padding: [2]int{1, 1}, CountIncludePad: true}),
			b.Pool(x, op.AvgPool2D{Kernel: [2]int{3, 2}, Stride: [2]int{2, 3}, Padding: [2]int{1, 1}, CeilMode: true}),
			b.Pool(x, op.AvgPool2D{Kernel: [2]int{2, 2}, Stride: [2]int{2, 2}, CeilMode: true, CountIncludePad: true}),
			b.Pool(x, op.AdaptiveAvgPool2D{Output: [2]int{1, 1}}),
			b.Pool(x, op.AdaptiveAvgPool2D{Output: [2]int{4, 5}}),
			b.Pool(x, op.AdaptiveAvgPool2D{Output: [2]int{13, 11}}),
			b.Pool(x, op.Mean{Axes: []int{2, 3}}), b.Pool(x, op.Mean{Axes: []int{2, 3}, Contiguous: true}), b.Pool(x, op.Mean{Axes: []int{-1, 2}, KeepDim: true}))
	}},
	{"averages of codes", 9, 13, 11, func(b *Builder) *graph.Graph { // by ONNX Runtime's rules, with parameters of their own
		b.g.Numerics = quant.ONNX
		x := b.Input()
		own := func(o graph.Op) *graph.Value { return b.Node("average", o, b.Quantum(), x) }
		return b.Finish(
			b.Pool(x, op.AvgPool2D{Kernel: [2]int{3, 3}, Stride: [2]int{1, 2}, Padding: [2]int{1, 1}}),
			own(op.AvgPool2D{Kernel: [2]int{2, 3}, Stride: [2]int{2, 2}, Padding: [2]int{1, 0}, CeilMode: true, CountIncludePad: true, Rescaled: true}),
			own(op.AdaptiveAvgPool2D{Output: [2]int{1, 1}, Rescaled: true}), own(op.Mean{Axes: []int{2, 3}, Rescaled: true}))
	}},
	{"classifier", 12, 5, 4, func(b *Builder) *graph.Graph {
		x := b.Pool(b.Input(), op.AdaptiveAvgPool2D{Output: [2]int{1, 1}})
		x = b.Linear(b.Pool(x, op.Flatten{Start: 1, End: -1}), 12, 21)
		return b.Finish(b.Linear(b.Pool(x, op.Clamp{Act: quant.ReLU6}), 21, 10))
	}},
	{"flatten images", 3, 4, 5, func(b *Builder) *graph.Graph {
		x := b.Input()
		y := b.Linear(b.Pool(x, op.Flatten{Start: 1, End: 3}), 60, 7)
		return b.Finish(y, b.Pool(x, op.Flatten{Start: 2, End: 3}), b.Pool(x, op.Flatten{Start: 0, End: 0}))
	}},
	{"linear on images", 2, 3, 6, func(b *Builder) *graph.Graph { return b.Finish(b.Linear(b.Input(), 6, 4)) }},
	{"matmul, relu", 1, 6, 6, func(b *Builder) *graph.Graph {
		x := b.Input()
		y := b.Pool(x, op.Clamp{Act: quant.ReLU})
		return b.Finish(b.Node("matmul", op.MatMul{}, b.Quantum(), x, y))
	}},
	{"batch norm", 7, 6, 5, func(b *Builder) *graph.Graph {
		x := b.Input()
		if b.dtype != tensor.Float32 { // there is none on codes
			return b.Finish(b.Pool(x, op.Clamp{Act: quant.ReLU}))
		}
		in := []*graph.Value{x}
		for range 4 {
			in = append(in, b.g.AddConst(b.name("moment"), tensor.Of(positive(b.floats(7, 1)), 7)))
		}
		return b.Finish(b.Node("bn", op.BatchNorm{Eps: 1e-5, Act: b.Act()}, graph.Float32, in...))
	}},
	{"long tensors", 32, 40, 41, func(b *Builder) *graph.Graph {
		x := b.Input()
		return b.Finish(b.Add(b.Pool(x, op.Clamp{Act: quant.ReLU}), x))
	}},
}

// positive makes numbers that a variance may have.
func positive(x []float32) []float32 {
	for i, v := range x {
		x[i] = 0.5 + float32(v*v)
	}
	return x
}

// Image is a tensor of normally distributed numbers.
func Image(r *rand.Rand, shape ...int) *tensor.Tensor {
	x := make([]float32, tensor.Shape(shape).Numel())
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return tensor.Of(x, shape...)
}
