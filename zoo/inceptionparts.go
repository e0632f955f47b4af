package zoo

import (
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
)

// transformSuffix marks the architectures whose model first maps an image from
// torchvision's normalisation to that of its weights' origin, as torchvision's
// models do when they are built with weights (transform_input=True): torchvision's
// own weights are of that kind. No file of parameters tells which of the two it
// was trained as.
const transformSuffix = "+transform_input"

// transformedInput declares the input; with transform, (x*std + mean - 0.5) / 0.5
// follows, as a factor and a summand per channel.
func transformedInput(b *builder, firstConv string, transform bool) act {
	if !transform {
		return b.input(firstConv, 3)
	}
	mean, std := [3]float64{0.485, 0.456, 0.406}, [3]float64{0.229, 0.224, 0.225}
	o := op.Affine{Scale: make([]float32, 3), Shift: make([]float32, 3)}
	for c := range mean {
		o.Scale[c] = float32(std[c] / 0.5)
		o.Shift[c] = float32((mean[c] - 0.5) / 0.5)
	}
	return b.preprocessed(firstConv, 3, o)
}

// basicConv appends convolution, batch norm and ReLU in the names of
// torchvision's BasicConv2d.
func basicConv(b *builder, x act, name string, c conv) act {
	c.name = name + ".conv"
	x = b.conv(x, c)
	x = b.batchNorm(x, name+".bn")
	return b.clamp(x, name+".relu", quant.ReLU)
}

// maxPool is a max pooling over squares.
func maxPool(kernel, stride, padding int, ceil bool) op.MaxPool2D {
	return op.MaxPool2D{
		Kernel: [2]int{kernel, kernel}, Stride: [2]int{stride, stride}, Padding: [2]int{padding, padding},
		Dilation: [2]int{1, 1}, CeilMode: ceil,
	}
}

// avgPool is an average pooling over squares that counts the padding.
func avgPool(kernel, stride, padding int) op.AvgPool2D {
	return op.AvgPool2D{
		Kernel: [2]int{kernel, kernel}, Stride: [2]int{stride, stride}, Padding: [2]int{padding, padding},
		CountIncludePad: true,
	}
}
