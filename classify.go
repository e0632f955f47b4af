package octet

import (
	"context"
	"fmt"
	"image"

	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

// Classify prepares an image as the model's Preset says, computes it, and returns the
// k most likely classes, best first, as TopK does. Where the preset or the names of the
// classes are assumed, the model's Assumptions list it.
//
// Files are best decoded by vision.Decode, which has PIL's pixels: ClassifyPixels takes
// them. An image that image/png has decoded has the same.
func (s *Session) Classify(ctx context.Context, img image.Image, k int) ([]Prediction, error) {
	pixels, err := vision.FromImage(img)
	if err != nil {
		return nil, err
	}
	return s.ClassifyPixels(ctx, pixels, k)
}

// ClassifyPixels is Classify of an image that package vision has decoded.
func (s *Session) ClassifyPixels(ctx context.Context, img *vision.Image, k int) ([]Prediction, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	switch {
	case img == nil:
		return nil, errNil("image", "vision.DecodeFile reads one")
	case k < 1:
		return nil, fmt.Errorf("the %d most likely classes are asked for: ask for 1 at least", k)
	}
	preset, _, err := s.model.Preset()
	if err != nil {
		return nil, err
	}
	x, err := preset.Apply(img)
	if err != nil {
		return nil, err
	}
	y, err := s.Run(ctx, tensor.Of(x.Float32s(), append(tensor.Shape{1}, x.Shape()...)...))
	if err != nil {
		return nil, err
	}
	return TopK(y.Float32s(), k, s.labels), nil
}
