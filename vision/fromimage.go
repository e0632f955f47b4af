package vision

import (
	"errors"
	"fmt"
	"image"
	"image/color"
)

// FromImage converts an image of Go's standard library by PIL's rules for
// convert("RGB"): alpha is dropped and not blended, colours that were multiplied by it
// are divided again. What image/png has decoded gives the pixels that Decode gives of
// the same file; image/jpeg rounds differently than PIL, so decode such files with
// Decode where every bit matters.
func FromImage(m image.Image) (*Image, error) {
	if m == nil {
		return nil, errors.New("there is no image: it is nil")
	}
	b := m.Bounds()
	if b.Empty() {
		return nil, fmt.Errorf("the image is empty: its bounds are %v", b)
	}
	if b.Dx() > DefaultMaxPixels/b.Dy() {
		return nil, fmt.Errorf("%w: %d x %d pixels exceed the limit of %d", ErrTooLarge, b.Dx(), b.Dy(), DefaultMaxPixels)
	}
	switch m := m.(type) {
	case *image.Gray, *image.Gray16, *image.RGBA, *image.NRGBA, *image.NRGBA64, *image.Paletted:
		return toRGB(m)
	case *image.YCbCr:
		return each(b, func(x, y int) (r, g, b uint8) {
			c := m.YCbCrAt(x, y)
			return color.YCbCrToRGB(c.Y, c.Cb, c.Cr)
		}), nil
	}
	return each(b, func(x, y int) (r, g, b uint8) {
		c := color.NRGBAModel.Convert(m.At(x, y)).(color.NRGBA)
		return c.R, c.G, c.B
	}), nil
}

// each returns the image of the pixels within b.
func each(b image.Rectangle, at func(x, y int) (r, g, b uint8)) *Image {
	out := NewImage(b.Dx(), b.Dy())
	for y := range out.Height {
		row := out.row(y)
		for x := range out.Width {
			row[3*x], row[3*x+1], row[3*x+2] = at(b.Min.X+x, b.Min.Y+y)
		}
	}
	return out
}
