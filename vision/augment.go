package vision

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/octet-ml/octet/tensor"
)

// Augment describes the random changes of images in training, torchvision's. It is
// plain data; the zero value changes nothing.
type Augment struct {
	// Flip is the probability that an image is mirrored left to right.
	Flip float64 `json:"flip,omitempty"`
	// Pad is by how many black pixels an image is surrounded before a window of its
	// own size is cut out at random: for small images.
	Pad int `json:"pad,omitempty"`
	// Scale, [least, most], makes a crop of a random share of the image's area, of
	// an aspect ratio from 3/4 to 4/3, resized to what the preset crops to:
	// RandomResizedCrop. Empty crops as the preset does.
	Scale []float64 `json:"scale,omitempty"`
	// Brightness, Contrast and Saturation are by how much these may differ from 1;
	// Hue, at most 0.5, by what part of the circle: ColorJitter.
	Brightness float64 `json:"brightness,omitempty"`
	Contrast   float64 `json:"contrast,omitempty"`
	Saturation float64 `json:"saturation,omitempty"`
	Hue        float64 `json:"hue,omitempty"`
}

// Validate reports the first thing in a that cannot be meant.
func (a Augment) Validate() error {
	if !(a.Flip >= 0 && a.Flip <= 1) {
		return fmt.Errorf("augment: flip is %v; it is a probability", a.Flip)
	}
	if a.Pad < 0 || a.Pad > 1<<10 {
		return fmt.Errorf("augment: pad is %d; it must be from 0 to %d", a.Pad, 1<<10)
	}
	if n := len(a.Scale); n != 0 && n != 2 {
		return fmt.Errorf("augment: scale has %d numbers; give the least and the most", n)
	}
	if len(a.Scale) == 2 && !(a.Scale[0] > 0 && a.Scale[0] <= a.Scale[1] && a.Scale[1] <= 1) {
		return fmt.Errorf("augment: scale %v; expected 0 < least <= most <= 1", a.Scale)
	}
	if len(a.Scale) == 2 && a.Pad > 0 {
		return errors.New("augment: scale and pad are two ways to crop; give one")
	}
	for _, s := range []struct {
		name string
		v    float64
	}{{"brightness", a.Brightness}, {"contrast", a.Contrast}, {"saturation", a.Saturation}} {
		if !(s.v >= 0 && s.v <= 1) {
			return fmt.Errorf("augment: %s is %v; it must be from 0 to 1", s.name, s.v)
		}
	}
	if !(a.Hue >= 0 && a.Hue <= 0.5) {
		return fmt.Errorf("augment: hue is %v; it must be from 0 to 0.5", a.Hue)
	}
	return nil
}

// Apply returns the model input, float32 [C, H, W], of a randomly changed image.
// The same state of r gives the same input.
func (a Augment) Apply(p Preset, m *Image, r *rand.Rand) (*tensor.Tensor, error) {
	if len(a.Scale) == 2 {
		size := p.Crop
		if len(size) == 0 && len(p.Resize) == 2 {
			size = p.Resize
		}
		if len(size) != 2 {
			return nil, errors.New("augment: a random crop needs a size to resize to; give the preset a crop, or a [height, width] resize")
		}
		m = a.resizedCrop(m, size[0], size[1], p.Interpolation, r)
		p.Resize, p.Crop, p.Input = nil, nil, nil
	}
	pixels, err := p.pixels(m)
	if err != nil {
		return nil, err
	}
	pixels = a.window(pixels, r)
	pixels = a.jitter(pixels, r)
	if r.Float64() < a.Flip {
		pixels = mirrored(pixels)
	}
	out := tensor.New(tensor.Float32, p.Channels, pixels.Height, pixels.Width)
	p.normalize(out.Float32s(), pixels)
	return out, nil
}

