package zoo

import (
	"fmt"

	"github.com/octet-ml/octet/quant"
)

var fashionNets = []Arch{
	{Name: "fashion_resnet8", Labels: fashionLabels, Preset: fashionPreset, build: fashionResNet8},
	{Name: "fashion_mobilenet", Labels: fashionLabels, Preset: fashionPreset, build: fashionMobileNet},
}

const fashionPreset = "fashion-mnist"

// fashionLabels are the classes of Fashion-MNIST.
var fashionLabels = []string{
	"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
}

// fashionMobileNet is the network of the demo of quantization-aware training,
// defined in tools/demo/model.py: MobileNetV2's blocks with ReLU.
func fashionMobileNet(b *builder) {
	x := b.input("features.0.0", 1)
	x = convNormAct(b, x, "features.0", conv{out: 16, kernel: 3}, quant.ReLU)
	blocks := []struct{ expand, channels, stride int }{{1, 16, 2}, {4, 24, 1}, {4, 32, 2}, {4, 32, 1}, {4, 64, 1}}
	for i, s := range blocks {
		x = invertedResidual(b, x, fmt.Sprintf("features.%d", i+1), s.expand, s.channels, s.stride, quant.ReLU)
	}
	x = convNormAct(b, x, fmt.Sprintf("features.%d", len(blocks)+1), conv{out: 128, kernel: 1}, quant.ReLU)
	x = b.globalPool(x, "adaptive_avg_pool2d")
	b.output(b.head(x, "classifier.1", 10))
}

// fashionResNet8 is the demo's network, defined in tools/demo/model.py: a stem
// and three basic blocks, for grey images of 28x28.
func fashionResNet8(b *builder) {
	x := b.input("conv1", 1)
	x = b.conv(x, conv{name: "conv1", out: 12, kernel: 3})
	x = b.batchNorm(x, "bn1")
	x = b.clamp(x, "relu", quant.ReLU)
	x.v = b.g.AddNode("maxpool", maxPool3x3(), x.v)
	for i, planes := range []int{12, 24, 104} {
		stride := 1
		if i > 0 {
			stride = 2
		}
		x = basicBlock(b, x, fmt.Sprintf("layer%d.0", i+1), planes, stride, true)
	}
	x = b.globalPool(x, "avgpool")
	b.output(b.head(x, "fc", 10))
}
