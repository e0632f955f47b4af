package octet

import (
	"fmt"
	"slices"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
	"github.com/octet-ml/octet/vision"
	"github.com/octet-ml/octet/zoo"
)

// Model is a state dict bound to the graph of its architecture, with what is
// known about it. It is immutable and safe for concurrent use.
type Model struct {
	file      string
	meta      Metadata
	state     *torch.StateDict
	graph     *graph.Graph
	quantized bool
	madeFor   string // backend, of an int8 model
	assumed   []string
}

// File is the name of the file that the model came from; empty for the result
// of Quantize.
func (m *Model) File() string { return m.file }

// Arch is torchvision's name of the architecture.
func (m *Model) Arch() string { return m.meta.Arch }

// Quantized reports whether the model computes on integers.
func (m *Model) Quantized() bool { return m.quantized }

// Backend is the numeric preset of an int8 model; empty for a float one.
func (m *Model) Backend() string { return m.meta.Numerics }

// MadeFor is the backend that an int8 model was quantized for; empty for a float
// one. Backend differs from it where WithBackend named another: then outputs
// differ too, and Compare with the model opened without it tells how much.
func (m *Model) MadeFor() string { return m.madeFor }

// Graph returns the bound graph. The caller must not change it.
func (m *Model) Graph() *graph.Graph { return m.graph }

// StateDict returns the state dict behind the graph. The caller must not change it.
func (m *Model) StateDict() *torch.StateDict { return m.state }

// Metadata returns what is known about the model beside its parameters.
func (m *Model) Metadata() Metadata { return m.meta }

// Assumptions lists, in sentences, what neither the file nor an option said and
// was therefore assumed: the architecture, the backend, a prefix of the keys.
func (m *Model) Assumptions() []string { return slices.Clone(m.assumed) }

func (m *Model) assume(format string, args ...any) {
	m.assumed = append(m.assumed, fmt.Sprintf(format, args...))
}

// WithMetadata returns a copy of m whose metadata change has edited; it is what
// Save writes. Arch, Numerics and Float belong to the parameters and stay.
func (m *Model) WithMetadata(change func(*Metadata)) *Model {
	c := *m
	change(&c.meta)
	c.meta.Arch, c.meta.Numerics, c.meta.Float, c.meta.Saturation = m.meta.Arch, m.meta.Numerics, m.meta.Float, m.meta.Saturation
	return &c
}

// Classes is the number of outputs.
func (m *Model) Classes() int {
	for v := m.graph.Outputs[0]; v.Node != nil; v = v.Node.Inputs[0] {
		switch v.Node.Op.(type) {
		case op.Dequantize:
			continue
		case op.Linear:
			return v.Node.Inputs[1].Type.Shape[0]
		}
		break
	}
	// A network without classifier gives its features.
	const edge = 224 // enough for every architecture; the features do not depend on it
	types, err := m.graph.Infer(tensor.Shape{1, m.Channels(), edge, edge})
	if err != nil || len(types[m.graph.Outputs[0]].Shape) != 2 {
		return 0
	}
	return types[m.graph.Outputs[0]].Shape[1]
}

// Channels is the number of channels of the input.
func (m *Model) Channels() int {
	for _, p := range m.graph.Params {
		if len(p.Type.Shape) == 4 {
			return p.Type.Shape[1]
		}
	}
	return 0
}

// Labels names the classes, in the order of the outputs. Where nobody named
// them, those of ImageNet are assumed for 1000 classes; otherwise it is nil.
func (m *Model) Labels() (labels []string, assumed bool) {
	switch {
	case m.meta.Labels != nil:
		return slices.Clone(m.meta.Labels), false
	case m.Classes() == 1000:
		return ImageNetLabels(), true
	case strings.HasPrefix(m.meta.Arch, "fashion_") && m.Classes() == len(fashionLabels):
		return slices.Clone(fashionLabels), false
	}
	return nil, true
}

// Preset says how an image becomes the model's input. Where nobody said it, the
// ImageNet preset is assumed for models of colour images; a model of other
// images has none, and the error says which options give one.
func (m *Model) Preset() (preset vision.Preset, assumed bool, err error) {
	switch {
	case m.meta.Preset != nil:
		return *m.meta.Preset, false, nil
	case strings.HasPrefix(m.meta.Arch, "fashion_") && m.Channels() == 1:
		return fashionMNIST(), false, nil
	case m.Channels() == 3:
		return vision.ImageClassification(224, 256), true, nil
	}
	return vision.Preset{}, true, fmt.Errorf("%s takes images with %d channels and does not say how they were prepared: name a preset, or mean and standard deviation", m.name(), m.Channels())
}

// name is how messages call the model.
func (m *Model) name() string {
	if m.file == "" {
		return "the model"
	}
	return m.file
}

func (m *Model) checkLabels() error {
	n := len(m.meta.Labels)
	if m.Classes() == 1 && n == 2 { // of the classes 0 and 1 between which one output decides
		return nil
	}
	if n > 0 && n != m.Classes() {
		return fmt.Errorf("%d labels for the %d classes of %s: one label per class is needed, in the order of the outputs", n, m.Classes(), m.name())
	}
	return nil
}

// quantizable builds the graph that is quantized: torchvision's quantizable
// variant, bound to the float parameters.
func (m *Model) quantizable() (*graph.Graph, error) {
	if m.quantized {
		return nil, fmt.Errorf("%s is an int8 model already: quantize the float model it was made from", m.name())
	}
	return m.floatGraph(zoo.Quantizable)
}

// ClampDiffers reports whether the variant that is quantized computes another
// function than the float model: ReLU where the float model has ReLU6, as in
// torchvision's mobilenet_v2.
func (m *Model) ClampDiffers() bool {
	a, err := zoo.Lookup(m.meta.Arch)
	return err == nil && a.ClampDiffers
}

// Quantizable returns the float model in the variant that Quantize starts from.
// It differs from m only where ClampDiffers says so.
func (m *Model) Quantizable() (*Model, error) {
	g, err := m.quantizable()
	if err != nil {
		return nil, err
	}
	c := *m
	c.graph = g
	return &c, nil
}
