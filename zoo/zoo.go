package zoo

import (
	"fmt"
	"slices"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Variant chooses between the two models that torchvision has of most
// architectures. They share the parameters' names.
type Variant uint8

const (
	// Plain is torchvision.models: what float checkpoints were trained as.
	Plain Variant = iota
	// Quantizable is torchvision.models.quantization: with the stubs "quant" and
	// "dequant" around the network, and with ReLU where Plain has ReLU6.
	Quantizable
	// Clamped is Quantizable with ReLU6 where Plain has it: Plain's function in the
	// nodes of Quantizable.
	Clamped
)

// String returns the variant's name.
func (v Variant) String() string {
	switch v {
	case Quantizable:
		return "quantizable"
	case Clamped:
		return "clamped"
	}
	return "plain"
}

// Shapes looks up the shape of a tensor by its float key (fc.weight, also where
// the file holds it packed). A nil Shapes knows none: torchvision's sizes are
// built then.
type Shapes func(key string) (tensor.Shape, bool)

// Arch is an architecture.
type Arch struct {
	Name string // torchvision's
	// ClampDiffers says that Plain and Quantizable compute different functions,
	// because one clamps at 6 and the other does not.
	ClampDiffers bool
	// Base names the architecture that this one is a variant of, such as resnet18 of
	// resnet18_cifar; empty for those that Architectures lists.
	Base string
	// OnRequest says that a file fits Base's other variant as well, which is taken
	// unless this one is named.
	OnRequest bool
	// Labels are the classes of the data that the architecture was made for, and
	// Preset is the name of how its images are prepared. Both are empty for
	// torchvision's, which are trained on anything; that of a variant is assumed.
	Labels []string
	Preset string
	build  func(*builder)
}

// architectures is the table of what is known, in the order in which it is listed and
// guessed. A family's rows stand in its own file.
var architectures = slices.Concat(
	fashionNets,
	googLeNets,
	inceptions,
	mnasNets(),
	mobileNetsV2,
	mobileNetsV3,
	resNets(),
	shuffleNetsV2(),
)

// Architectures lists the known architectures, without their variants.
func Architectures() []Arch {
	return slices.DeleteFunc(slices.Clone(architectures), func(a Arch) bool { return a.Base != "" })
}

// Lookup returns the architecture called name. The error lists the known ones.
func Lookup(name string) (Arch, error) {
	var names []string
	for _, a := range architectures {
		if a.Name == name {
			return a, nil
		}
		if a.Base == "" {
			names = append(names, a.Name)
		}
	}
	return Arch{}, fmt.Errorf("unknown architecture %q: known are %s", name, strings.Join(names, ", "))
}

// Build returns the graph of the architecture called name: input "x" of
// float32 [N, C, H, W] with any N, H and W, output [N, classes], parameters
// unbound. Sizes are taken from shapes where the key is known to it and its
// rank fits, otherwise torchvision's; whether the file really fits is found,
// key by key, when it is bound to the graph.
func Build(name string, shapes Shapes, variant Variant) (*graph.Graph, error) {
	arch, err := Lookup(name)
	if err != nil {
		return nil, err
	}
	if shapes == nil {
		shapes = func(string) (tensor.Shape, bool) { return nil, false }
	}
	b := &builder{g: graph.New(name), shapes: shapes, variant: variant}
	arch.build(b)
	if err := b.g.Validate(); err != nil {
		return nil, fmt.Errorf("architecture %s: %w", name, err)
	}
	return b.g, nil
}
