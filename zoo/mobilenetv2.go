package zoo

import (
	"fmt"

	"github.com/octet-ml/octet/quant"
)

var mobileNetsV2 = []Arch{{Name: "mobilenet_v2", ClampDiffers: true, build: mobileNetV2}}

// mobileNetV2 is MobileNetV2: Inverted Residuals and Linear Bottlenecks
// (Sandler et al., 2018), table 2.
func mobileNetV2(b *builder) {
	stages := []struct{ expand, channels, blocks, stride int }{
		{1, 16, 1, 1},
		{6, 24, 2, 2},
		{6, 32, 3, 2},
		{6, 64, 4, 2},
		{6, 96, 3, 1},
		{6, 160, 3, 2},
		{6, 320, 1, 1},
	}
	x := b.input("features.0.0", 3)
	x = convNormAct(b, x, "features.0", conv{out: 32, kernel: 3, stride: 2}, quant.ReLU6)
	i := 1
	for _, s := range stages {
		for j := range s.blocks {
			stride := 1
			if j == 0 {
				stride = s.stride
			}
			x = invertedResidual(b, x, fmt.Sprintf("features.%d", i), s.expand, s.channels, stride, quant.ReLU6)
			i++
		}
	}
	x = convNormAct(b, x, fmt.Sprintf("features.%d", i), conv{out: 1280, kernel: 1}, quant.ReLU6)
	x = b.globalPool(x, "adaptive_avg_pool2d")
	b.output(b.head(x, "classifier.1", 1000))
}

// invertedResidual widens, convolves each channel by itself, narrows, and adds
// the input where extents and channels stay.
func invertedResidual(b *builder, x act, name string, expand, channels, stride int, a quant.Activation) act {
	y, i := x, 0
	if expand != 1 {
		y = convNormAct(b, y, name+".conv.0", conv{out: x.channels * expand, kernel: 1}, a)
		i++
	}
	y = convNormAct(b, y, fmt.Sprintf("%s.conv.%d", name, i),
		conv{out: y.channels, fixed: true, kernel: 3, stride: stride, groups: y.channels}, a)
	y = b.conv(y, conv{name: fmt.Sprintf("%s.conv.%d", name, i+1), out: channels, kernel: 1})
	y = b.batchNorm(y, fmt.Sprintf("%s.conv.%d", name, i+2))
	if stride == 1 && y.channels == x.channels {
		return b.add(x, y, name+".skip_add", quant.NoActivation)
	}
	if b.stubs() {
		b.g.Idle = append(b.g.Idle, name+".skip_add")
	}
	return y
}

// convNormAct appends the three layers of torchvision's ConvNormActivation.
func convNormAct(b *builder, x act, name string, c conv, a quant.Activation) act {
	c.name = name + ".0"
	x = b.conv(x, c)
	x = b.batchNorm(x, name+".1")
	return b.clamp(x, name+".2", a)
}
