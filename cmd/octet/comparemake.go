package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/report"
)

// make quantizes the float model by every recipe that the flags name.
func (s *comparison) make(ctx context.Context) error {
	f := s.f
	if f.calibration == "" {
		return nil
	}
	if s.float == nil {
		return usageError("--calibration makes int8 variants of a float model: name one beside %s", s.variants[0].path)
	}
	recipes := f.recipes()
	if n := len(s.variants) + len(recipes); n > maxVariants {
		return usageError("these are %d variants, more than %d: name fewer --backend, --qconfig or files", n, maxVariants)
	}
	if f.keep != "" {
		if err := os.MkdirAll(f.keep, 0o755); err != nil {
			return withCode(exitOutput, err)
		}
		if err := s.c.expect(planned{filepath.Join(f.keep, "variants"), int64(len(recipes)) * int8Bytes(s.float.model)}); err != nil {
			return err
		}
	}
	for _, r := range recipes {
		if err := s.makeOne(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// recipes are the variants that the flags ask for.
func (f *compareFlags) recipes() []report.Variant {
	backends := f.backends
	if len(backends) == 0 {
		backends = []string{"fbgemm", "qnnpack", "onednn"}
	}
	granularities := []string{report.PerChannel, report.PerTensor}
	switch {
	case f.perChannel:
		granularities = granularities[:1]
	case f.perTensor:
		granularities = granularities[1:]
	}
	var list []report.Variant
	if f.octets && !f.perTensor && slices.Contains(backends, octet.DefaultBackend) {
		list = append(list, report.Variant{Backend: octet.DefaultBackend, QConfig: octetQConfig, Weights: report.PerChannel, Excluded: f.exclude})
	}
	for _, backend := range backends {
		for _, qconfig := range f.qconfigs {
			for _, weights := range granularities {
				list = append(list, report.Variant{Backend: backend, QConfig: qconfig, Weights: weights, Excluded: f.exclude})
			}
		}
	}
	return list
}

// makeOne quantizes the float model by the recipe in v.
func (s *comparison) makeOne(ctx context.Context, v report.Variant) error {
	v.Made = true
	if v.Name == "" {
		v.Name = v.Backend + " " + v.Weights
		if v.QConfig != octet.DefaultQConfig {
			v.Name += " " + v.QConfig
		}
	}
	model, err := s.quantize(ctx, v)
	if err != nil {
		return err
	}
	if s.f.keep != "" {
		v.File = filepath.Join(s.f.keep, strings.NewReplacer(" ", "-", ",", "").Replace(v.Name)+".pth")
		if err := s.c.expect(planned{v.File, int8Bytes(s.float.model)}); err != nil {
			return err
		}
		if v.Bytes, err = s.c.save(ctx, model, v.File); err != nil {
			return err
		}
	}
	return s.add(&variant{Variant: v, model: model, path: v.File})
}

// quantize calibrates, unless an earlier calibration has seen what the recipe
// needs, and converts.
func (s *comparison) quantize(ctx context.Context, v report.Variant) (*octet.Model, error) {
	f := s.f
	flags := f.data
	flags.limit = f.calibrationLimit
	data, err := flags.open(s.c, s.float.model, []string{f.calibration})
	if err != nil {
		return nil, err
	}
	defer data.close()
	granularity := octet.WithPerChannelWeights()
	if v.Weights == report.PerTensor {
		granularity = octet.WithPerTensorWeights()
	}
	opts := []octet.QuantizeOption{
		octet.WithBackend(v.Backend), octet.WithQConfig(v.QConfig), granularity, octet.WithExclude(v.Excluded...),
		octet.WithBatchSize(flags.batchSize), octet.WithThreads(flags.threads), octet.WithSource(filepath.Base(filepath.Clean(f.calibration))),
	}
	for _, statistics := range s.statistics {
		int8, _, err := octet.Convert(s.float.model, statistics, opts...)
		if err == nil || !errors.Is(err, octet.ErrCalibration) {
			return int8, quantizeError(f.calibration, err)
		}
	}
	stage := s.c.begin("calibrate", "inputs", data.total())
	seen, err := octet.Calibrate(ctx, s.float.model, data.tensors(ctx, flags.batchSize), append(opts, octet.WithProgress(stage.set))...)
	stage.end()
	if err != nil {
		return nil, quantizeError(f.calibration, err)
	}
	int8, r, err := octet.Convert(s.float.model, seen, opts...)
	if err != nil {
		return nil, quantizeError(f.calibration, err)
	}
	s.statistics = append(s.statistics, seen)
	s.calibration = &report.Calibration{Source: f.calibration, Samples: r.Images, BatchSize: r.BatchSize}
	return int8, nil
}
