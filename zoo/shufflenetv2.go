package zoo

import (
	"fmt"

	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
)

func shuffleNetsV2() []Arch {
	row := func(name string, stages [3]int, last int) Arch {
		return Arch{Name: name, build: func(b *builder) { shuffleNetV2(b, stages, last) }}
	}
	return []Arch{
		row("shufflenet_v2_x1_0", [3]int{116, 232, 464}, 1024),
		row("shufflenet_v2_x0_5", [3]int{48, 96, 192}, 1024),
		row("shufflenet_v2_x1_5", [3]int{176, 352, 704}, 1024),
		row("shufflenet_v2_x2_0", [3]int{244, 488, 976}, 2048),
	}
}

// shuffleNetV2 is ShuffleNet V2: Practical Guidelines for Efficient CNN
// Architecture Design (Ma et al., 2018), table 5.
func shuffleNetV2(b *builder, stages [3]int, last int) {
	x := b.input("conv1.0", 3)
	x = convBN(b, x, "conv1", conv{out: 24, kernel: 3, stride: 2}, op.Clamp{Act: quant.ReLU})
	x = b.apply(x, "maxpool", maxPool3x3())
	for i, blocks := range [3]int{4, 8, 4} {
		for j := range blocks {
			x = shuffleBlock(b, x, fmt.Sprintf("stage%d.%d", i+2, j), stages[i]/2, j == 0)
		}
	}
	x = convBN(b, x, "conv5", conv{out: last, kernel: 1}, op.Clamp{Act: quant.ReLU})
	x = b.apply(x, "mean", op.Mean{Axes: []int{2, 3}})
	b.output(b.head(x, "fc", 1000))
}

// shuffleBlock halves the extents in two branches, or passes half of the
// channels by, joins both and mixes them.
func shuffleBlock(b *builder, x act, name string, width int, halve bool) act {
	var left, right act
	join := op.Cat{Axis: 1}
	stride := 1
	if halve {
		stride = 2
		left = b.conv(x, conv{name: name + ".branch1.0", out: x.channels, fixed: true, kernel: 3, stride: 2, groups: x.channels})
		left = b.batchNorm(left, name+".branch1.1")
		left = b.conv(left, conv{name: name + ".branch1.2", out: width, kernel: 1})
		left = b.batchNorm(left, name+".branch1.3")
		left = b.clamp(left, name+".branch1.4", quant.ReLU)
		right = x
	} else {
		half := (x.channels + 1) / 2
		left = act{b.g.AddNode(name+".chunk.0", op.Slice{Axis: 1, End: half}, x.v), half}
		right = act{b.g.AddNode(name+".chunk.1", op.Slice{Axis: 1, Start: half, End: x.channels}, x.v), x.channels - half}
		join.Views = true
	}
	right = b.conv(right, conv{name: name + ".branch2.0", out: width, kernel: 1})
	right = b.batchNorm(right, name+".branch2.1")
	right = b.clamp(right, name+".branch2.2", quant.ReLU)
	right = b.conv(right, conv{name: name + ".branch2.3", out: right.channels, fixed: true, kernel: 3, stride: stride, groups: right.channels})
	right = b.batchNorm(right, name+".branch2.4")
	right = b.conv(right, conv{name: name + ".branch2.5", out: width, kernel: 1})
	right = b.batchNorm(right, name+".branch2.6")
	right = b.clamp(right, name+".branch2.7", quant.ReLU)
	y := act{b.g.AddNode(name+".cat", join, left.v, right.v), left.channels + right.channels}
	return b.apply(y, name+".channel_shuffle", op.ChannelShuffle{Groups: 2})
}
