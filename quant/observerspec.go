package quant

import (
	"fmt"

	"github.com/octet-ml/octet/tensor"
)

// ObserverKind names a way of watching values and turning them into a range.
type ObserverKind string

// The kinds. Package observe implements them.
const (
	// NoObserver leaves values alone: the tensor stays in float.
	NoObserver ObserverKind = "none"
	// MinMax keeps the smallest and the largest value seen.
	MinMax ObserverKind = "minmax"
	// MovingAverageMinMax averages the batches' minima and maxima exponentially.
	MovingAverageMinMax ObserverKind = "moving_average_minmax"
	// PerChannelMinMax is MinMax for every channel.
	PerChannelMinMax ObserverKind = "per_channel_minmax"
	// MovingAveragePerChannelMinMax is MovingAverageMinMax for every channel.
	MovingAveragePerChannelMinMax ObserverKind = "moving_average_per_channel_minmax"
	// Histogram keeps PyTorch's histogram and searches the range of least error.
	Histogram ObserverKind = "histogram"
	// FixedQParams has its parameters given and watches nothing.
	FixedQParams ObserverKind = "fixed_qparams"
	// Placeholder carries a type only; it has no parameters to give.
	Placeholder ObserverKind = "placeholder"
	// MergeableHistogram is minmax with a histogram whose shards merge exactly.
	MergeableHistogram ObserverKind = "mergeable_histogram"
	// Percentile cuts a share of the values off both ends of the distribution.
	Percentile ObserverKind = "percentile"
	// MSE searches the range with the least mean squared quantization error.
	MSE ObserverKind = "mse"
)

// FakeQuantKind says whether an observer also rounds the values that pass it,
// as quantization-aware training needs.
type FakeQuantKind string

// The kinds of fake quantization.
const (
	NoFakeQuant FakeQuantKind = ""
	// PlainFakeQuant takes its parameters from CalculateQParams (FakeQuantize).
	PlainFakeQuant FakeQuantKind = "fake_quantize"
	// FusedFakeQuant takes them from ChooseQParamsFused (FusedMovingAvgObsFakeQuantize).
	FusedFakeQuant FakeQuantKind = "fused_moving_avg_obs_fake_quant"
	// LearnableFakeQuant trains them, starting from those of CalculateQParams
	// (learned step size quantization, LSQ).
	LearnableFakeQuant FakeQuantKind = "learnable_fake_quantize"
)

// ObserverSpec says how a tensor is observed and quantized: a plain value that
// can be compared, copied and written as JSON. Zero values of the numeric fields
// mean PyTorch's defaults.
type ObserverSpec struct {
	Kind    ObserverKind `json:"kind"`    // how ranges are found
	DType   tensor.DType `json:"dtype"`   // of the codes: quint8 or qint8
	QScheme QScheme      `json:"qscheme"` // affine or symmetric, per tensor or per channel

	// QuantMin and QuantMax, both or neither, replace the type's range of codes.
	QuantMin *int `json:"quant_min,omitempty"`
	QuantMax *int `json:"quant_max,omitempty"`
	// ReduceRange halves the range of codes.
	ReduceRange bool `json:"reduce_range,omitempty"`
	// Eps is the smallest scale; 0 means DefaultEps.
	Eps float32 `json:"eps,omitempty"`

	// Axis is the channel axis of the per-channel kinds.
	Axis int `json:"axis,omitempty"`
	// AveragingConstant is the weight of a new batch in the moving averages;
	// 0 means 0.01.
	AveragingConstant float64 `json:"averaging_constant,omitempty"`
	// Bins is the length of a histogram; 0 means 2048.
	Bins int `json:"bins,omitempty"`
	// Percent is the share of values, in percent, that the range of a Percentile
	// observer keeps; 0 means 99.99.
	Percent float64 `json:"percent,omitempty"`

	// Scale and ZeroPoint are the parameters of FixedQParams.
	Scale     float64 `json:"scale,omitempty"`
	ZeroPoint int64   `json:"zero_point,omitempty"`

	// Dynamic marks activations that are quantized at run time, from each input's
	// own range.
	Dynamic bool `json:"dynamic,omitempty"`
	// FakeQuant says whether training rounds the values.
	FakeQuant FakeQuantKind `json:"fake_quant,omitempty"`
	// GradScaling divides the gradients of a learnable scale and zero point by the
	// root of the number of elements times the largest code.
	GradScaling bool `json:"use_grad_scaling,omitempty"`
}

// Defaults of ObserverSpec's numeric fields.
const (
	DefaultAveragingConstant = 0.01
	DefaultBins              = 2048
	DefaultPercent           = 99.99
)

// WithDefaults returns s with the zero values of Eps, AveragingConstant, Bins
// and Percent replaced by what they mean.
func (s ObserverSpec) WithDefaults() ObserverSpec {
	if s.Eps == 0 {
		s.Eps = DefaultEps
	}
	if s.AveragingConstant == 0 {
		s.AveragingConstant = DefaultAveragingConstant
	}
	if s.Bins == 0 {
		s.Bins = DefaultBins
	}
	if s.Percent == 0 {
		s.Percent = DefaultPercent
	}
	return s
}

// PerTensor returns s with one scale for all elements.
func (s ObserverSpec) PerTensor() ObserverSpec {
	switch s.Kind {
	case PerChannelMinMax:
		s.Kind = MinMax
	case MovingAveragePerChannelMinMax:
		s.Kind = MovingAverageMinMax
	}
	switch s.QScheme {
	case PerChannelSymmetric:
		s.QScheme = PerTensorSymmetric
	case PerChannelAffine:
		s.QScheme = PerTensorAffine
	}
	s.Axis = 0
	return s
}

// WithBits returns s with the codes of n bits, from 2 to 8. Signed ones are as many
// on both sides of zero: conversion, like PyTorch's, clamps to the type and not to
// these codes, and with one more below zero the largest value would be rounded to
// one that is not among them.
func (s ObserverSpec) WithBits(n int) (ObserverSpec, error) {
	if n < 2 || n > 8 {
		return s, fmt.Errorf("%d bits: use 2 to 8", n)
	}
	codes, err := s.Codes()
	if err != nil {
		return s, err
	}
	lo, hi := 0, 1<<n-1
	if codes.Min < 0 {
		hi = 1<<(n-1) - 1
		lo = -hi
	}
	s.QuantMin, s.QuantMax, s.ReduceRange = &lo, &hi, false
	return s, nil
}

// Codes returns the range of codes that the calibrated range is mapped to.
func (s ObserverSpec) Codes() (CodeRange, error) {
	r, err := NewCodeRange(s.DType, s.QuantMin, s.QuantMax, s.ReduceRange)
	if err != nil {
		return r, fmt.Errorf("%s observer: %w", s.Kind, err)
	}
	return r, nil
}

// String describes s in a line for reports.
func (s ObserverSpec) String() string {
	text := fmt.Sprintf("%s %v %v", s.Kind, s.DType, s.QScheme)
	if r, err := s.Codes(); err == nil {
		text += fmt.Sprintf(" %d..%d", r.Min, r.Max)
	}
	if s.FakeQuant != NoFakeQuant {
		text += " " + string(s.FakeQuant)
	}
	return text
}
