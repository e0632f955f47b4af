package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/tensor"
)

// alpha is --smooth as a number, and false where it is not given.
func (f *quantizeFlags) alpha() (float64, bool, error) {
	if f.smooth == "" {
		return 0, false, nil
	}
	a, err := strconv.ParseFloat(f.smooth, 64)
	if err != nil || !(a >= 0 && a <= 1) {
		return 0, false, exit.Usagef("--smooth %s: the share of the ranges that goes to the weights, from 0 to 1, such as 0.5", f.smooth)
	}
	return a, true, nil
}

// smoothed is the model with outliers of activations in its weights, where --smooth asks for it. Of
// total samples the first --limit count, as for the calibration.
func (f *quantizeFlags) smoothed(ctx context.Context, c *console.Console, model *octet.Model, samples octet.Samples, total int) (*octet.Model, error) {
	alpha, asked, err := f.alpha()
	if err != nil || !asked {
		return model, err
	}
	if n := f.data.Limit; n > 0 {
		total = min(total, n)
	}
	stage := c.Begin("smooth", "inputs", total)
	made, _, err := octet.Smooth(ctx, model, shown(samples, f.data.Limit, stage), alpha, octet.WithThreads(f.data.Threads))
	stage.End()
	c.Finish()
	if err != nil {
		return nil, inputs.QuantizeError("--smooth", err)
	}
	return made, nil
}

// shown are the first samples, all where limit is 0, whose number the stage shows.
func shown(samples octet.Samples, limit int, stage *console.Stage) octet.Samples {
	return func(yield func(map[string]*tensor.Tensor, error) bool) {
		n := 0
		for named, err := range samples {
			if !yield(named, err) {
				return
			}
			if n++; n == limit {
				return
			}
			stage.Set(n)
		}
	}
}

// smoothText says what --smooth did.
func smoothText(s *octet.Smoothed) string {
	return fmt.Sprintf("%d linear layers behind %d norms, by %v", s.Layers, s.Norms, s.Alpha)
}
