package octet

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/statedict"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
	"github.com/octet-ml/octet/vision"
	"github.com/octet-ml/octet/zoo"
)

// Model is a graph with its parameters, and what is known about it. It is immutable
// and safe for concurrent use.
type Model struct {
	graph     *graph.Graph
	declared  *declared // nil for a model of an architecture
	derived   *derived
	origin    origin
	meta      Metadata
	quantized bool
	madeFor   Backend        // of an int8 model
	examples  []tensor.Shape // of the inputs, with which the graph runs; nil where nobody knows
	assumed   []Assumption
	smoothed  *Smoothed // nil where Smooth did not make it
}

// origin is where a model came from. It takes no part in computing: Save gives a
// file back as it was read, and training goes on from what only the file holds.
type origin struct {
	file  string
	state *torch.StateDict // nil for a model that was made here
	// codes are those that a prepared model maps ranges of activations to.
	codes quant.CodeRange
}

// setGraph makes g what the model computes.
func (m *Model) setGraph(g *graph.Graph) {
	m.graph, m.derived = g, &derived{arch: m.meta.Arch, graph: g}
}

// File is the name of the file that the model came from; empty for the result
// of Quantize.
func (m *Model) File() string { return m.origin.file }

// Arch is torchvision's name of the architecture.
func (m *Model) Arch() string { return m.meta.Arch }

// Quantized reports whether the model computes on integers.
func (m *Model) Quantized() bool { return m.quantized }

// Backend is the numeric preset of an int8 model; empty for a float one.
func (m *Model) Backend() Backend { return Backend(m.meta.Numerics) }

// MadeFor is the backend that an int8 model was quantized for; empty for a float
// one. Backend differs from it where WithBackend named another: then outputs
// differ too, and Compare with the model opened without it tells how much.
func (m *Model) MadeFor() Backend { return m.madeFor }

// Graph returns the bound graph. The caller must not change it.
func (m *Model) Graph() *graph.Graph { return m.graph }

// StateDict returns the model's parameters under PyTorch's keys: of a model from a
// file what the file holds, otherwise what PyTorch's model of the same architecture
// has. The caller must not change it.
func (m *Model) StateDict() (*torch.StateDict, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	if m.origin.state != nil {
		return m.origin.state, nil
	}
	return statedict.ExportStateDict(m.graph)
}

// InTraining reports whether the model's file holds one in quantization-aware
// training, with which TrainQuantized goes on. The model itself is the int8 model
// that it converts to.
func (m *Model) InTraining() bool {
	return m.origin.state != nil && statedict.IsPrepared(m.origin.state)
}

// Metadata returns what is known about the model beside its parameters.
func (m *Model) Metadata() Metadata { return m.meta.clone() }

// Assumptions lists what neither the file nor an option said and was therefore
// assumed: the architecture, the backend, a prefix of the keys.
func (m *Model) Assumptions() []Assumption { return slices.Clone(m.assumed) }

// WithMetadata returns a copy of m whose metadata change has edited; it is what
// Save writes. Arch, Numerics, Float and Saturation follow from graph and parameters:
// editing them is an error, and so are labels and presets that do not fit.
func (m *Model) WithMetadata(change func(*Metadata)) (*Model, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	if change == nil {
		return nil, errNil("change", "it is called with a copy of the metadata")
	}
	c := *m
	c.meta = m.meta.clone()
	change(&c.meta)
	c.meta = c.meta.clone() // what change has put in stays the caller's
	switch is, was := c.meta, m.meta; {
	case is.Arch != was.Arch, is.Numerics != was.Numerics, !slices.Equal(is.Float, was.Float), !slices.Equal(is.Saturation, was.Saturation):
		return nil, fmt.Errorf("%s: Arch, Numerics, Float and Saturation of the metadata follow from graph and parameters and cannot be edited", m.name())
	case is.Preset != nil:
		if err := is.Preset.Validate(); err != nil {
			return nil, fmt.Errorf("%s: %w", m.name(), err)
		}
	}
	if err := c.checkLabels(); err != nil {
		return nil, err
	}
	return &c, nil
}

// Classes is the number of outputs; of a network without classifier, of features.
func (m *Model) Classes() int { return m.derived.classes() }

// Channels is the number of channels of the input.
func (m *Model) Channels() int {
	if p := m.meta.Preset; p != nil && p.ChannelsLast {
		return p.Channels
	}
	if in, ok := m.image(); ok && in.channelsLast {
		return in.Shape[3]
	}
	return channelsOf(m.graph)
}

// Labels names the classes, in the order of the outputs. Where nobody named
// them, those that the architecture was made for are taken, and those of ImageNet are
// assumed for 1000 classes; otherwise it is nil.
func (m *Model) Labels() (labels []string, assumed bool) {
	if m.meta.Labels != nil {
		return slices.Clone(m.meta.Labels), false
	}
	if own := m.arch().Labels; own != nil && len(own) == m.Classes() {
		return slices.Clone(own), false
	}
	if m.Classes() == 1000 {
		return ImageNetLabels(), true
	}
	return nil, true
}

// Preset says how an image becomes the model's input. Where nobody said it, that of
// the architecture is taken, and the ImageNet preset is assumed for models of colour
// images; a model of other images has none, and the error says which options give one.
func (m *Model) Preset() (preset vision.Preset, assumed bool, err error) {
	if err := m.check(); err != nil {
		return vision.Preset{}, true, err
	}
	if m.meta.Preset != nil {
		p := clonePreset(*m.meta.Preset)
		if in, ok := m.image(); ok {
			p = in.preset(p)
		}
		return p, false, nil
	}
	if name := m.arch().Preset; name != "" {
		if own, err := Preset(name); err != nil || own.Channels == m.Channels() {
			return own, m.arch().Base != "", err // a variant is known from its stem alone
		}
	}
	p, err := m.usualPreset()
	return p, true, err
}

// arch is the row of the model's architecture; empty for an unknown one.
func (m *Model) arch() zoo.Arch {
	a, _ := zoo.Lookup(m.meta.Arch)
	return a
}

// name is how messages call the model.
func (m *Model) name() string {
	if m.origin.file == "" {
		return "the model"
	}
	return m.origin.file
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

// quantizable is the graph that is quantized: torchvision's quantizable variant, with
// the float parameters.
func (m *Model) quantizable() (*graph.Graph, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	if m.quantized {
		if m.Prepared() {
			return nil, fmt.Errorf("%s is a prepared model, with the ranges in the file: Converted gives the int8 model", m.name())
		}
		return nil, fmt.Errorf("%s is an int8 model already: quantize the float model it was made from", m.name())
	}
	return m.derived.quantizable()
}

// fused is the graph that is prepared and converted: quantizable, fused.
func (m *Model) fused() (*fused, error) {
	if _, err := m.quantizable(); err != nil {
		return nil, err
	}
	f, err := m.derived.fused()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.name(), err)
	}
	return f, nil
}

// ClampDiffers reports whether the variant that is quantized computes another
// function than the float model: ReLU where the float model has ReLU6, as in
// torchvision's mobilenet_v2.
func (m *Model) ClampDiffers() bool { return m.arch().ClampDiffers }

// Quantizable returns the float model in the variant that Quantize starts from.
// It differs from m only where ClampDiffers says so.
func (m *Model) Quantizable() (*Model, error) {
	g, err := m.quantizable()
	if err != nil {
		return nil, err
	}
	c := *m
	c.setGraph(g)
	return &c, nil
}
