package main

import (
	"context"
	"fmt"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/train"
)

// checkClamp reports, before the first step, how ReLU in place of ReLU6 changes the model.
// Without calibration there are no ranges to take the place of ReLU6.
func (f *qatFlags) checkClamp(ctx context.Context, c *console.Console, t *octet.Training, model *octet.Model, data *train.Data) error {
	if !model.ClampDiffers() || model.Quantized() {
		return nil
	}
	if t.ReLU6 == nil {
		few := &inputs.Data{Source: dataset.Draw(data.Source, octet.DefaultBatchSize, 0), Preset: data.Preset, Flags: &inputs.DataFlags{Threads: f.threads}, Console: c}
		var err error
		if t.ReLU6, err = model.ClampEffect(ctx, few.Tensors(ctx, octet.DefaultBatchSize), octet.WithThreads(f.threads)); err != nil {
			return exit.WithCode(exit.Data, err)
		}
	}
	switch {
	case !t.ReLU6.Harmful():
		c.Note("%v", t.ReLU6)
	case f.calibration == 0:
		return exit.WithCode(exit.Model, fmt.Errorf("%v; training would begin with numbers that no gradient survives: leave --calibrate 0 out, so that it begins from the ranges of the model with ReLU6", t.ReLU6))
	default:
		c.Warn("%v; training begins from the ranges of the model with ReLU6, which codes do not leave", t.ReLU6)
	}
	return nil
}
