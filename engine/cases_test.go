package engine

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// builder makes graphs with random parameters, in float or on codes.
type builder struct {
	r          *rand.Rand
	g          *graph.Graph
	dtype      tensor.DType // of activations
	perChannel bool
	n          int
}

func newBuilder(r *rand.Rand, name string, dtype tensor.DType, numerics quant.Numerics) *builder {
	b := &builder{r: r, g: graph.New(name), dtype: dtype, perChannel: numerics != quant.QNNPACK || r.IntN(3) == 0}
	if dtype != tensor.Float32 {
		b.g.Numerics = numerics
	}
	return b
}

func (b *builder) name(kind string) string {
	b.n++
	return fmt.Sprintf("%s%d", kind, b.n)
}

// quantum is a random type of activations; float32 in a float graph.
func (b *builder) quantum() graph.Type {
	if b.dtype == tensor.Float32 {
		return graph.Float32
	}
	lo, _ := b.dtype.CodeRange()
	return graph.Type{DType: b.dtype, Q: tensor.Affine(math.Exp(b.r.Float64()*2-4), lo+int64(b.r.IntN(256)))}
}

func (b *builder) node(kind string, o graph.Op, t graph.Type, in ...*graph.Value) *graph.Value {
	v := b.g.AddNode(b.name(kind), o, in...)
	v.Type = t
	return v
}

// input adds a float input and, on codes, its quantization.
func (b *builder) input() *graph.Value {
	x := b.g.AddInput(b.name("x"), graph.Float32)
	return b.node("quant", op.Quantize{}, b.quantum(), x)
}

func (b *builder) floats(n int, scale float64) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(b.r.NormFloat64() * scale)
	}
	return out
}

