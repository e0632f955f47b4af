package octet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/train"
	"github.com/octet-ml/octet/vision"
)

// MetadataRecord is the name of the record of a .pth in which Metadata travels.
const MetadataRecord = "octet.json"

// metadataVersion changes when older readers would misunderstand the record.
const metadataVersion = 1

// Metadata is what a state dict cannot say about a model. Empty fields are
// unknown.
type Metadata struct {
	Version int `json:"octet"` // of this record
	// Arch is torchvision's name of the architecture.
	Arch string `json:"arch,omitempty"`
	// Numerics is the preset that an int8 model computes with; empty for float.
	Numerics string `json:"numerics,omitempty"`
	// Labels name the classes in the order of the outputs.
	Labels []string `json:"labels,omitempty"`
	// Preset makes the model's input of an image.
	Preset *vision.Preset `json:"preset,omitempty"`
	// Float names the nodes that an int8 model computes in float.
	Float []string `json:"float,omitempty"`
	// Saturation lists the layers of an int8 model that may saturate in PyTorch on x86
	// CPUs without VNNI, in the worst case of its weights; octet computes them exactly.
	Saturation []ptq.Saturation `json:"pytorch_saturation,omitempty"`
	// Calibration says how an int8 model came about.
	Calibration *CalibrationRecord `json:"calibration,omitempty"`
	// Converted says what prepared model an int8 model was converted from.
	Converted *ConvertedRecord `json:"converted,omitempty"`
	// Training says how a model was trained, in float or with quantization in the
	// loop.
	Training *TrainingRecord `json:"training,omitempty"`
}

// TrainingRecord says how a model was trained.
type TrainingRecord struct {
	Recipe  train.Config `json:"recipe"`           // the settings of the training
	Source  string       `json:"source,omitempty"` // name of the data, without folders
	Samples int          `json:"samples"`          // of the training set
	Steps   int          `json:"steps"`            // that were made; each is one batch
	// Of quantization-aware training: QConfigName as quant.ParseQConfig takes it, QConfig what
	// that stood for; whether the forward pass was that of PyTorch to the end
	// (TorchCompatible); and in Excluded the patterns of layers kept in float.
	QConfigName     string         `json:"qconfig_name,omitempty"`
	QConfig         *quant.QConfig `json:"qconfig,omitempty"`
	TorchCompatible bool           `json:"torch_compatible,omitempty"`
	Excluded        []string       `json:"excluded,omitempty"`
}

// ConvertedRecord says which model, prepared in PyTorch or here, an int8 model was converted
// from; its ranges are those of the observers in that file.
type ConvertedRecord struct {
	Source   string `json:"source"`             // name of the file, without folders
	Training bool   `json:"training,omitempty"` // quantization-aware; otherwise it was calibrated
	// Codes are the smallest and the largest that ranges of activations are mapped to, 0 and
	// 127 or 0 and 255 by PyTorch's usual QConfigs.
	Codes [2]int64 `json:"activation_codes"`
}

// CalibrationRecord says how a model was quantized.
type CalibrationRecord struct {
	QConfigName string        `json:"qconfig_name"`       // as quant.ParseQConfig takes it
	QConfig     quant.QConfig `json:"qconfig"`            // what that name stood for
	Source      string        `json:"source,omitempty"`   // name of the data, without folders
	Samples     int           `json:"samples"`            // inputs that the observers saw
	BatchSize   int           `json:"batch_size"`         // inputs of a batch; moving averages depend on it
	Excluded    []string      `json:"excluded,omitempty"` // patterns of layers kept in float
	// ReLU6Ranges says that the ranges are those of the model with ReLU6.
	ReLU6Ranges bool `json:"relu6_ranges,omitempty"`
	// Dynamic says that activations choose their parameters in every run; no inputs were observed.
	Dynamic bool `json:"dynamic,omitempty"`
	// ByRow says that the rows of the inputs of linear layers, which are tokens, have ranges of
	// their own.
	ByRow bool `json:"by_row,omitempty"`
	// WeightOnly says that activations are float32, and weights alone are quantized; GroupSize how
	// many numbers of an output channel share a scale, 0 for all of them.
	WeightOnly bool `json:"weight_only,omitempty"`
	GroupSize  int  `json:"group_size,omitempty"` // of WeightOnly
	// Smoothed says how outliers of activations became those of weights, in front of calibration.
	Smoothed *Smoothed `json:"smoothed,omitempty"`
	// Equalized says that weights were equalized across layers.
	Equalized bool `json:"equalized,omitempty"`
	// BiasCorrected says that biases hold the mean error of their layers.
	BiasCorrected bool `json:"bias_corrected,omitempty"`
	// AdaptivelyRounded says that weights were rounded with regard to each other.
	AdaptivelyRounded bool `json:"adaptively_rounded,omitempty"`
	// Slower names those of them that were excluded because their int8 form
	// measured slower than float32 on the machine that made the model.
	Slower []string `json:"slower_than_float,omitempty"`
}

// parseMetadata reads the record of file.
func parseMetadata(file string, record []byte) (Metadata, error) {
	var m Metadata
	dec := json.NewDecoder(bytes.NewReader(record))
	if err := dec.Decode(&m); err != nil {
		return m, fmt.Errorf("%s: record %s: %w", file, MetadataRecord, err)
	}
	if m.Version != metadataVersion {
		return m, fmt.Errorf("%s: record %s has version %d, this octet reads %d: use a newer octet", file, MetadataRecord, m.Version, metadataVersion)
	}
	if m.Preset != nil {
		if err := m.Preset.Validate(); err != nil {
			return m, fmt.Errorf("%s: record %s: %w", file, MetadataRecord, err)
		}
	}
	return m, nil
}

func (m Metadata) encode() ([]byte, error) {
	m.Version = metadataVersion
	b, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return nil, errors.New("metadata: " + err.Error())
	}
	return append(b, '\n'), nil
}

// clone shares nothing with m that can be changed.
func (m Metadata) clone() Metadata {
	m.Labels, m.Float, m.Saturation = slices.Clone(m.Labels), slices.Clone(m.Float), slices.Clone(m.Saturation)
	if m.Preset != nil {
		p := clonePreset(*m.Preset)
		m.Preset = &p
	}
	if m.Calibration != nil {
		c := *m.Calibration
		c.QConfig = cloneQConfig(c.QConfig)
		c.Excluded, c.Slower = slices.Clone(c.Excluded), slices.Clone(c.Slower)
		m.Calibration = &c
	}
	if m.Converted != nil {
		c := *m.Converted
		m.Converted = &c
	}
	if m.Training != nil {
		t := *m.Training
		t.Excluded = slices.Clone(t.Excluded)
		if t.QConfig != nil {
			c := cloneQConfig(*t.QConfig)
			t.QConfig = &c
		}
		m.Training = &t
	}
	return m
}

func clonePreset(p vision.Preset) vision.Preset {
	p.Resize, p.Crop, p.Input = slices.Clone(p.Resize), slices.Clone(p.Crop), slices.Clone(p.Input)
	p.Mean, p.Std = slices.Clone(p.Mean), slices.Clone(p.Std)
	return p
}

func cloneQConfig(c quant.QConfig) quant.QConfig {
	for _, end := range []**int{&c.Activation.QuantMin, &c.Activation.QuantMax, &c.Weight.QuantMin, &c.Weight.QuantMax} {
		if *end != nil {
			v := **end
			*end = &v
		}
	}
	return c
}
