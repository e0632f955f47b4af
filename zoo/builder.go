package zoo

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
)

// batchNormEps is torch.nn.BatchNorm2d's default, which the file does not hold.
const batchNormEps = 1e-5

// builder appends layers to a graph. Layers take and return activations with
// their number of channels, because the extents of parameters follow from it.
type builder struct {
	g       *graph.Graph
	shapes  Shapes
	variant Variant
}

// act is an activation and its number of channels.
type act struct {
	v        *graph.Value
	channels int
}

// input declares "x" with the channels of the first convolution and, in the
// quantizable variant, the stub behind it.
func (b *builder) input(firstConv string, channels int) act {
	if s, ok := b.shapes(firstConv + ".weight"); ok && len(s) == 4 && s[1] > 0 {
		channels = s[1]
	}
	x := b.g.AddInput("x", graph.Float32)
	if b.variant == Quantizable {
		x = b.g.AddNode("quant", op.Quantize{}, x)
	}
	return act{x, channels}
}

// output ends the graph with v, behind the stub of the quantizable variant.
func (b *builder) output(x act) {
	v := x.v
	if b.variant == Quantizable {
		v = b.g.AddNode("dequant", op.Dequantize{}, v)
	}
	b.g.Outputs = append(b.g.Outputs, v)
}

// width is the first extent of a parameter in the file, or otherwise.
func (b *builder) width(key string, rank, otherwise int) int {
	if s, ok := b.shapes(key); ok && len(s) == rank && s[0] > 0 {
		return s[0]
	}
	return otherwise
}

// conv describes a square convolution without bias, as all are in front of a
// batch norm.
type conv struct {
	name   string
	out    int // taken from the file where it knows
	fixed  bool
	kernel int
	stride int
	groups int
}

// conv appends a convolution padded to keep the extent at stride 1.
func (b *builder) conv(x act, c conv) act {
	key := c.name + ".weight"
	out := c.out
	if !c.fixed {
		out = b.width(key, 4, out)
	}
	groups := max(c.groups, 1)
	stride := max(c.stride, 1)
	w := b.g.AddParam(key, out, max(x.channels/groups, 1), c.kernel, c.kernel)
	pad := (c.kernel - 1) / 2
	v := b.g.AddNode(c.name, op.Conv2D{
		Stride: [2]int{stride, stride}, Padding: [2]int{pad, pad}, Dilation: [2]int{1, 1}, Groups: groups,
	}, x.v, w)
	return act{v, out}
}

// batchNorm appends a batch norm in evaluation mode.
func (b *builder) batchNorm(x act, name string) act {
	in := []*graph.Value{x.v}
	for _, p := range []string{"weight", "bias", "running_mean", "running_var"} {
		in = append(in, b.g.AddParam(name+"."+p, x.channels))
	}
	return act{b.g.AddNode(name, op.BatchNorm{Eps: batchNormEps}, in...), x.channels}
}

// clamp appends an activation that is a module of its own.
func (b *builder) clamp(x act, name string, a quant.Activation) act {
	if b.variant == Quantizable && a == quant.ReLU6 {
		a = quant.ReLU
	}
	return act{b.g.AddNode(name, op.Clamp{Act: a}, x.v), x.channels}
}

// add appends an addition; in PyTorch's quantizable models a FloatFunctional.
func (b *builder) add(x, y act, name string, a quant.Activation) act {
	return act{b.g.AddNode(name, op.Add{Act: a}, x.v, y.v), x.channels}
}

// linear appends a fully connected layer with bias.
func (b *builder) linear(x act, name string, out int) act {
	out = b.width(name+".weight", 2, out)
	w := b.g.AddParam(name+".weight", out, x.channels)
	bias := b.g.AddParam(name+".bias", out)
	return act{b.g.AddNode(name, op.Linear{}, x.v, w, bias), out}
}

// globalPool averages each channel and drops the spatial axes.
func (b *builder) globalPool(x act, name string) act {
	v := b.g.AddNode(name, op.AdaptiveAvgPool2D{Output: [2]int{1, 1}}, x.v)
	return act{b.g.AddNode("flatten", op.Flatten{Start: 1, End: -1}, v), x.channels}
}
