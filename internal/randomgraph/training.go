package randomgraph

import (
	"math/rand/v2"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Training draws a small float graph that can be trained, with batch norms, a max
// pool and a depthwise convolution, and a batch of images for it. It has one
// ReLU, late: sums in another order put few numbers on its other side.
func Training(r *rand.Rand) (g *graph.Graph, x *tensor.Tensor, classes int) {
	b := New(r, "training", tensor.Float32, quant.NumericsUnset)
	in, out := 1+r.IntN(4), 5+r.IntN(40)
	classes = 2 + r.IntN(20)
	v := b.Input()
	v = b.norm(b.linearConv(v, in, out, 1), out)
	v = b.Pool(v, op.MaxPool2D{Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, Padding: [2]int{1, 1}, Dilation: [2]int{1, 1}})
	v = b.norm(b.linearConv(v, out, out, out), out)
	v = b.Node("relu", op.Clamp{Act: quant.ReLU}, graph.Float32, v)
	v = b.Node("pool", op.AdaptiveAvgPool2D{Output: [2]int{1, 1}}, graph.Float32, v)
	v = b.Node("flatten", op.Flatten{Start: 1, End: -1}, graph.Float32, v)
	b.g.Outputs = []*graph.Value{b.Node("fc", op.Linear{}, graph.Float32, b.param(v, "fc", 1, classes, out)...)}
	return b.g, Image(r, 4+r.IntN(5), in, 11+r.IntN(6), 11+r.IntN(6)), classes
}

// param appends a random parameter to the operands of a node.
func (b *Builder) param(x *graph.Value, name string, scale float64, shape ...int) []*graph.Value {
	p := b.g.AddParam(b.name(name+".weight"), shape...)
	p.Data = tensor.Of(b.floats(tensor.Shape(shape).Numel(), scale), shape...)
	p.Type = graph.TypeOf(p.Data)
	return []*graph.Value{x, p}
}

// linearConv is a 3x3 convolution without bias and activation.
func (b *Builder) linearConv(x *graph.Value, in, out, groups int) *graph.Value {
	c := op.Conv2D{Stride: [2]int{1, 1}, Padding: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: groups}
	return b.Node("conv", c, graph.Float32, b.param(x, "conv", 1, out, in/groups, 3, 3)...)
}

// norm is a batch norm.
func (b *Builder) norm(x *graph.Value, channels int) *graph.Value {
	in := []*graph.Value{x}
	for _, name := range []string{"weight", "bias", "running_mean", "running_var"} {
		in = append(in, b.param(x, name, 1, channels)[1])
	}
	for i, v := range in[4].Data.Float32s() {
		in[4].Data.Float32s()[i] = 0.5 + v*v
	}
	return b.Node("norm", op.BatchNorm{Eps: 1e-5}, graph.Float32, in...)
}
