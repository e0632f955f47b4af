package octet

import (
	"fmt"
	"strings"

	"github.com/octet-ml/octet/vision"
)

// presets are the named ways from an image to a model's input.
var presets = []struct {
	name, what string
	make       func() vision.Preset
}{
	{"imagenet", "torchvision's IMAGENET1K_V1 weights: shorter edge 256, centre 224 x 224",
		func() vision.Preset { return vision.ImageClassification(224, 256) }},
	{"imagenet-v2", "torchvision's IMAGENET1K_V2 weights: shorter edge 232, centre 224 x 224",
		func() vision.Preset { return vision.ImageClassification(224, 232) }},
	{"fashion-mnist", "grey 28 x 28 images of Fashion-MNIST", fashionMNIST},
	{"cifar10", "32 x 32 images of CIFAR-10, with the mean and standard deviation of its training set", cifar10},
}

func fashionMNIST() vision.Preset {
	return vision.Preset{Channels: 1, Input: []int{28, 28}, Mean: []float64{0.2860}, Std: []float64{0.3530}}
}

func cifar10() vision.Preset {
	return vision.Preset{Channels: 3, Resize: []int{32, 32}, Interpolation: vision.Bilinear,
		Mean: []float64{0.4914, 0.4822, 0.4465}, Std: []float64{0.2470, 0.2435, 0.2616}}
}

// PresetNames lists the presets that Preset knows.
func PresetNames() []string {
	names := make([]string, len(presets))
	for i, p := range presets {
		names[i] = p.name
	}
	return names
}

// Preset returns the named way from an image to a model's input.
func Preset(name string) (vision.Preset, error) {
	for _, p := range presets {
		if p.name == name {
			return p.make(), nil
		}
	}
	return vision.Preset{}, fmt.Errorf("unknown preset %q: known are %s", name, strings.Join(PresetNames(), ", "))
}
