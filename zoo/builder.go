package zoo

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
)

// batchNormEps is torch.nn.BatchNorm2d's default, which the file does not hold.
const batchNormEps = 1e-5

// looseEps is the one of GoogLeNet, Inception v3 and MobileNetV3.
const looseEps = 1e-3

// builder appends layers to a graph. Layers take and return activations with
// their number of channels, because the extents of parameters follow from it.
type builder struct {
	g       *graph.Graph
	shapes  Shapes
	variant Variant
	eps     float64 // of batch norms; 0 means batchNormEps
	first   string  // the first convolution
}

// act is an activation and its number of channels.
type act struct {
	v        *graph.Value
	channels int
}

// stubs reports whether the graph is that of torchvision.models.quantization.
func (b *builder) stubs() bool { return b.variant != Plain }

// input declares "x" with the channels of the first convolution and, in the
// quantizable variant, the stub behind it.
func (b *builder) input(firstConv string, channels int) act {
	return b.preprocessed(firstConv, channels)
}

// preprocessed is input with operators in front of the stub.
func (b *builder) preprocessed(firstConv string, channels int, ops ...graph.Op) act {
	if s, ok := b.shapes(firstConv + ".weight"); ok && len(s) == 4 && s[1] > 0 {
		channels = s[1]
	}
	b.first = firstConv
	x := b.g.AddInput("x", graph.Float32)
	x.Sizes = []int{0, channels, 0, 0}
	for _, o := range ops {
		x = b.g.AddNode("transform_input", o, x)
	}
	if b.stubs() {
		x = b.g.AddNode("quant", op.Quantize{}, x)
	}
	return act{x, channels}
}

// output ends the graph with v, behind the stub of the quantizable variant.
func (b *builder) output(x act) {
	v := x.v
	if b.stubs() {
		v = b.g.AddNode("dequant", op.Dequantize{}, v)
	}
	b.g.Outputs = append(b.g.Outputs, v)
}

// auxiliary makes x an auxiliary output of the graph.
func (b *builder) auxiliary(x act) { b.g.Auxiliary = append(b.g.Auxiliary, x.v) }

// width is the first extent of a parameter in the file, or otherwise.
func (b *builder) width(key string, rank, otherwise int) int {
	if s, ok := b.shapes(key); ok && len(s) == rank && s[0] > 0 {
		return s[0]
	}
	return otherwise
}

// conv describes a convolution; without more, a square one without bias, as all
// are in front of a batch norm, padded to keep the extent at stride 1.
type conv struct {
	name   string
	out    int // taken from the file where it knows
	fixed  bool
	kernel int
	rect   [2]int // height and width of the kernel where they differ
	stride int
	groups int
	bias   bool
	valid  bool // not padded
}

// conv appends a convolution.
func (b *builder) conv(x act, c conv) act {
	key := c.name + ".weight"
	out := c.out
	if !c.fixed {
		out = b.width(key, 4, out)
	}
	groups := max(c.groups, 1)
	stride := max(c.stride, 1)
	kernel := c.rect
	if kernel == [2]int{} {
		kernel = [2]int{c.kernel, c.kernel}
	}
	pad := [2]int{(kernel[0] - 1) / 2, (kernel[1] - 1) / 2}
	if c.valid {
		pad = [2]int{}
	}
	in := []*graph.Value{x.v, b.g.AddParam(key, out, max(x.channels/groups, 1), kernel[0], kernel[1])}
	if c.bias {
		in = append(in, b.g.AddParam(c.name+".bias", out))
	}
	v := b.g.AddNode(c.name, op.Conv2D{
		Stride: [2]int{stride, stride}, Padding: pad, Dilation: [2]int{1, 1}, Groups: groups,
	}, in...)
	return act{v, out}
}

// batchNorm appends a batch norm in evaluation mode.
func (b *builder) batchNorm(x act, name string) act {
	in := []*graph.Value{x.v}
	for _, p := range []string{"weight", "bias", "running_mean", "running_var"} {
		in = append(in, b.g.AddParam(name+"."+p, x.channels))
	}
	eps := b.eps
	if eps == 0 {
		eps = batchNormEps
	}
	return act{b.g.AddNode(name, op.BatchNorm{Eps: eps}, in...), x.channels}
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

// cat joins the channels of images; in PyTorch's quantizable models a
// FloatFunctional.
func (b *builder) cat(name string, parts ...act) act {
	joined := act{}
	var in []*graph.Value
	for _, p := range parts {
		in = append(in, p.v)
		joined.channels += p.channels
	}
	joined.v = b.g.AddNode(name, op.Cat{Axis: 1}, in...)
	return joined
}

// apply appends an operator that keeps the number of channels.
func (b *builder) apply(x act, name string, o graph.Op) act {
	return act{b.g.AddNode(name, o, x.v), x.channels}
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
	x = b.apply(x, name, op.AdaptiveAvgPool2D{Output: [2]int{1, 1}})
	return b.apply(x, "flatten", op.Flatten{Start: 1, End: -1})
}
