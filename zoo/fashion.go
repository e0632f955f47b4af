package zoo

import (
	"fmt"

	"github.com/octet-ml/octet/quant"
)

func init() {
	register(Arch{Name: "fashion_resnet8", build: fashionResNet8})
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
	b.output(b.linear(x, "fc", 10))
}
