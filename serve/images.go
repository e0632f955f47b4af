package serve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/parallel"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

// preparation makes inputs of image files for a model.
type preparation struct {
	preset  vision.Preset
	err     error // why it cannot
	decoder vision.Decoder
	pool    *parallel.Pool // that files are decoded on
	most    int            // bytes that the images of a batch may become; 0 means any number
	pixels  int            // that the images of a batch may have together; 0 means any number
}

// takesImages reports whether an input may be given as image files.
func takesImages(list []octet.ValueInfo) bool {
	if len(list) != 1 {
		return false
	}
	v := list[0]
	return (v.DType == tensor.Float32 || v.DType == tensor.UInt8) && (v.Shape == nil || len(v.Shape) == 4)
}

// shape is that of n prepared images, or false where it depends on the images.
func (p *preparation) shape(n int) (tensor.Shape, bool) {
	s, fixed := p.preset.Shape()
	switch {
	case p.err != nil || !fixed:
		return nil, false
	case p.preset.ChannelsLast:
		return tensor.Shape{n, s[1], s[2], s[0]}, true
	}
	return append(tensor.Shape{n}, s...), true
}

// prepare makes one batch of image files.
func (p *preparation) prepare(ctx context.Context, files [][]byte) (*tensor.Tensor, error) {
	switch {
	case p.err != nil:
		return nil, p.err
	case len(files) == 0:
		return nil, errors.New("no image file is given")
	}
	b := imageBatch{preparation: p, files: files}
	begin := 0
	shape, fixed := p.shape(len(files))
	var err error
	if b.fixed = fixed; fixed {
		err = b.allocate(shape)
	} else {
		begin, err = 1, b.add(ctx, 0)
	}
	if err == nil {
		err = b.addFrom(ctx, begin)
	}
	if err != nil {
		return nil, err
	}
	return b.x, nil
}

// imageBatch is the input that image files become.
type imageBatch struct {
	*preparation
	files [][]byte
	fixed bool           // the shape does not depend on the images; else the first one tells
	x     *tensor.Tensor // nil before the shape is known
	seen  atomic.Int64   // pixels of the files that were decoded
}

// allocate makes room for all images.
func (b *imageBatch) allocate(shape tensor.Shape) error {
	one := append(tensor.Shape{1}, shape[1:]...)
	if b.most > 0 && len(b.files) > b.most/(4*one.Numel()) {
		return Errorf(TooLarge, "%d images of %v in one request become more than %d bytes: send fewer at a time", len(b.files), one, b.most)
	}
	b.x = tensor.New(tensor.Float32, shape...)
	return nil
}

// addFrom prepares the images from a number on. The error is that of the first one that has one.
func (b *imageBatch) addFrom(ctx context.Context, begin int) error {
	errs := make([]error, len(b.files))
	var failed atomic.Int64 // the first image known to have an error
	failed.Store(int64(len(b.files)))
	b.pool.Run(len(b.files)-begin, parallel.Func(func(_, i int) {
		i += begin
		at := failed.Load()
		if int64(i) > at {
			return
		}
		errs[i] = b.add(ctx, i)
		for errs[i] != nil && int64(i) < at && !failed.CompareAndSwap(at, int64(i)) {
			at = failed.Load()
		}
	}))
	return cmp.Or(errs...)
}

// add prepares image i.
func (b *imageBatch) add(ctx context.Context, i int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	pixels, err := b.decode(i)
	if err == nil {
		err = b.together(b.seen.Add(int64(pixels)))
	}
	var said *Error
	if err == nil || errors.As(err, &said) {
		return err
	}
	return fmt.Errorf("image %d: %w", i, err)
}

// decode writes what image i becomes, and returns how many pixels its file has.
func (b *imageBatch) decode(i int) (pixels int, err error) {
	if b.fixed {
		return b.decoder.DecodeInto(b.row(i), b.files[i], b.preset)
	}
	m, err := b.decoder.Decode(b.files[i])
	if err != nil {
		return 0, err
	}
	y, err := b.preset.Apply(m)
	if err != nil {
		return 0, err
	}
	if b.x == nil {
		if err := b.allocate(append(tensor.Shape{len(b.files)}, y.Shape()...)); err != nil {
			return 0, err
		}
	}
	if first := b.x.Shape()[1:]; !y.Shape().Equal(first) {
		return 0, Errorf(Invalid, "image %d becomes %v, and image 0 %v: those of one request need one size, so send each alone", i, y.Shape(), first)
	}
	copy(b.row(i), y.Float32s())
	return m.Width * m.Height, nil
}

// row is where image i goes.
func (b *imageBatch) row(i int) []float32 { return b.x.Rows(i, i+1).Float32s() }

// together refuses images that have so many pixels: a small file may unpack to many, and a
// request holds many files.
func (b *imageBatch) together(pixels int64) error {
	if b.pixels == 0 || pixels <= int64(b.pixels) {
		return nil
	}
	return fmt.Errorf("%w: the images up to this one have %d pixels, and those of a request may have %d: send fewer at a time", vision.ErrTooLarge, pixels, b.pixels)
}

// imageFailure is an error of preparing images as the client of a server is told it.
func imageFailure(err error) error {
	var said *Error
	var panicked *PanicError
	switch {
	case err == nil, errors.As(err, &said), errors.As(err, &panicked), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, vision.ErrTooLarge):
		return Errorf(TooLarge, "%v", err)
	case errors.Is(err, vision.ErrNoImage):
		return Errorf(Invalid, "%v; the content of an image file is expected, and neither its name nor an address", err)
	}
	return Errorf(Invalid, "%v", err)
}
