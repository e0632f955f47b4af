package zoo

import (
	"fmt"

	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
)

// resnet describes a member of the family of Deep Residual Learning (He et al.,
// 2015), ResNeXt and Wide ResNet in torchvision's form: the stride of a
// bottleneck sits in its 3x3 convolution.
type resnet struct {
	blocks     [4]int
	bottleneck bool
	groups     int // of the 3x3 convolutions in bottlenecks; 0 means 1
	groupWidth int // 0 means 64
	stem       stem
}

// stem is how the first convolution sees the image.
type stem uint8

const (
	imagenetStem stem = iota // 7x7 with stride 2, then max pooling
	cifarStem                // 3x3 with stride 1, for small images, and no pooling
	cifarPooled              // the same with the max pooling
)

// cifarPreset is what images of a ResNet with CIFAR's stem are taken for.
const cifarPreset = "cifar10"

func resNets() []Arch {
	var variants []Arch
	row := func(name string, r resnet) Arch {
		small, pooled := r, r
		small.stem, pooled.stem = cifarStem, cifarPooled
		variants = append(variants,
			Arch{Name: name + "_cifar", Base: name, Preset: cifarPreset, build: small.build},
			Arch{Name: name + "_cifar_maxpool", Base: name, OnRequest: true, Preset: cifarPreset, build: pooled.build})
		return Arch{Name: name, build: r.build}
	}
	plain := []Arch{
		row("resnet18", resnet{blocks: [4]int{2, 2, 2, 2}}),
		row("resnet34", resnet{blocks: [4]int{3, 4, 6, 3}}),
		row("resnet50", resnet{blocks: [4]int{3, 4, 6, 3}, bottleneck: true}),
		row("resnet101", resnet{blocks: [4]int{3, 4, 23, 3}, bottleneck: true}),
		row("resnet152", resnet{blocks: [4]int{3, 8, 36, 3}, bottleneck: true}),
		row("resnext50_32x4d", resnet{blocks: [4]int{3, 4, 6, 3}, bottleneck: true, groups: 32, groupWidth: 4}),
		row("resnext101_32x8d", resnet{blocks: [4]int{3, 4, 23, 3}, bottleneck: true, groups: 32, groupWidth: 8}),
		row("resnext101_64x4d", resnet{blocks: [4]int{3, 4, 23, 3}, bottleneck: true, groups: 64, groupWidth: 4}),
		row("wide_resnet50_2", resnet{blocks: [4]int{3, 4, 6, 3}, bottleneck: true, groupWidth: 128}),
		row("wide_resnet101_2", resnet{blocks: [4]int{3, 4, 23, 3}, bottleneck: true, groupWidth: 128}),
	}
	return append(plain, variants...)
}

func (r resnet) build(b *builder) {
	x := b.input("conv1", 3)
	first := conv{name: "conv1", out: 64, kernel: 7, stride: 2}
	if r.stem != imagenetStem {
		first.kernel, first.stride = 3, 1
	}
	x = b.conv(x, first)
	x = b.batchNorm(x, "bn1")
	x = b.clamp(x, "relu", quant.ReLU)
	if r.stem != cifarStem {
		x.v = b.g.AddNode("maxpool", maxPool3x3(), x.v)
	}
	for i, n := range r.blocks {
		for j := range n {
			stride := 1
			if i > 0 && j == 0 {
				stride = 2
			}
			name := fmt.Sprintf("layer%d.%d", i+1, j)
			if r.bottleneck {
				x = r.bottleneckBlock(b, x, name, 64<<i, stride, j == 0)
			} else {
				x = basicBlock(b, x, name, 64<<i, stride, j == 0)
			}
		}
	}
	x = b.globalPool(x, "avgpool")
	b.output(b.head(x, "fc", 1000))
}

func maxPool3x3() op.MaxPool2D {
	return op.MaxPool2D{Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, Padding: [2]int{1, 1}, Dilation: [2]int{1, 1}}
}

// basicBlock appends two 3x3 convolutions and the residual addition. Only the
// first block of a stage may change the number of channels.
func basicBlock(b *builder, x act, name string, planes, stride int, first bool) act {
	out := conv{name: name + ".conv2", out: planes, kernel: 3}
	if !first {
		out.out, out.fixed = x.channels, true
	}
	y := b.conv(x, conv{name: name + ".conv1", out: planes, kernel: 3, stride: stride})
	y = b.batchNorm(y, name+".bn1")
	y = b.clamp(y, name+".relu", quant.ReLU)
	y = b.conv(y, out)
	y = b.batchNorm(y, name+".bn2")
	return b.add(y, downsample(b, x, name, y.channels, stride), name+".add_relu", quant.ReLU)
}

// bottleneckBlock appends 1x1, 3x3 and 1x1 convolutions and the residual
// addition.
func (r resnet) bottleneckBlock(b *builder, x act, name string, planes, stride int, first bool) act {
	groups, groupWidth := max(r.groups, 1), r.groupWidth
	if groupWidth == 0 {
		groupWidth = 64
	}
	width := planes * groupWidth / 64 * groups
	out := conv{name: name + ".conv3", out: 4 * planes, kernel: 1}
	if !first {
		out.out, out.fixed = x.channels, true
	}
	y := b.conv(x, conv{name: name + ".conv1", out: width, kernel: 1})
	y = b.batchNorm(y, name+".bn1")
	y = b.clamp(y, name+".relu1", quant.ReLU)
	y = b.conv(y, conv{name: name + ".conv2", out: width, kernel: 3, stride: stride, groups: groups})
	y = b.batchNorm(y, name+".bn2")
	y = b.clamp(y, name+".relu2", quant.ReLU)
	y = b.conv(y, out)
	y = b.batchNorm(y, name+".bn3")
	return b.add(y, downsample(b, x, name, y.channels, stride), name+".skip_add_relu", quant.ReLU)
}

// downsample returns the shortcut of a block: x itself where extents and
// channels stay, otherwise a 1x1 convolution with batch norm.
func downsample(b *builder, x act, name string, channels, stride int) act {
	if stride == 1 && x.channels == channels {
		return x
	}
	x = b.conv(x, conv{name: name + ".downsample.0", out: channels, fixed: true, kernel: 1, stride: stride})
	return b.batchNorm(x, name+".downsample.1")
}
