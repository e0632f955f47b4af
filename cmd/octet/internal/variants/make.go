package variants

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/ptq"
)

// Make quantizes the float model by every recipe that the flags name.
func (s *Comparison) Make(ctx context.Context) error {
	f := s.Options
	if !f.makes() {
		return nil
	}
	if s.Float == nil {
		return exit.Usagef("--calibration and --dynamic make int8 variants of a float model: name one beside %s", s.Variants[0].path)
	}
	recipes := f.recipes()
	if n := len(s.Variants) + len(recipes); n > maxVariants {
		return exit.Usagef("these are %d variants, more than %d: name fewer --backend, --qconfig or files", n, maxVariants)
	}
	if f.Keep != "" {
		if err := os.MkdirAll(f.Keep, 0o755); err != nil {
			return exit.WithCode(exit.Output, err)
		}
		if err := s.Console.Expect(console.Planned{Path: filepath.Join(f.Keep, "variants"), Bytes: int64(len(recipes)) * console.Int8Bytes(s.Float.Model)}); err != nil {
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

// recipe is a variant to be made.
type recipe struct {
	report.Variant
	corrections inputs.Corrections
}

// recipes are the variants that the flags ask for.
func (f *Options) recipes() []recipe {
	list := f.dynamic()
	if len(f.Calibration) == 0 {
		return list
	}
	backends := f.Backends
	if len(backends) == 0 {
		backends = []octet.Backend{octet.FBGEMM, octet.QNNPACK, octet.ONEDNN}
	}
	granularities := []string{report.PerChannel, report.PerTensor}
	switch {
	case f.PerChannel:
		granularities = granularities[:1]
	case f.PerTensor:
		granularities = granularities[1:]
	}
	add := func(v report.Variant) {
		for _, c := range f.corrected() {
			list = append(list, recipe{v, c})
		}
	}
	if f.Octets && !f.PerTensor && slices.Contains(backends, octet.DefaultBackend) {
		add(report.Variant{Backend: string(octet.DefaultBackend), QConfig: inputs.OctetQConfig, Weights: report.PerChannel, Excluded: f.Exclude})
	}
	for _, backend := range backends {
		for _, qconfig := range f.QConfigs {
			for _, weights := range granularities {
				add(report.Variant{Backend: string(backend), QConfig: qconfig, Weights: weights, Excluded: f.Exclude})
			}
		}
	}
	return list
}

// dynamic are the variants of --dynamic: for every --backend, or as the model has it without one.
func (f *Options) dynamic() []recipe {
	if !f.Dynamic {
		return nil
	}
	of := report.Variant{Name: "dynamic", Dynamic: true, Excluded: f.Exclude}
	switch {
	case f.PerChannel:
		of.Weights = report.PerChannel
	case f.PerTensor:
		of.Weights = report.PerTensor
	}
	list := []recipe{{Variant: of}}
	if len(f.Backends) > 0 {
		list = nil
	}
	for _, backend := range f.Backends {
		v := of
		v.Name, v.Backend = "dynamic "+string(backend), string(backend)
		list = append(list, recipe{Variant: v})
	}
	return list
}

// corrected are the sets of corrections that every recipe is made with: none, each alone
// and, where several were asked for, all.
func (f *Options) corrected() []inputs.Corrections {
	list := []inputs.Corrections{{}}
	if alone := f.Corrections.Each(); len(alone) > 0 {
		list = append(list, alone...)
		if len(alone) > 1 {
			list = append(list, f.Corrections)
		}
	}
	return list
}

// makeOne quantizes the float model by a recipe.
func (s *Comparison) makeOne(ctx context.Context, v recipe) error {
	v.Made = true
	if v.Name == "" {
		v.Name = v.Backend + " " + v.Weights
		if v.QConfig != octet.DefaultQConfig {
			v.Name += " " + v.QConfig
		}
		for _, flag := range v.corrections.Flags() {
			v.Name += " " + strings.ReplaceAll(strings.TrimPrefix(flag, "--"), "=", " ")
		}
	}
	quantize := s.quantize
	if v.Dynamic {
		quantize = s.quantizeDynamic
	}
	model, err := quantize(ctx, v)
	if err != nil {
		return err
	}
	if s.Options.Keep != "" {
		v.File = filepath.Join(s.Options.Keep, strings.NewReplacer(" ", "-", ",", "").Replace(v.Name)+s.extension(v))
		if err := s.Console.Expect(console.Planned{Path: v.File, Bytes: console.Int8Bytes(s.Float.Model)}); err != nil {
			return err
		}
		if v.Bytes, err = s.Console.Save(ctx, model, v.File); err != nil {
			return err
		}
	}
	return s.add(&Variant{Variant: v.Variant, Model: model, path: v.File})
}

// extension is that of the file of a variant.
func (s *Comparison) extension(v recipe) string {
	if v.Dynamic || s.Float.Model.Arch() == "" {
		return ".onnx"
	}
	return ".pth"
}

// quantizeDynamic quantizes without calibration.
func (s *Comparison) quantizeDynamic(_ context.Context, v recipe) (*octet.Model, error) {
	opts := []octet.DynamicOption{octet.WithExclude(v.Excluded...)}
	if v.Backend != "" {
		opts = append(opts, octet.WithBackend(octet.Backend(v.Backend)))
	}
	switch v.Weights {
	case report.PerChannel:
		opts = append(opts, octet.WithPerChannelWeights())
	case report.PerTensor:
		opts = append(opts, octet.WithPerTensorWeights())
	}
	int8, _, err := octet.QuantizeDynamic(s.Float.Model, opts...)
	return int8, exit.WithCode(exit.Model, err)
}

// quantize calibrates, unless an earlier calibration has seen what the recipe
// needs, and converts.
func (s *Comparison) quantize(ctx context.Context, v recipe) (*octet.Model, error) {
	f := s.Options
	source := sourceOf(f.Calibration)
	granularity := octet.WithPerChannelWeights()
	if v.Weights == report.PerTensor {
		granularity = octet.WithPerTensorWeights()
	}
	recipe := octet.Conversion(v.corrections.Options(),
		octet.WithBackend(octet.Backend(v.Backend)), octet.WithQConfig(v.QConfig), granularity, octet.WithExclude(v.Excluded...),
		octet.WithSource(source),
	)
	for _, statistics := range s.statistics {
		int8, _, err := s.convert(ctx, statistics, recipe)
		if err == nil || !errors.Is(err, octet.ErrCalibration) {
			return int8, inputs.QuantizeError(source, err)
		}
	}
	seen, err := s.calibrate(ctx, recipe)
	if err != nil {
		return nil, inputs.QuantizeError(source, err)
	}
	int8, r, err := s.convert(ctx, seen, recipe)
	if err != nil {
		return nil, inputs.QuantizeError(source, err)
	}
	s.statistics = append(s.statistics, seen)
	s.calibration = &report.Calibration{Source: strings.Join(f.Calibration, ", "), Samples: r.Images, BatchSize: r.BatchSize}
	return int8, nil
}

// calibrate observes the float model on the calibration data.
func (s *Comparison) calibrate(ctx context.Context, recipe octet.ConversionOption) (*octet.Calibration, error) {
	f := s.Options
	flags := f.Data
	flags.Limit = f.CalibrationLimit
	opts := func(progress func(int)) []octet.QuantizeOption {
		return []octet.QuantizeOption{f.Corrections.Sampling(), recipe, octet.WithBatchSize(flags.BatchSize), octet.WithThreads(flags.Threads), octet.WithProgress(progress)}
	}
	if s.calibratesNamed() {
		samples, total, err := s.namedSamples("calibration", f.Calibration)
		if err != nil {
			return nil, err
		}
		stage := s.Console.Begin("calibrate", "inputs", total)
		defer stage.End()
		return octet.CalibrateNamed(ctx, s.Float.Model, samples, append(opts(stage.Set), octet.WithLimit(f.CalibrationLimit))...)
	}
	data, err := flags.Open(s.Console, s.Float.Model, f.Calibration)
	if err != nil {
		return nil, err
	}
	defer data.Close()
	stage := s.Console.Begin("calibrate", "inputs", data.Total())
	defer stage.End()
	return octet.Calibrate(ctx, s.Float.Model, data.Tensors(ctx, flags.BatchSize), opts(stage.Set)...)
}

// convert is octet.Convert of the float model, with progress.
func (s *Comparison) convert(ctx context.Context, c *octet.Calibration, recipe octet.ConversionOption) (*octet.Model, *ptq.Report, error) {
	progress, end := inputs.CorrectionProgress(s.Console)
	defer end()
	return octet.ConvertContext(ctx, s.Float.Model, c, recipe, octet.WithThreads(s.Options.Data.Threads), progress)
}
