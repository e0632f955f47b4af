package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/tensor"
)

// namedData are calibration arrays by the names of a model's inputs.
type namedData struct {
	arrays map[string]*tensor.Tensor
	source string // the names of the files
}

// readNamed reads --calibration NAME=FILE.npy; or FILE.npy for a model whose only input holds
// no images. It is nil for other calibration data.
func (f *quantizeFlags) readNamed(model *octet.Model) (*namedData, error) {
	takes := model.Inputs()
	if !slices.ContainsFunc(f.calibration, inputs.NamesArray) {
		only := len(f.calibration) == 1 && strings.EqualFold(filepath.Ext(f.calibration[0]), ".npy") && model.Arch() == "" && len(takes) == 1
		if !only || takes[0].DType == tensor.Float32 && len(takes[0].Shape) == 4 {
			return nil, nil
		}
	}
	arrays, err := f.arrays.Named("calibration", f.calibration, takes, f.model.Bound.Constants)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, text := range f.calibration {
		name, file, named := strings.Cut(text, "=")
		if !named {
			name, file = takes[0].Name, text
		}
		if arrays[name] != nil {
			files = append(files, filepath.Base(file))
		}
	}
	return &namedData{arrays: arrays, source: strings.Join(files, ", ")}, nil
}

// quantizeNamed is the command for calibration data by names.
func (f *quantizeFlags) quantizeNamed(ctx context.Context, c *console.Console, path string, model *octet.Model, data *namedData) error {
	if f.eval != "" || f.slower {
		return exit.Usagef("--eval and --exclude-slower need calibration data without names of inputs")
	}
	samples, total, err := octet.SamplesOf(model, data.arrays)
	if err != nil {
		return exit.WithCode(exit.Data, fmt.Errorf("--calibration: %w", err))
	}
	if model, err = f.smoothed(ctx, c, model, samples, total); err != nil {
		return err
	}
	before, err := f.readStatistics(c)
	if err != nil {
		return err
	}
	stage := c.Begin("calibrate", "inputs", total)
	recipe := f.recipe(data.source)
	calibration, err := octet.CalibrateNamed(ctx, model, samples, recipe, octet.WithLimit(f.data.Limit), octet.WithThreads(f.data.Threads),
		octet.WithResume(before), octet.WithProgress(stage.Set))
	stage.End()
	c.Finish()
	if calibration == nil {
		calibration = before
	}
	if saveErr := f.saveStatistics(c, calibration); err == nil {
		err = saveErr
	}
	if err != nil {
		return inputs.QuantizeError(data.source, f.withRemedy(err))
	}
	int8, report, err := f.convert(ctx, c, model, calibration, recipe)
	if err != nil {
		return inputs.QuantizeError(data.source, f.withRemedy(err))
	}
	fixed, int8, err := f.fixed(ctx, c, model, int8, report, samples)
	if err != nil {
		return err
	}
	out := f.outputOf(path, model, int8, report)
	out.Fixed = fixed
	return f.finish(ctx, c, int8, out)
}