// weights adds a weight and a bias (sometimes none) to a node's operands.
func (b *builder) weights(x *graph.Value, shape ...int) []*graph.Value {
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

func (b *builder) act() quant.Activation { return quant.Activation(b.r.IntN(3)) }

func (b *builder) conv(x *graph.Value, in, out, kernel, stride, groups int) *graph.Value {
	c := op.Conv2D{Stride: [2]int{stride, stride}, Padding: [2]int{kernel / 2, kernel / 2}, Dilation: [2]int{1, 1}, Groups: groups, Act: b.act()}
	return b.node("conv", c, b.quantum(), b.weights(x, out, in/groups, kernel, kernel)...)
}

func (b *builder) linear(x *graph.Value, in, out int) *graph.Value {
	return b.node("fc", op.Linear{Act: b.act()}, b.quantum(), b.weights(x, out, in)...)
}

func (b *builder) pool(x *graph.Value, o graph.Op) *graph.Value { return b.node("pool", o, x.Type, x) }

func (b *builder) add(x, y *graph.Value) *graph.Value {
	return b.node("add", op.Add{Act: b.act()}, b.quantum(), x, y)
}

// finish makes the outputs, dequantized.
func (b *builder) finish(values ...*graph.Value) *graph.Graph {
	for _, v := range values {
		b.g.Outputs = append(b.g.Outputs, b.node("dequant", op.Dequantize{}, graph.Float32, v))
	}
	return b.g
}

// testCase is one graph and the size of its images.
type testCase struct {
	name    string
	channel int
	h, w    int
	build   func(b *builder) *graph.Graph
}

var cases = []testCase{
	{"conv3x3", 5, 9, 7, func(b *builder) *graph.Graph { return b.finish(b.conv(b.input(), 5, 7, 3, 1, 1)) }},
	{"conv1x1", 16, 8, 5, func(b *builder) *graph.Graph { return b.finish(b.conv(b.input(), 16, 33, 1, 1, 1)) }},
	{"conv1x1 stride 2", 6, 9, 9, func(b *builder) *graph.Graph { return b.finish(b.conv(b.input(), 6, 5, 1, 2, 1)) }},
	{"stem", 3, 31, 29, func(b *builder) *graph.Graph {
		x := b.conv(b.input(), 3, 16, 7, 2, 1)
		return b.finish(b.pool(x, op.MaxPool2D{Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, Padding: [2]int{1, 1}, Dilation: [2]int{1, 1}}))
	}},
	{"stem, unequal", 2, 14, 13, func(b *builder) *graph.Graph {
		c := op.Conv2D{Stride: [2]int{1, 3}, Padding: [2]int{5, 1}, Dilation: [2]int{2, 1}, Groups: 1, Act: quant.ReLU}
		x := b.input()
		y := b.node("conv", c, b.quantum(), b.weights(x, 18, 2, 3, 5)...)
		return b.finish(y, b.node("conv", c, graph.Float32, b.weights(x, 3, 2, 3, 4)...))
	}},
	{"deep rows", 70, 5, 5, func(b *builder) *graph.Graph { return b.finish(b.conv(b.input(), 70, 9, 3, 1, 1)) }},
	{"dilated, unequal", 4, 12, 11, func(b *builder) *graph.Graph {
		c := op.Conv2D{Stride: [2]int{2, 1}, Padding: [2]int{0, 3}, Dilation: [2]int{2, 3}, Groups: 2, Act: quant.ReLU}
		return b.finish(b.node("conv", c, b.quantum(), b.weights(b.input(), 6, 2, 2, 3)...))
	}},
	{"grouped", 12, 7, 6, func(b *builder) *graph.Graph { return b.finish(b.conv(b.input(), 12, 8, 3, 2, 4)) }},
	{"depthwise", 13, 10, 9, func(b *builder) *graph.Graph { return b.finish(b.conv(b.input(), 13, 13, 3, 1, 13)) }},
	{"depthwise 5x5 stride 2", 8, 11, 11, func(b *builder) *graph.Graph { return b.finish(b.conv(b.input(), 8, 8, 5, 2, 8)) }},
	{"depthwise, many channels", 83, 9, 8, func(b *builder) *graph.Graph { return b.finish(b.conv(b.input(), 83, 83, 3, 2, 83)) }},
	{"depthwise multiplier", 4, 6, 6, func(b *builder) *graph.Graph { return b.finish(b.conv(b.input(), 4, 8, 3, 1, 4)) }},
	{"residual", 8, 9, 9, func(b *builder) *graph.Graph {
		x := b.conv(b.input(), 8, 8, 3, 1, 1)
		y := b.conv(b.conv(x, 8, 8, 3, 1, 1), 8, 8, 3, 1, 1)
		z := b.add(y, x)
		down := b.conv(z, 8, 10, 1, 2, 1)
		return b.finish(b.add(b.conv(b.conv(z, 8, 10, 3, 2, 1), 10, 10, 3, 1, 1), down))
	}},
	{"inverted residual", 6, 8, 8, func(b *builder) *graph.Graph {
		x := b.input()
		e := b.conv(b.conv(x, 6, 24, 1, 1, 1), 24, 24, 3, 1, 24)
		return b.finish(b.add(x, b.conv(e, 24, 6, 1, 1, 1)))
	}},
	{"squeeze and excitation", 10, 7, 7, func(b *builder) *graph.Graph {
		x := b.conv(b.input(), 10, 10, 3, 1, 1)
		s := b.pool(x, op.AdaptiveAvgPool2D{Output: [2]int{1, 1}})
		s = b.conv(b.conv(s, 10, 4, 1, 1, 1), 4, 10, 1, 1, 1)
		left := b.node("mul", op.Mul{Act: b.act()}, b.quantum(), s, x)
		return b.finish(left, b.node("mul", op.Mul{}, b.quantum(), x, s), b.node("mul", op.Mul{}, b.quantum(), x, x))
	}},
	{"sums to float", 6, 7, 7, func(b *builder) *graph.Graph {
		c := op.Conv2D{Stride: [2]int{1, 1}, Padding: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: 1, Act: quant.ReLU6}
		x := b.input()
		y := b.node("conv", c, graph.Float32, b.weights(x, 5, 6, 3, 3)...)
		c.Groups = 6
		z := b.node("conv", c, graph.Float32, b.weights(x, 6, 1, 3, 3)...)
		f := b.pool(b.pool(x, op.AdaptiveAvgPool2D{Output: [2]int{1, 1}}), op.Flatten{Start: 1, End: -1})
		return b.finish(y, z, b.node("fc", op.Linear{}, graph.Float32, b.weights(f, 9, 6)...))
	}},
	{"cat", 6, 6, 5, func(b *builder) *graph.Graph {
		x := b.input()
		y := b.conv(x, 6, 5, 3, 1, 1)
		c := b.node("cat", op.Cat{Axis: 1}, y.Type, x, y, b.conv(x, 6, 3, 1, 1, 1))
		return b.finish(b.node("cat", op.Cat{Axis: -2}, b.quantum(), c, c), b.node("cat", op.Cat{Axis: 0}, b.quantum(), c, c))
	}},
	{"pools", 9, 13, 11, func(b *builder) *graph.Graph {
		x := b.input()
		return b.finish(
			b.pool(x, op.MaxPool2D{Kernel: [2]int{3, 2}, Stride: [2]int{2, 1}, Padding: [2]int{1, 0}, Dilation: [2]int{2, 3}, CeilMode: true}),
			b.pool(x, op.AvgPool2D{Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, Padding: [2]int{1, 1}, CountIncludePad: true}),
			b.pool(x, op.AvgPool2D{Kernel: [2]int{3, 2}, Stride: [2]int{2, 3}, Padding: [2]int{1, 1}, CeilMode: true}),
			b.pool(x, op.AvgPool2D{Kernel: [2]int{2, 2}, Stride: [2]int{2, 2}, CeilMode: true, CountIncludePad: true}),
			b.pool(x, op.AdaptiveAvgPool2D{Output: [2]int{1, 1}}),
			b.pool(x, op.AdaptiveAvgPool2D{Output: [2]int{4, 5}}),
			b.pool(x, op.AdaptiveAvgPool2D{Output: [2]int{13, 11}}),
			b.pool(x, op.Mean{Axes: []int{2, 3}}), b.pool(x, op.Mean{Axes: []int{-1, 2}, KeepDim: true}))
	}},
	{"classifier", 12, 5, 4, func(b *builder) *graph.Graph {
		x := b.pool(b.input(), op.AdaptiveAvgPool2D{Output: [2]int{1, 1}})
		x = b.linear(b.pool(x, op.Flatten{Start: 1, End: -1}), 12, 21)
		return b.finish(b.linear(b.pool(x, op.Clamp{Act: quant.ReLU6}), 21, 10))
	}},
	{"flatten images", 3, 4, 5, func(b *builder) *graph.Graph {
		x := b.input()
		y := b.linear(b.pool(x, op.Flatten{Start: 1, End: 3}), 60, 7)
		return b.finish(y, b.pool(x, op.Flatten{Start: 2, End: 3}), b.pool(x, op.Flatten{Start: 0, End: 0}))
	}},
	{"linear on images", 2, 3, 6, func(b *builder) *graph.Graph { return b.finish(b.linear(b.input(), 6, 4)) }},
	{"matmul, relu", 1, 6, 6, func(b *builder) *graph.Graph {
		x := b.input()
		y := b.pool(x, op.Clamp{Act: quant.ReLU})
		return b.finish(b.node("matmul", op.MatMul{}, b.quantum(), x, y))
	}},
	{"long tensors", 32, 40, 41, func(b *builder) *graph.Graph {
		x := b.input()
		return b.finish(b.add(b.pool(x, op.Clamp{Act: quant.ReLU}), x))
	}},
}

func input(r *rand.Rand, shape ...int) *tensor.Tensor {
	x := make([]float32, tensor.Shape(shape).Numel())
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return tensor.Of(x, shape...)
}
