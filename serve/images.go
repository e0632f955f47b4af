package serve

import (
	"context"
	"errors"
	"fmt"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

// preparation makes inputs of image files for a model.
type preparation struct {
	preset  vision.Preset
	err     error // why it cannot
	decoder vision.Decoder
	most    int // bytes that the images of a request may become
	threads int // that decode
}

// takesImages reports whether an input may be given as image files.
func takesImages(list []octet.ValueInfo) bool {
	if len(list) != 1 {
		return false
	}
	v := list[0]
	return (v.DType == tensor.Float32 || v.DType == tensor.UInt8) && (v.Shape == nil || len(v.Shape) == 4)
}

// size is the height and width of prepared images, or false where it depends on the image.
func (p *preparation) size() (h, w int, fixed bool) {
	for _, s := range [][]int{p.preset.Crop, p.preset.Resize, p.preset.Input} {
		if len(s) == 2 {
			return s[0], s[1], true
		}
	}
	return 0, 0, false
}

// shape is that of n prepared images, or false where it depends on the images.
func (p *preparation) shape(n int) (tensor.Shape, bool) {
	h, w, fixed := p.size()
	if p.err != nil || !fixed {
		return nil, false
	}
	if p.preset.ChannelsLast {
		return tensor.Shape{n, h, w, p.preset.Channels}, true
	}
	return tensor.Shape{n, p.preset.Channels, h, w}, true
}

// prepare makes one batch of image files.
func (p *preparation) prepare(ctx context.Context, images [][]byte) (*tensor.Tensor, error) {
	if p.err != nil {
		return nil, Errorf(Invalid, "image files: %v", p.err)
	}
	if shape, ok := p.shape(1); ok && len(images) > p.most/(4*shape.Numel()) {
		return nil, Errorf(TooLarge, "%d images of %v in one request become more than %d bytes: send fewer at a time", len(images), shape, p.most)
	}
	source, err := dataset.Encoded(images, dataset.WithDecoder(p.decoder))
	if err != nil {
		return nil, Errorf(Invalid, "%v", err)
	}
	loader, err := dataset.NewLoader(source, dataset.LoaderOptions{Preset: p.preset, BatchSize: len(images), Workers: p.threads, Strict: true})
	if err != nil {
		return nil, err
	}
	for b, err := range loader.Batches(ctx) {
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.Is(err, vision.ErrTooLarge):
			return nil, Errorf(TooLarge, "%v", err)
		case err != nil && !errors.Is(err, vision.ErrNoImage):
			return nil, Errorf(Invalid, "%v", err)
		case err != nil:
			return nil, Errorf(Invalid, "%v; the content of an image file is expected, and neither its name nor an address", err)
		}
		return b.Input, nil
	}
	return nil, fmt.Errorf("no image was read")
}
