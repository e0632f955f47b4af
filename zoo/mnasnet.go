package zoo

import (
	"fmt"

	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
)

func mnasNets() []Arch {
	row := func(name string, width float64) Arch {
		return Arch{Name: name, build: func(b *builder) { mnasNet(b, width) }}
	}
	return []Arch{row("mnasnet1_0", 1), row("mnasnet0_5", 0.5), row("mnasnet0_75", 0.75), row("mnasnet1_3", 1.3)}
}

// mnasNet is B1 of MnasNet: Platform-Aware Neural Architecture Search for Mobile (Tan
// et al., 2018) with so many times the channels.
func mnasNet(b *builder, width float64) {
	stages := []struct{ kernel, expand, channels, blocks, stride int }{
		{3, 3, 24, 3, 2},
		{5, 3, 40, 3, 2},
		{5, 6, 80, 3, 2},
		{3, 6, 96, 2, 1},
		{5, 6, 192, 4, 2},
		{3, 6, 320, 1, 1},
	}
	wide := func(channels int) int { return divisible8(int(float64(channels) * width)) }
	x := b.input("layers.0", 3)
	x = mnasConv(b, x, "layers", 0, conv{out: wide(32), kernel: 3, stride: 2})
	x = mnasConv(b, x, "layers", 3, conv{out: x.channels, fixed: true, kernel: 3, groups: x.channels})
	x = b.conv(x, conv{name: "layers.6", out: wide(16), kernel: 1})
	x = b.batchNorm(x, "layers.7")
	for i, s := range stages {
		for j := range s.blocks {
			stride := 1
			if j == 0 {
				stride = s.stride
			}
			x = mnasBlock(b, x, fmt.Sprintf("layers.%d.%d", i+8, j), s.kernel, s.expand, wide(s.channels), stride)
		}
	}
	x = mnasConv(b, x, "layers", 14, conv{out: 1280, kernel: 1})
	x = b.apply(x, "mean", op.Mean{Axes: []int{2, 3}})
	b.output(b.head(x, "classifier.1", 1000))
}

// mnasBlock widens, convolves each channel by itself, narrows, and adds the input where
// extents and channels stay.
func mnasBlock(b *builder, x act, name string, kernel, expand, channels, stride int) act {
	y := mnasConv(b, x, name+".layers", 0, conv{out: expand * x.channels, kernel: 1})
	y = mnasConv(b, y, name+".layers", 3, conv{out: y.channels, fixed: true, kernel: kernel, stride: stride, groups: y.channels})
	y = b.conv(y, conv{name: name + ".layers.6", out: channels, kernel: 1})
	y = b.batchNorm(y, name+".layers.7")
	if stride == 1 && y.channels == x.channels {
		return b.add(y, x, name+".skip_add", quant.NoActivation)
	}
	return y
}

// mnasConv appends convolution, batch norm and ReLU, which are modules first to first+2
// of an nn.Sequential.
func mnasConv(b *builder, x act, list string, first int, c conv) act {
	c.name = fmt.Sprintf("%s.%d", list, first)
	x = b.conv(x, c)
	x = b.batchNorm(x, fmt.Sprintf("%s.%d", list, first+1))
	return b.clamp(x, fmt.Sprintf("%s.%d", list, first+2), quant.ReLU)
}
