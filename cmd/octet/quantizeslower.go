package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/tensor"
)

// slowerRounds bounds how often layers are measured and excluded: a layer kept
// in float puts conversions around its neighbours, which may make them slower.
const slowerRounds = 4

// slowerBudget is for one measurement of all layers.
var slowerBudget = budget{duration: 2 * time.Second}

// excludeSlower quantizes again, without the layers whose int8 form is slower than
// float32, until there is none. opts are those that made int8 of the calibration.
func (f *quantizeFlags) excludeSlower(ctx context.Context, c *console, model *octet.Model, data *inputData, calibration *octet.Calibration, int8 *octet.Model, report *ptq.Report, opts []octet.QuantizeOption) (*octet.Model, *ptq.Report, error) {
	x, err := firstSample(ctx, data)
	if err != nil {
		return nil, nil, err
	}
	excluded := []string{}
	for range slowerRounds {
		slower, err := f.slowerLayers(ctx, int8, x)
		if err != nil {
			return nil, nil, err
		}
		if len(slower) == 0 {
			break
		}
		c.note("slower in int8 than in float32: %s", strings.Join(slower, ", "))
		excluded = append(excluded, slower...)
		if int8, report, err = f.quantizeAgain(ctx, c, model, data, calibration, append(slices.Clone(opts), octet.WithExclude(excluded...))); err != nil {
			return nil, nil, withCode(exitCode(err), fmt.Errorf("--exclude-slower leaves %d layers in float: %w", len(excluded), err))
		}
	}
	int8 = int8.WithMetadata(func(m *octet.Metadata) {
		m.Calibration.Slower = excluded
	})
	return int8, report, nil
}

// quantizeAgain converts with the calibration. It lacks the values whose codes are
// only needed now, behind a layer that has become float: then all is calibrated again.
func (f *quantizeFlags) quantizeAgain(ctx context.Context, c *console, model *octet.Model, data *inputData, calibration *octet.Calibration, opts []octet.QuantizeOption) (*octet.Model, *ptq.Report, error) {
	int8, report, err := octet.Convert(model, calibration, opts...)
	if errors.Is(err, octet.ErrCalibration) {
		stage := c.begin("calibrate", "inputs", data.total())
		opts = append(opts, octet.WithResume(nil), octet.WithProgress(stage.set))
		int8, report, err = octet.Quantize(ctx, model, data.tensors(ctx, f.data.batchSize), opts...)
		stage.end()
		c.finish()
	}
	return int8, report, quantizeError(f.calibration, err)
}

// slowerLayers names the layers of an int8 model that are slower than in float32,
// computed on x by the threads of the command.
func (f *quantizeFlags) slowerLayers(ctx context.Context, int8 *octet.Model, x *tensor.Tensor) ([]string, error) {
	twin, err := floatTwin(int8.Graph())
	if err != nil {
		return nil, withCode(exitModel, err)
	}
	options := engine.Options{Threads: f.data.threads}
	codes, err := newTimerOf(int8.Graph(), options, x)
	if err != nil {
		return nil, err
	}
	float, err := newTimerOf(twin, options, x)
	if err != nil {
		return nil, err
	}
	if err := inTurns(ctx, slowerBudget, codes, float); err != nil {
		return nil, err
	}
	return compareWithFloat(codes.layerTimes(), codes, float), nil
}

// firstSample is one calibration input.
func firstSample(ctx context.Context, data *inputData) (*tensor.Tensor, error) {
	for x, err := range data.tensors(ctx, 1) {
		return x, withCode(exitData, err)
	}
	return nil, withCode(exitData, fmt.Errorf("the calibration data is empty"))
}
