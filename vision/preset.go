package vision

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/octet-ml/octet/tensor"
)

// Preset describes how an image becomes a model's input: optional resize,
// optional centre crop, conversion to float32 in 0..1, normalisation. It is
// plain data and travels with a model as JSON.
type Preset struct {
	// Channels is 3 (RGB) or 1 (the image is converted as PIL's convert("L") before anything else).
	Channels int `json:"channels"`
	// Resize is [edge], which the shorter edge becomes, or [height, width]; empty leaves the size.
	Resize []int `json:"resize,omitempty"`
	// Interpolation of the resize; empty means bilinear.
	Interpolation Interpolation `json:"interpolation,omitempty"`
	// Crop is [height, width] of the centre crop; empty crops nothing.
	Crop []int `json:"crop,omitempty"`
	// Input is [height, width] that images must have when they are neither
	// resized nor cropped; empty accepts any size.
	Input []int `json:"input,omitempty"`
	// Mean and Std normalise each channel: (x - mean) / std with x in 0..1;
	// both empty leave x as it is.
	Mean []float64 `json:"mean,omitempty"`
	Std  []float64 `json:"std,omitempty"`
	// Pixels leaves values what pixels hold, 0 to 255, for a model that makes numbers of them
	// itself. It excludes Mean and Std.
	Pixels bool `json:"pixels,omitempty"`
	// ChannelsLast orders inputs [height, width, channel], not [channel, height, width].
	ChannelsLast bool `json:"channels_last,omitempty"`
}

// ImageClassification is torchvision's preset of the same name with ImageNet's
// mean and standard deviation: the shorter edge is resized to resize, bilinear,
// then the middle crop x crop pixels are taken.
func ImageClassification(crop, resize int) Preset {
	return Preset{
		Channels:      3,
		Resize:        []int{resize},
		Interpolation: Bilinear,
		Crop:          []int{crop, crop},
		Mean:          []float64{0.485, 0.456, 0.406},
		Std:           []float64{0.229, 0.224, 0.225},
	}
}

// maxEdge bounds what a preset may ask for; a resize by shorter edge may still
// be longer along the other.
const maxEdge = 1 << 14

// Validate reports the first thing in p that cannot be meant.
func (p Preset) Validate() error {
	if p.Channels != 1 && p.Channels != 3 {
		return fmt.Errorf("preset: channels is %d; it must be 1 or 3", p.Channels)
	}
	if p.Interpolation != "" && !p.Interpolation.Valid() {
		return fmt.Errorf("preset: interpolation %q is unknown; use nearest, bilinear or bicubic", p.Interpolation)
	}
	if err := sizes("resize", p.Resize, 0, 1, 2); err != nil {
		return err
	}
	if err := sizes("crop", p.Crop, 0, 2); err != nil {
		return err
	}
	if err := sizes("input", p.Input, 0, 2); err != nil {
		return err
	}
	if len(p.Input) > 0 && (len(p.Resize) > 0 || len(p.Crop) > 0) {
		return errors.New("preset: input says that images come in the right size; it excludes resize and crop")
	}
	if len(p.Mean) == 0 && len(p.Std) == 0 {
		return nil
	}
	if p.Pixels {
		return errors.New("preset: the model takes pixels and normalises them itself; leave out mean and std")
	}
	return checkMoments(p.Mean, p.Std, p.Channels)
}

func checkMoments(mean, std []float64, channels int) error {
	if len(mean) != channels || len(std) != channels {
		return fmt.Errorf("mean has %d and std %d values; both need one per channel (%d)", len(mean), len(std), channels)
	}
	for c := range mean {
		if math.IsNaN(mean[c]) || math.IsInf(mean[c], 0) {
			return fmt.Errorf("mean[%d] is %v", c, mean[c])
		}
		if s := float32(std[c]); !(s > 0) || math.IsInf(float64(s), 0) {
			return fmt.Errorf("std[%d] is %v; it must be positive and finite in float32", c, std[c])
		}
	}
	return nil
}

func sizes(name string, s []int, lengths ...int) error {
	if !slices.Contains(lengths, len(s)) {
		return fmt.Errorf("preset: %s has %d numbers; allowed are %v", name, len(s), lengths)
	}
	for _, v := range s {
		if v < 1 || v > maxEdge {
			return fmt.Errorf("preset: %s %v is not within 1 to %d", name, s, maxEdge)
		}
	}
	return nil
}

// Shape returns the shape [C, H, W] of every output, whatever the order of its axes, or
// false where it depends on the image.
func (p Preset) Shape() (tensor.Shape, bool) {
	for _, hw := range [][]int{p.Crop, p.Input, p.Resize} {
		if len(hw) == 2 {
			return tensor.Shape{p.Channels, hw[0], hw[1]}, true
		}
	}
	return nil, false
}

