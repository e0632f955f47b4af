package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/ptq"
)

// excludeSlower converts again without the layers whose int8 form is slower than
// float32, until there is none.
func (f *quantizeFlags) excludeSlower(ctx context.Context, c *console.Console, model *octet.Model, data *inputs.Data, calibration *octet.Calibration, recipe octet.ConversionOption, reading octet.CalibrationOption) (*octet.Model, *ptq.Report, error) {
	var stage *console.Stage // of calibrating again, where that is needed
	left := 0
	end := func() {
		if stage != nil {
			stage.End()
			c.Finish()
			stage = nil
		}
	}
	int8, report, err := octet.ExcludeSlower(ctx, model, calibration, data.Tensors(ctx, f.data.BatchSize), recipe, reading,
		octet.WithSlowerLayers(func(names []string) {
			end()
			c.Note("slower in int8 than in float32: %s", strings.Join(names, ", "))
			left += len(names)
		}),
		octet.WithProgress(func(done int) {
			if stage == nil {
				stage = c.Begin("calibrate", "inputs", data.Total())
			}
			stage.Set(done)
		}))
	end()
	if err = inputs.QuantizeError(strings.Join(f.calibration, ", "), f.withRemedy(err)); err != nil && left > 0 {
		err = exit.WithCode(exit.Code(err), fmt.Errorf("--exclude-slower leaves %d layers in float: %w", left, err))
	}
	return int8, report, err
}
