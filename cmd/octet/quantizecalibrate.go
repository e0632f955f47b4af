package main

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/quant"
)

// quantize calibrates and converts, and keeps the statistics.
func (f *quantizeFlags) quantize(ctx context.Context, c *console.Console, model *octet.Model, data *inputs.Data) (*octet.Model, *ptq.Report, error) {
	before, err := f.readStatistics(c)
	if err != nil {
		return nil, nil, err
	}
	reused := before != nil && before.Complete
	name := f.source()
	recipe := f.recipe(name)
	reading, err := f.reading(ctx, data)
	if err != nil {
		return nil, nil, err
	}
	stage := console.SilentStage()
	if !reused {
		stage = c.Begin("calibrate", "inputs", data.Total())
	}
	seen := 0
	calibration, err := octet.Calibrate(ctx, model, data.Tensors(ctx, f.data.BatchSize), recipe, reading, octet.WithResume(before),
		octet.WithProgress(func(done int) {
			seen = done
			stage.Set(done)
		}))
	stage.End()
	c.Finish()
	if f.stats == "" && err != nil && seen > 0 {
		c.Note("what was seen of %d inputs is lost; with --stats FILE it is kept for the next run", seen)
	}
	if calibration == nil {
		calibration = before
	}
	if saveErr := f.saveStatistics(c, calibration); err == nil {
		err = saveErr
	}
	var int8 *octet.Model
	var report *ptq.Report
	if err == nil && !f.slower {
		int8, report, err = f.convert(ctx, c, model, calibration, recipe)
	}
	if err != nil {
		return nil, nil, inputs.QuantizeError(strings.Join(f.calibration, ", "), f.withRemedy(err))
	}
	if reused {
		c.Note("statistics of %d inputs are taken from %s; nothing is calibrated", calibration.Images, f.stats)
	}
	if before != nil {
		inputs.NoteOtherName(c, before.Source, name)
	}
	if f.slower {
		return f.excludeSlower(ctx, c, model, data, calibration, recipe, reading)
	}
	return int8, report, nil
}

// convert is octet.Convert with progress.
func (f *quantizeFlags) convert(ctx context.Context, c *console.Console, model *octet.Model, calibration *octet.Calibration, recipe octet.ConversionOption) (*octet.Model, *ptq.Report, error) {
	progress, end := inputs.CorrectionProgress(c)
	defer end()
	return octet.ConvertContext(ctx, model, calibration, recipe, octet.WithThreads(f.data.Threads), progress)
}

// source is the name of the calibration data.
func (f *quantizeFlags) source() string {
	var names []string
	for _, path := range f.calibration {
		names = append(names, filepath.Base(filepath.Clean(path)))
	}
	return strings.Join(names, ", ")
}

// recipe is the settings of the conversion, with the name of the data.
func (f *quantizeFlags) recipe(data string) octet.ConversionOption {
	opts := []octet.ConversionOption{f.Recipe(f.model.Backend), octet.WithSource(data), f.corrections.Options()}
	if f.ranges != "" {
		opts = append(opts, octet.WithRanges(quant.ObserverKind(f.ranges)))
	}
	if f.relu6 {
		opts = append(opts, octet.WithReLU6Ranges())
	}
	return octet.Conversion(opts...)
}

// reading is how the calibration data is read; with --stats it is identified.
func (f *quantizeFlags) reading(ctx context.Context, data *inputs.Data) (octet.CalibrationOption, error) {
	opts := []octet.CalibrationOption{octet.WithBatchSize(f.data.BatchSize), octet.WithLimit(f.data.Limit), octet.WithThreads(f.data.Threads)}
	if f.stats != "" {
		identity, err := data.Identity(ctx)
		if err != nil {
			return nil, err
		}
		opts = append(opts, identity)
	}
	return octet.Reading(opts...), nil
}