// resizedCrop is RandomResizedCrop: ten attempts, then the middle.
func (a Augment) resizedCrop(m *Image, height, width int, how Interpolation, r *rand.Rand) *Image {
	if how == "" {
		how = Bilinear
	}
	area := float64(m.Width * m.Height)
	for range 10 {
		target := area * (a.Scale[0] + (a.Scale[1]-a.Scale[0])*r.Float64())
		ratio := math.Exp(math.Log(3.0/4) + (math.Log(4.0/3)-math.Log(3.0/4))*r.Float64())
		w, h := int(math.Round(math.Sqrt(target*ratio))), int(math.Round(math.Sqrt(target/ratio)))
		if w > 0 && h > 0 && w <= m.Width && h <= m.Height {
			return Resize(cut(m, r.IntN(m.Width-w+1), r.IntN(m.Height-h+1), w, h), width, height, how)
		}
	}
	w, h := m.Width, m.Height
	switch ratio := float64(w) / float64(h); {
	case ratio < 3.0/4:
		h = max(1, int(math.Round(float64(w)/(3.0/4))))
	case ratio > 4.0/3:
		w = max(1, int(math.Round(float64(h)*(4.0/3))))
	}
	return Resize(cut(m, (m.Width-w)/2, (m.Height-h)/2, w, h), width, height, how)
}

// cut returns a part of an image.
func cut(m *Image, left, top, width, height int) *Image {
	out := NewImage(width, height)
	for y := range height {
		copy(out.row(y), m.row(top + y)[3*left:])
	}
	return out
}

// window moves an image within its black surroundings.
func (a Augment) window(m *Image, r *rand.Rand) *Image {
	if a.Pad == 0 {
		return m
	}
	dx, dy := r.IntN(2*a.Pad+1)-a.Pad, r.IntN(2*a.Pad+1)-a.Pad
	out := NewImage(m.Width, m.Height)
	for y := range m.Height {
		from := y + dy
		if from < 0 || from >= m.Height {
			continue
		}
		left, right := max(0, -dx), min(m.Width, m.Width-dx)
		if left < right {
			copy(out.row(y)[3*left:3*right], m.row(from)[3*(left+dx):])
		}
	}
	return out
}

// mirrored returns an image with left and right exchanged.
func mirrored(m *Image) *Image {
	out := NewImage(m.Width, m.Height)
	for y := range m.Height {
		src, dst := m.row(y), out.row(y)
		for x := range m.Width {
			copy(dst[3*(m.Width-1-x):][:3], src[3*x:])
		}
	}
	return out
}

// ApplyTensor changes an input, float32 [C, H, W], that is no image any more: it
// may be moved and mirrored. What surrounds it is zero.
func (a Augment) ApplyTensor(t *tensor.Tensor, r *rand.Rand) (*tensor.Tensor, error) {
	if len(a.Scale) > 0 || a.Brightness > 0 || a.Contrast > 0 || a.Saturation > 0 || a.Hue > 0 {
		return nil, errors.New("augment: arrays can be moved and mirrored only; random crops and colours need images")
	}
	s := t.Shape()
	if len(s) != 3 {
		return nil, fmt.Errorf("augment: input of shape %v; expected [C, H, W]", s)
	}
	dx, dy := 0, 0
	if a.Pad > 0 {
		dx, dy = r.IntN(2*a.Pad+1)-a.Pad, r.IntN(2*a.Pad+1)-a.Pad
	}
	flip := r.Float64() < a.Flip
	if dx == 0 && dy == 0 && !flip {
		return t, nil
	}
	out := tensor.New(tensor.Float32, s...)
	src, dst := t.Float32s(), out.Float32s()
	for i := range dst {
		x, y, plane := i%s[2], i/s[2]%s[1], i/(s[1]*s[2])
		if flip {
			x = s[2] - 1 - x
		}
		if x, y = x+dx, y+dy; x >= 0 && x < s[2] && y >= 0 && y < s[1] {
			dst[i] = src[(plane*s[1]+y)*s[2]+x]
		}
	}
	return out, nil
}
