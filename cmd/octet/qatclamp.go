package main

import (
	"context"
	"fmt"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/train"
)

// checkClamp tells, before the first step, what ReLU in place of ReLU6 does to the
// model. Without a calibration there are no ranges that could stand in for ReLU6.
func (f *qatFlags) checkClamp(ctx context.Context, c *console, t *octet.Training, model *octet.Model, data *train.Data) error {
	if !model.ClampDiffers() || model.Quantized() {
		return nil
	}
	if t.ReLU6 == nil {
		few := &inputData{source: dataset.Draw(data.Source, octet.DefaultBatchSize, 0), preset: data.Preset, flags: &dataFlags{threads: f.threads}, c: c}
		var err error
		if t.ReLU6, err = model.ClampEffect(ctx, few.tensors(ctx, octet.DefaultBatchSize), octet.WithThreads(f.threads)); err != nil {
			return withCode(exitData, err)
		}
	}
	switch {
	case !t.ReLU6.Harmful():
		c.note("%v", t.ReLU6)
	case f.calibration == 0:
		return withCode(exitModel, fmt.Errorf("%v; training would begin with numbers that no gradient survives: leave --calibrate 0 out, so that it begins from the ranges of the model with ReLU6", t.ReLU6))
	default:
		c.warn("%v; training begins from the ranges of the model with ReLU6, which codes do not leave", t.ReLU6)
	}
	return nil
}
