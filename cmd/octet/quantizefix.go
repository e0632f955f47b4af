package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/ptq"
)

// target is what --fix asks for, in decibels; NaN without.
func (f *quantizeFlags) target() (float64, error) {
	if f.fix == "" {
		return math.NaN(), nil
	}
	v, err := strconv.ParseFloat(strings.TrimSuffix(strings.ToLower(f.fix), "db"), 64)
	if err != nil || !(v > 0 && v < 200) {
		return 0, exit.Usagef("--fix %s: a ratio of signal to noise in decibels, such as 25dB", f.fix)
	}
	return v, nil
}

// fixed is int8 with what --fix keeps in float. Interrupted, it is the best so far.
func (f *quantizeFlags) fixed(ctx context.Context, c *console.Console, model, int8 *octet.Model, report *ptq.Report, samples octet.Samples) (*octet.Fixed, *octet.Model, error) {
	target, err := f.target()
	if err != nil || math.IsNaN(target) {
		return nil, int8, err
	}
	var stage *console.Stage
	made, found, err := octet.Fix(ctx, model, int8, report, samples, target, octet.WithThreads(f.data.Threads), octet.WithFixProgress(func(done, of int) {
		if stage == nil {
			stage = c.Begin("fix", "models", of)
		}
		stage.Set(done)
	}))
	if stage != nil {
		stage.End()
		c.Finish()
	}
	if errors.Is(err, context.Canceled) && made != nil {
		c.Note("--fix was interrupted: the model is the best so far")
		err = nil
	}
	if err != nil {
		return nil, nil, exit.WithCode(exit.Model, err)
	}
	if float64(found.Best.Unseen) < target {
		c.Warn("--fix %s is not reached on inputs like these: %v is the best that was found, %v on these", f.fix, found.Best.Unseen, found.Best.SQNR)
	}
	return found, made, nil
}

// printFixed lists what keeping layers in float gives.
func printFixed(w io.Writer, found *octet.Fixed) {
	fmt.Fprintf(w, "fix        %v with %d layers in float, %.2f %% of the multiplications with weights; %v are likely on other inputs\n",
		found.Best.SQNR, found.Best.Layers, found.Best.MACs, found.Best.Unseen)
	for _, s := range found.Steps {
		if s.Layers == 0 {
			fmt.Fprintf(w, "           %v as it was\n", s.SQNR)
			continue
		}
		fmt.Fprintf(w, "           %v with %d in float (%.2f %%), %s last\n", s.SQNR, s.Layers, s.MACs, s.Layer)
	}
}
