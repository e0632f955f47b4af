package serve

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

// preparation makes inputs of image files for a model.
type preparation struct {
	preset  vision.Preset
	err     error // why it cannot
	decoder vision.Decoder
	most    int // bytes that the images of a request may become
	pixels  int // that the images of a request may have together
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
	if shape, ok := p.shape(len(images)); ok {
		return p.fixed(ctx, shape, images)
	}
	var all []*tensor.Tensor
	size, pixels := 0, 0
	for i, file := range images {
		m, err := p.decoder.Decode(file)
		var x *tensor.Tensor
		if err == nil {
			pixels += m.Width * m.Height
			x, err = p.preset.Apply(m)
		}
		if err = cmp.Or(ctx.Err(), err, p.together(i, pixels)); err != nil {
			return nil, imageError(i, err)
		}
		if x = x.Reshape(append([]int{1}, x.Shape()...)...); i > 0 && !x.Shape().Equal(all[0].Shape()) {
			return nil, Errorf(Invalid, "image %d becomes %v, and image 0 %v: those of one request need one size, so send each alone", i, x.Shape()[1:], all[0].Shape()[1:])
		}
		if size += 4 * x.Numel(); size > p.most {
			return nil, Errorf(TooLarge, "the images of one request become more than %d bytes: send fewer at a time", p.most)
		}
		all = append(all, x)
	}
	return tensor.JoinRows(all...), nil
}

// fixed is prepare where the shape is known beforehand.
func (p *preparation) fixed(ctx context.Context, shape tensor.Shape, images [][]byte) (*tensor.Tensor, error) {
	x := tensor.New(tensor.Float32, shape...)
	dst, each := x.Float32s(), x.Numel()/len(images)
	pixels := 0
	for i, file := range images {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		n, err := p.decoder.DecodeInto(dst[i*each:(i+1)*each], file, p.preset)
		pixels += n
		if err = cmp.Or(err, p.together(i, pixels)); err != nil {
			return nil, imageError(i, err)
		}
	}
	return x, nil
}

// together refuses a request whose images up to number i have so many pixels: a small file may
// unpack to many, and a request holds many files.
func (p *preparation) together(i, pixels int) error {
	if pixels <= p.pixels {
		return nil
	}
	return fmt.Errorf("%w: the images up to this one have %d pixels, and those of a request may have %d: send fewer at a time", vision.ErrTooLarge, pixels, p.pixels)
}

// imageError is the error of image i as the client is told it.
func imageError(i int, err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, vision.ErrTooLarge):
		return Errorf(TooLarge, "image %d: %v", i, err)
	case errors.Is(err, vision.ErrNoImage):
		return Errorf(Invalid, "image %d: %v; the content of an image file is expected, and neither its name nor an address", i, err)
	}
	return Errorf(Invalid, "image %d: %v", i, err)
}
