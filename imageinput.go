package octet

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

// imageInput is the only input of a model, as its file declares it, seen as a batch of images.
type imageInput struct {
	ValueInfo
	channelsLast bool // [N, H, W, C]
}

// image returns the model's input as images, or false where it is no such input, or a file
// without declarations.
func (m *Model) image() (imageInput, bool) {
	d := m.declared
	if d == nil || len(d.inputs) != 1 || len(d.inputs[0].Shape) != 4 {
		return imageInput{}, false
	}
	colours := func(n int) bool { return n == 1 || n == 3 }
	v := d.inputs[0]
	return imageInput{v, colours(v.Shape[3]) && !colours(v.Shape[1])}, true
}

// pixels reports whether the model takes what pixels hold, 0 to 255, and normalises it itself.
func (in imageInput) pixels() bool { return in.DType == tensor.UInt8 }

// extents are the channels, height and width, below 1 where the file leaves them open.
func (in imageInput) extents() (channels, height, width int) {
	if in.channelsLast {
		return in.Shape[3], in.Shape[1], in.Shape[2]
	}
	return in.Shape[1], in.Shape[2], in.Shape[3]
}

// preset is p with the numbers and the order of axes that the file declares.
func (in imageInput) preset(p vision.Preset) vision.Preset {
	if in.pixels() {
		p.Pixels, p.Mean, p.Std = true, nil, nil
	}
	p.ChannelsLast = p.ChannelsLast || in.channelsLast
	return p
}

// fixed is p with the size that the file declares, where it declares one: the whole image is
// resized to it.
func (in imageInput) fixed(p vision.Preset) vision.Preset {
	_, h, w := in.extents()
	if h < 1 || w < 1 || slices.Equal(p.Crop, []int{h, w}) {
		return p
	}
	p.Resize, p.Crop, p.Input = []int{h, w}, nil, nil
	return p
}

// usualPreset is what is assumed of images where neither file nor caller says how they were
// prepared: what ImageNet's classifiers take.
func (m *Model) usualPreset() (vision.Preset, error) {
	in, ok := m.image()
	switch {
	case m.Channels() == 3 && ok:
		return in.fixed(in.preset(vision.ImageClassification(224, 256))), nil
	case m.Channels() == 3:
		return vision.ImageClassification(224, 256), nil
	case m.Channels() == 1 && ok && in.pixels():
		return in.fixed(in.preset(vision.Preset{Channels: 1})), nil
	}
	return vision.Preset{}, fmt.Errorf("%s takes images with %d channels and does not say how they were prepared: name a preset, or mean and standard deviation", m.name(), m.Channels())
}

// asPixels turns prepared images into the uint8 that a file declares as its input; others it
// returns as they are.
func asPixels(declared tensor.DType, x *tensor.Tensor) (*tensor.Tensor, error) {
	if x == nil || declared != tensor.UInt8 || x.DType() != tensor.Float32 || len(x.Shape()) != 4 {
		return x, nil
	}
	pixels := make([]uint8, x.Numel())
	if err := vision.ToPixels(pixels, x.Float32s()); err != nil {
		return nil, err
	}
	return tensor.Of(pixels, x.Shape()...), nil
}
