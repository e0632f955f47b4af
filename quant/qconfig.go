package quant

import (
	"fmt"
	"slices"
	"strings"
)

// QConfig says how the activations and the weights of a layer are observed and
// quantized. It is a plain value: copy it, change a field, write it as JSON.
type QConfig struct {
	Activation ObserverSpec `json:"activation"` // of the results of layers
	Weight     ObserverSpec `json:"weight"`     // of their weights
}

// Learnable returns c with every fake quantization learnable, its gradients scaled
// as learned step size quantization (LSQ) has them: training then decides scales
// and zero points, after the first step, which takes them from ranges.
func (c QConfig) Learnable() QConfig {
	for _, s := range []*ObserverSpec{&c.Activation, &c.Weight} {
		if *s = s.clone(); s.FakeQuant != NoFakeQuant {
			s.FakeQuant, s.GradScaling = LearnableFakeQuant, true
		}
	}
	return c
}

// DefaultQConfig is PyTorch's get_default_qconfig: for post-training
// quantization of a model that will run with the rules of backend.
func DefaultQConfig(backend Numerics) (QConfig, error) { return ParseQConfig("default", backend) }

// DefaultQATQConfig is PyTorch's get_default_qat_qconfig, for quantization-aware
// training.
func DefaultQATQConfig(backend Numerics) (QConfig, error) {
	return ParseQConfig("default_qat", backend)
}

// TorchvisionQConfig is what torchvision's quantize_model uses: min/max
// activations in 0..127 for every backend.
func TorchvisionQConfig(backend Numerics) (QConfig, error) {
	return ParseQConfig("torchvision", backend)
}

// ParseQConfig returns the preset called name for a backend. Names are
// PyTorch's, which may leave out "_qconfig" at the end where that is not
// ambiguous; QConfigs lists them. "default", "default_qat" and "torchvision"
// depend on the backend, PyTorch's global ones do not; octet, minmax, percentile and
// mse are octet's own.
func ParseQConfig(name string, backend Numerics) (QConfig, error) {
	p, ok := findPreset(strings.ToLower(name))
	if !ok {
		table := presets()
		names := make([]string, len(table))
		for i, p := range table {
			names[i] = p.Name
		}
		return QConfig{}, fmt.Errorf("unknown qconfig %q: use one of %s", name, strings.Join(names, ", "))
	}
	if p.PerBackend && backend != FBGEMM && backend != QNNPACK && backend != OneDNN {
		return QConfig{}, fmt.Errorf("qconfig %s depends on the backend: choose fbgemm, qnnpack, onednn or x86", p.Name)
	}
	return p.config(backend), nil
}

// PyTorchQConfig reports whether a name that ParseQConfig takes is one of PyTorch's, not of
// octet's own.
func PyTorchQConfig(name string) bool {
	p, ok := findPreset(strings.ToLower(name))
	return ok && !slices.Contains([]string{"octet", "octet_qat", "minmax", "percentile", "mse"}, p.Name)
}

func findPreset(name string) (Preset, bool) {
	for _, spelling := range []string{name, name + "_qconfig"} {
		for _, p := range presets() {
			if p.Name == spelling {
				return p, true
			}
		}
	}
	return Preset{}, false
}

// Preset describes a QConfig that ParseQConfig knows.
type Preset struct {
	Name        string // as ParseQConfig takes it
	Description string // one line
	PerBackend  bool   // whether the backend matters

	config func(Numerics) QConfig
}

// QConfigs lists the presets.
func QConfigs() []Preset { return presets() }
