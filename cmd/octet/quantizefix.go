package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/ptq"
)

// noFix is the value of --fix that leaves all in int8.
const noFix = "off"

// target is what --fix asks for, in decibels; NaN where nothing is fixed. Without --fix it is that
// of a model that would not be sound.
func (f *quantizeFlags) target() (float64, error) {
	switch {
	case f.fix == "" && f.repairs:
		return octet.Repaired, nil
	case !f.fixes():
		return math.NaN(), nil
	}
	v, err := strconv.ParseFloat(strings.TrimSuffix(strings.ToLower(f.fix), "db"), 64)
	if err != nil || !(v > 0 && v < 200) {
		return 0, exit.Usagef("--fix %s: a ratio of signal to noise in decibels, such as 25dB, or %s", f.fix, noFix)
	}
	return v, nil
}

// fixes reports whether --fix asks for anything.
func (f *quantizeFlags) fixes() bool { return f.fix != "" && f.fix != noFix }

// repairsBy reports whether a model that is not sound is repaired without --fix: one that its file defines, with
// the recipe that octet chooses for it. Who names a recipe wants its numbers.
func (f *quantizeFlags) repairsBy(cmd *cobra.Command, path string) bool {
	named := slices.ContainsFunc([]string{"qconfig", "backend", "strict-int8", "exclude-slower"}, cmd.Flags().Changed)
	return !named && console.IsONNX(f.output) && console.HoldsGraph(f.model.GraphFile(path))
}

// fixed is int8 with what --fix keeps in float. Interrupted, it is the best so far.
func (f *quantizeFlags) fixed(ctx context.Context, c *console.Console, model, int8 *octet.Model, report *ptq.Report, samples octet.Samples) (*octet.Fixed, *octet.Model, error) {
	target, err := f.target()
	if err != nil || math.IsNaN(target) {
		return nil, int8, err
	}
	var stage *console.Stage
	opts := []octet.CompileOption{octet.WithThreads(f.data.Threads), octet.WithFixProgress(func(done, of int) {
		if stage == nil {
			stage = c.Begin("fix", "models", of)
		}
		stage.Set(done)
	})}
	if f.fix == "" {
		opts = append(opts, octet.WithSound(octet.Sound))
	}
	made, found, err := octet.Fix(ctx, model, int8, report, samples, target, opts...)
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
	if f.fix == "" {
		f.sayRepaired(c, found)
		return found, made, nil
	}
	if float64(found.Best.Unseen) < target {
		c.Warn("--fix %s is not reached on inputs like these: %v is the best that was found, %v on these", f.fix, found.Best.Unseen, found.Best.SQNR)
	}
	return found, made, nil
}

// sayRepaired tells of a model that was repaired without --fix.
func (f *quantizeFlags) sayRepaired(c *console.Console, found *octet.Fixed) {
	if found == nil || found.Best.Layers == 0 {
		return
	}
	c.Warn("in int8 the outputs have %v, and %v are likely on other inputs: %d layers stay in float, which gives %v and %v.\n"+
		"More calibration data, or --equalize or --round adaptive, may keep more in int8; --fix %s keeps all, --fix 30dB asks for more.",
		found.Steps[0].SQNR, found.Steps[0].Unseen, found.Best.Layers, found.Best.SQNR, found.Best.Unseen, noFix)
}

// printFixed lists what keeping layers in float gives.
func printFixed(w io.Writer, found *octet.Fixed) {
	if len(found.Steps) == 1 && found.Best.Unseen >= found.Target {
		fmt.Fprintf(w, "outputs    %v to the float model's; %v are likely on other inputs\n", found.Best.SQNR, found.Best.Unseen)
		return
	}
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