// Apply returns the model input, float32 [C, H, W], that torchvision's preset
// makes of the same pixels, bit for bit; with ChannelsLast [H, W, C].
func (p Preset) Apply(m *Image) (*tensor.Tensor, error) {
	m, err := p.pixels(m)
	if err != nil {
		return nil, err
	}
	shape := tensor.Shape{p.Channels, m.Height, m.Width}
	if p.ChannelsLast {
		shape = tensor.Shape{m.Height, m.Width, p.Channels}
	}
	out := tensor.New(tensor.Float32, shape...)
	p.normalize(out.Float32s(), m)
	return out, nil
}

// ApplyInto is Apply into dst, which must hold exactly the output's elements.
func (p Preset) ApplyInto(dst []float32, m *Image) error {
	made, err := p.pixels(m)
	if err != nil {
		return err
	}
	if n := p.Channels * made.Height * made.Width; n != len(dst) {
		return fmt.Errorf("the preset makes %d x %d x %d = %d values of this image, where %d are needed; give it a crop or a [height, width] resize",
			p.Channels, made.Height, made.Width, n, len(dst))
	}
	p.normalize(dst, made)
	if made != m {
		recycle(made)
	}
	return nil
}

// pixels does what happens before pixels become real numbers.
func (p Preset) pixels(m *Image) (*Image, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if m.Width < 1 || m.Height < 1 {
		return nil, fmt.Errorf("the image is empty (%dx%d)", m.Width, m.Height)
	}
	if len(p.Input) > 0 && (m.Height != p.Input[0] || m.Width != p.Input[1]) {
		return nil, fmt.Errorf("the image has %d x %d pixels (height x width), the model takes %d x %d and its preset does not resize; resize the image, or have the preset do it (Preset.Resize, the flag --resize)",
			m.Height, m.Width, p.Input[0], p.Input[1])
	}
	if p.Channels == 1 {
		m = Grayscale(m)
	}
	if len(p.Resize) > 0 {
		how := p.Interpolation
		if how == "" {
			how = Bilinear
		}
		w, h := 0, 0
		if len(p.Resize) == 1 {
			w, h = ShorterEdge(m.Width, m.Height, p.Resize[0])
		} else {
			h, w = p.Resize[0], p.Resize[1]
		}
		if int64(w)*int64(h) > maxEdge*maxEdge {
			return nil, fmt.Errorf("resizing %dx%d pixels makes %dx%d, which is too large", m.Width, m.Height, w, h)
		}
		if len(p.Crop) > 0 && p.Crop[1] <= w && p.Crop[0] <= h {
			crop := part{cropOffset(w, p.Crop[1]), cropOffset(h, p.Crop[0]), p.Crop[1], p.Crop[0]}
			return resizePart(m, w, h, how, crop), nil
		}
		m = Resize(m, w, h, how)
	}
	if len(p.Crop) > 0 {
		m = CenterCrop(m, p.Crop[1], p.Crop[0])
	}
	return m, nil
}

// normalize writes the numbers of m.
func (p Preset) normalize(dst []float32, m *Image) {
	n := m.Width * m.Height
	if p.Channels == 3 && !p.ChannelsLast {
		spreadPlanes(dst[:n], dst[n:2*n], dst[2*n:3*n], m.Pix, p.Numbers(0), p.Numbers(1), p.Numbers(2))
		return
	}
	for c := range p.Channels {
		value := p.Numbers(c)
		if p.ChannelsLast {
			for i := range n {
				dst[i*p.Channels+c] = value[m.Pix[3*i+c]]
			}
			continue
		}
		plane := dst[c*n : (c+1)*n]
		for i := range plane {
			plane[i] = value[m.Pix[3*i+c]]
		}
	}
}

// spreadPlanes writes the numbers of the three channels in one pass.
func spreadPlanes(red, green, blue []float32, pix []uint8, ofRed, ofGreen, ofBlue *[256]float32) {
	green, blue = green[:len(red)], blue[:len(red)]
	for i := range red {
		q := (*[3]uint8)(pix)
		red[i], green[i], blue[i] = ofRed[q[0]], ofGreen[q[1]], ofBlue[q[2]]
		pix = pix[3:]
	}
}

// Numbers are what the 256 values of a pixel become in channel c: x/255, minus mean, over
// std, rounded to float32 after each step as torch does.
func (p Preset) Numbers(c int) *[256]float32 {
	numbers := new([256]float32)
	for v := range numbers {
		x := float32(v)
		if !p.Pixels {
			x /= 255
		}
		if len(p.Mean) > 0 {
			x = (x - float32(p.Mean[c])) / float32(p.Std[c])
		}
		numbers[v] = x
	}
	return numbers
}

// ToPixels writes numbers, as a preset with Pixels makes them, as bytes. The error names the
// first one that is no whole number from 0 to 255.
func ToPixels(dst []uint8, numbers []float32) error {
	for i, n := range numbers {
		if dst[i] = uint8(max(0, min(n, 255))); float32(dst[i]) != n {
			return fmt.Errorf("has the number %v; where an input is uint8 it takes pixels, whole numbers from 0 to 255, and the model normalises them itself", n)
		}
	}
	return nil
}
