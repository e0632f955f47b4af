package zoo

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
)

// bneck is a row of tables 1 and 2 of Searching for MobileNetV3 (Howard et al.,
// 2019).
type bneck struct {
	kernel, expand, out int
	squeeze, hardswish  bool
	stride              int
}

var mobileNetsV3 = []Arch{
	{Name: "mobilenet_v3_large", build: func(b *builder) {
		mobileNetV3(b, 1280, []bneck{
			{3, 16, 16, false, false, 1},
			{3, 64, 24, false, false, 2},
			{3, 72, 24, false, false, 1},
			{5, 72, 40, true, false, 2},
			{5, 120, 40, true, false, 1},
			{5, 120, 40, true, false, 1},
			{3, 240, 80, false, true, 2},
			{3, 200, 80, false, true, 1},
			{3, 184, 80, false, true, 1},
			{3, 184, 80, false, true, 1},
			{3, 480, 112, true, true, 1},
			{3, 672, 112, true, true, 1},
			{5, 672, 160, true, true, 2},
			{5, 960, 160, true, true, 1},
			{5, 960, 160, true, true, 1},
		})
	}},
	{Name: "mobilenet_v3_small", build: func(b *builder) {
		mobileNetV3(b, 1024, []bneck{
			{3, 16, 16, true, false, 2},
			{3, 72, 24, false, false, 2},
			{3, 88, 24, false, false, 1},
			{5, 96, 40, true, true, 2},
			{5, 240, 40, true, true, 1},
			{5, 240, 40, true, true, 1},
			{5, 120, 48, true, true, 1},
			{5, 144, 48, true, true, 1},
			{5, 288, 96, true, true, 2},
			{5, 576, 96, true, true, 1},
			{5, 576, 96, true, true, 1},
		})
	}},
}

func mobileNetV3(b *builder, last int, blocks []bneck) {
	b.eps = looseEps
	x := b.input("features.0.0", 3)
	x = convBN(b, x, "features.0", conv{out: 16, kernel: 3, stride: 2}, op.Hardswish{})
	for i, k := range blocks {
		x = k.append(b, x, fmt.Sprintf("features.%d", i+1))
	}
	x = convBN(b, x, fmt.Sprintf("features.%d", len(blocks)+1), conv{out: 6 * x.channels, kernel: 1}, op.Hardswish{})
	x = b.globalPool(x, "avgpool")
	// A classifier of one layer reads the features of the last convolution.
	if s, ok := b.shapes("classifier.3.weight"); b.has("classifier.0") || !ok || len(s) != 2 || s[1] != x.channels {
		if hidden := b.head(x, "classifier.0", last); hidden != x {
			x = b.apply(hidden, "classifier.1", op.Hardswish{})
		}
	}
	b.output(b.head(x, "classifier.3", 1000))
}

// append adds the block: widen, convolve each channel by itself, weigh the
// channels, narrow, and add the input where extents and channels stay.
func (k bneck) append(b *builder, x act, name string) act {
	var f graph.Op = op.Clamp{Act: quant.ReLU}
	if k.hardswish {
		f = op.Hardswish{}
	}
	y, i := x, 0
	next := func() string { i++; return fmt.Sprintf("%s.block.%d", name, i-1) }
	// A block without widening has one convolution less; the file tells where a
	// width multiplier changed which ones those are.
	depthwise := k.expand == x.channels
	if s, ok := b.shapes(name + ".block.0.0.weight"); ok && len(s) == 4 {
		depthwise = s[2] > 1
	}
	if !depthwise {
		y = convBN(b, y, next(), conv{out: k.expand, kernel: 1}, f)
	}
	y = convBN(b, y, next(), conv{out: y.channels, fixed: true, kernel: k.kernel, stride: k.stride, groups: y.channels}, f)
	if k.squeeze {
		y = squeezeExcitation(b, y, next())
	}
	y = convBN(b, y, next(), conv{out: k.out, kernel: 1}, nil)
	if k.stride == 1 && y.channels == x.channels {
		return b.add(x, y, name+".skip_add", quant.NoActivation)
	}
	if b.stubs() {
		b.g.Idle = append(b.g.Idle, name+".skip_add")
	}
	return y
}

// squeezeExcitation multiplies each channel by a factor that two layers compute
// from all channels' means.
func squeezeExcitation(b *builder, x act, name string) act {
	s := b.apply(x, name+".avgpool", op.AdaptiveAvgPool2D{Output: [2]int{1, 1}})
	s = b.conv(s, conv{name: name + ".fc1", out: divisible8(x.channels / 4), kernel: 1, bias: true})
	s = b.clamp(s, name+".activation", quant.ReLU)
	s = b.conv(s, conv{name: name + ".fc2", out: x.channels, fixed: true, kernel: 1, bias: true})
	s = b.apply(s, name+".scale_activation", op.Hardsigmoid{})
	return act{b.g.AddNode(name+".skip_mul", op.Mul{}, s.v, x.v), x.channels}
}

// divisible8 is the nearest multiple of 8, at least 8 and not below 0.9*v.
func divisible8(v int) int {
	n := max(8, (v+4)/8*8)
	if 10*n < 9*v {
		n += 8
	}
	return n
}

// convBN appends convolution, batch norm and, unless nil, a function, in the
// names of torchvision's Conv2dNormActivation.
func convBN(b *builder, x act, name string, c conv, f graph.Op) act {
	c.name = name + ".0"
	x = b.conv(x, c)
	x = b.batchNorm(x, name+".1")
	if f == nil {
		return x
	}
	return b.apply(x, name+".2", f)
}
