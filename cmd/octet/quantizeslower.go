package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/cmd/octet/internal/measure"
	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/tensor"
)

// slowerRounds bounds how often layers are measured and excluded: a layer kept
// in float puts conversions around its neighbours, which may make them slower.
const slowerRounds = 4

// slowerBudget is for one measurement of all layers.
var slowerBudget = measure.Budget{Duration: 2 * time.Second}

// excludeSlower quantizes again, without the layers whose int8 form is slower than
// float32, until there is none. opts are those that made int8 of the calibration.
func (f *quantizeFlags) excludeSlower(ctx context.Context, c *console.Console, model *octet.Model, data *inputs.Data, calibration *octet.Calibration, int8 *octet.Model, report *ptq.Report, opts []octet.QuantizeOption) (*octet.Model, *ptq.Report, error) {
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
		c.Note("slower in int8 than in float32: %s", strings.Join(slower, ", "))
		excluded = append(excluded, slower...)
		if int8, report, err = f.quantizeAgain(ctx, c, model, data, calibration, append(slices.Clone(opts), octet.WithExclude(excluded...))); err != nil {
			return nil, nil, exit.WithCode(exit.Code(err), fmt.Errorf("--exclude-slower leaves %d layers in float: %w", len(excluded), err))
		}
	}
	int8 = int8.WithMetadata(func(m *octet.Metadata) {
		m.Calibration.Slower = excluded
	})
	return int8, report, nil
}

// quantizeAgain converts with the calibration. It lacks the values whose codes are
// only needed now, behind a layer that has become float: then all is calibrated again.
func (f *quantizeFlags) quantizeAgain(ctx context.Context, c *console.Console, model *octet.Model, data *inputs.Data, calibration *octet.Calibration, opts []octet.QuantizeOption) (*octet.Model, *ptq.Report, error) {
	int8, report, err := octet.Convert(model, calibration, opts...)
	if errors.Is(err, octet.ErrCalibration) {
		stage := c.Begin("calibrate", "inputs", data.Total())
		opts = append(opts, octet.WithResume(nil), octet.WithProgress(stage.Set))
		int8, report, err = octet.Quantize(ctx, model, data.Tensors(ctx, f.data.BatchSize), opts...)
		stage.End()
		c.Finish()
	}
	return int8, report, inputs.QuantizeError(f.calibration, err)
}

// slowerLayers names the layers of an int8 model that are slower than in float32,
// computed on x by the threads of the command.
func (f *quantizeFlags) slowerLayers(ctx context.Context, int8 *octet.Model, x *tensor.Tensor) ([]string, error) {
	twin, err := measure.FloatTwin(int8.Graph())
	if err != nil {
		return nil, exit.WithCode(exit.Model, err)
	}
	options := engine.Options{Threads: f.data.Threads}
	codes, err := measure.NewTimerOf(int8.Graph(), options, x)
	if err != nil {
		return nil, err
	}
	float, err := measure.NewTimerOf(twin, options, x)
	if err != nil {
		return nil, err
	}
	if err := measure.InTurns(ctx, slowerBudget, codes, float); err != nil {
		return nil, err
	}
	return measure.CompareWithFloat(codes.LayerTimes(), codes, float), nil
}

// firstSample is one calibration input.
func firstSample(ctx context.Context, data *inputs.Data) (*tensor.Tensor, error) {
	for x, err := range data.Tensors(ctx, 1) {
		return x, exit.WithCode(exit.Data, err)
	}
	return nil, exit.WithCode(exit.Data, fmt.Errorf("the calibration data is empty"))
}
