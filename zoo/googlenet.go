package zoo

import (
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
)

var googLeNets = []Arch{
	{Name: "googlenet", build: func(b *builder) { googLeNet(b, false) }},
	{Name: "googlenet" + transformSuffix, build: func(b *builder) { googLeNet(b, true) }},
}

// googLeNet is Going Deeper with Convolutions (Szegedy et al., 2014), table 1,
// with batch norms and with 3x3 where the paper has 5x5, as torchvision has it.
func googLeNet(b *builder, transform bool) {
	b.eps = looseEps
	x := transformedInput(b, "conv1.conv", transform)
	x = basicConv(b, x, "conv1", conv{out: 64, kernel: 7, stride: 2})
	x = b.apply(x, "maxpool1", maxPool(3, 2, 0, true))
	x = basicConv(b, x, "conv2", conv{out: 64, kernel: 1})
	x = basicConv(b, x, "conv3", conv{out: 192, kernel: 3})
	x = b.apply(x, "maxpool2", maxPool(3, 2, 0, true))
	x = inception(b, x, "inception3a", 64, 96, 128, 16, 32, 32)
	x = inception(b, x, "inception3b", 128, 128, 192, 32, 96, 64)
	x = b.apply(x, "maxpool3", maxPool(3, 2, 0, true))
	first := inception(b, x, "inception4a", 192, 96, 208, 16, 48, 64)
	x = inception(b, first, "inception4b", 160, 112, 224, 24, 64, 64)
	x = inception(b, x, "inception4c", 128, 128, 256, 24, 64, 64)
	second := inception(b, x, "inception4d", 112, 144, 288, 32, 64, 64)
	x = inception(b, second, "inception4e", 256, 160, 320, 32, 128, 128)
	x = b.apply(x, "maxpool4", maxPool(2, 2, 0, true))
	x = inception(b, x, "inception5a", 256, 160, 320, 32, 128, 128)
	x = inception(b, x, "inception5b", 384, 192, 384, 48, 128, 128)
	googLeNetAux(b, first, "aux1")
	googLeNetAux(b, second, "aux2")
	x = b.globalPool(x, "avgpool")
	b.output(b.head(x, "fc", 1000))
}

// inception appends four branches and joins them.
func inception(b *builder, x act, name string, one, three, threeOut, five, fiveOut, pool int) act {
	b1 := basicConv(b, x, name+".branch1", conv{out: one, kernel: 1})
	b2 := basicConv(b, x, name+".branch2.0", conv{out: three, kernel: 1})
	b2 = basicConv(b, b2, name+".branch2.1", conv{out: threeOut, kernel: 3})
	b3 := basicConv(b, x, name+".branch3.0", conv{out: five, kernel: 1})
	b3 = basicConv(b, b3, name+".branch3.1", conv{out: fiveOut, kernel: 3})
	b4 := b.apply(x, name+".branch4.0", maxPool(3, 1, 1, true))
	b4 = basicConv(b, b4, name+".branch4.1", conv{out: pool, kernel: 1})
	return b.cat(name+".cat", b1, b2, b3, b4)
}

// googLeNetAux appends an auxiliary classifier where the file has one.
func googLeNetAux(b *builder, x act, name string) {
	if _, ok := b.shapes(name + ".conv.conv.weight"); !ok {
		return
	}
	x = b.apply(x, name+".adaptive_avg_pool2d", op.AdaptiveAvgPool2D{Output: [2]int{4, 4}})
	x = basicConv(b, x, name+".conv", conv{out: 128, kernel: 1})
	x = act{b.g.AddNode(name+".flatten", op.Flatten{Start: 1, End: -1}, x.v), 16 * x.channels}
	x = b.clamp(b.linear(x, name+".fc1", 1024), name+".relu", quant.ReLU)
	b.auxiliary(b.linear(x, name+".fc2", 1000))
}
