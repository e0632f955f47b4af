package octet

import (
	"fmt"
	"slices"
	"strings"

	"github.com/octet-ml/octet/vision"
)

// PresetChange replaces single parts of the way from an image to a model's input.
// A nil field keeps the part; an empty one that is not nil removes it.
type PresetChange struct {
	Resize []int // [edge], which the shorter edge becomes, or [height, width]
	Crop   []int // [edge] of a square, or [height, width]
	// Mean and Std have one value per channel, or one for all of them.
	Mean, Std     []float64
	Interpolation vision.Interpolation // empty keeps it
}

// Empty reports whether nothing is changed.
func (c PresetChange) Empty() bool {
	return c.Resize == nil && c.Crop == nil && c.Mean == nil && c.Std == nil && c.Interpolation == ""
}

// WithPresetChange replaces single parts of the preset that the model has without
// it: that of WithPreset, of the file, or the assumed one.
func WithPresetChange(c PresetChange) OpenOption {
	return openFunc(func(o *openOptions) { o.presetChange = c })
}

// ChangePreset returns a copy of m in whose preset some parts are replaced. What is
// kept of an assumed preset is named among the assumptions. Errors of the change
// match ErrRecipe.
func (m *Model) ChangePreset(c PresetChange) (*Model, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	changed := *m
	changed.assumed = slices.Clone(m.assumed)
	if err := changed.changePreset(c); err != nil {
		return nil, err
	}
	return &changed, nil
}

func (m *Model) changePreset(c PresetChange) error {
	if c.Empty() {
		return nil
	}
	base, assumed, unknown := m.Preset()
	if unknown != nil {
		base = vision.Preset{Channels: m.Channels()}
		if in, ok := m.image(); ok {
			base = in.preset(base)
		}
	}
	p := c.apply(base)
	if unknown != nil && len(p.Mean) == 0 && len(p.Std) == 0 && !p.Pixels {
		return classed{unknown, ErrRecipe}
	}
	if err := p.Validate(); err != nil {
		return classed{fmt.Errorf("%s: %w", m.name(), err), ErrRecipe}
	}
	if kept := c.kept(base); assumed && unknown == nil && kept != "" {
		m.assume(AssumedPreset, "preprocessing of images as for %s where nothing else was said: %s", m.usualData(), kept)
	}
	if c.Crop == nil && padded(p) {
		m.assume(AssumedPreset, "the crop stays %d x %d pixels, more than images have when they are resized to %d: the rest is black, unless a crop is given too", p.Crop[0], p.Crop[1], p.Resize)
	}
	m.meta.Preset = &p
	return nil
}

// usualData is the data whose preprocessing is assumed where the file says none.
func (m *Model) usualData() string {
	if m.arch().Preset == "cifar10" {
		return "CIFAR-10"
	}
	return "ImageNet"
}

// apply returns p with the parts of c.
func (c PresetChange) apply(p vision.Preset) vision.Preset {
	if c.Resize != nil || c.Crop != nil {
		p.Input = nil
	}
	if c.Resize != nil {
		p.Resize = slices.Clone(c.Resize)
	}
	if c.Crop != nil {
		p.Crop = slices.Clone(c.Crop)
		if len(c.Crop) == 1 {
			p.Crop = []int{c.Crop[0], c.Crop[0]}
		}
	}
	if c.Mean != nil {
		p.Mean = perChannel64(c.Mean, p.Channels)
	}
	if c.Std != nil {
		p.Std = perChannel64(c.Std, p.Channels)
	}
	if c.Interpolation != "" {
		p.Interpolation = c.Interpolation
	}
	return p
}

// perChannel64 repeats a single value for every channel, as torchvision's
// Normalize does.
func perChannel64(values []float64, channels int) []float64 {
	if len(values) == 1 {
		return slices.Repeat(values, max(1, channels))
	}
	return slices.Clone(values)
}

// kept names the parts of an assumed preset that c leaves.
func (c PresetChange) kept(p vision.Preset) string {
	var parts []string
	add := func(name string, changed bool, value any, length int) {
		if !changed && length > 0 {
			parts = append(parts, fmt.Sprintf("%s %v", name, value))
		}
	}
	add("resize", c.Resize != nil, p.Resize, len(p.Resize))
	add("crop", c.Crop != nil, p.Crop, len(p.Crop))
	add("mean", c.Mean != nil, p.Mean, len(p.Mean))
	add("std", c.Std != nil, p.Std, len(p.Std))
	return strings.Join(parts, ", ")
}

// padded reports whether the crop of p is larger than what the resize leaves.
func padded(p vision.Preset) bool {
	if len(p.Crop) == 0 || len(p.Resize) == 0 {
		return false
	}
	return p.Crop[0] > p.Resize[0] && len(p.Resize) == 1 || len(p.Resize) == 2 && (p.Crop[0] > p.Resize[0] || p.Crop[1] > p.Resize[1])
}
