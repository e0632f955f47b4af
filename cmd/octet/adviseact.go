package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/train"
)

// adviseImages is how many of the images of --train advise calibrates on.
const adviseImages = 512

// qatCommand is the command line of the advised training, with the weights' granularity of the
// best recipe.
func (f *adviseFlags) qatCommand(path, arch string, best *candidate) string {
	parts := []string{"octet qat", path}
	if arch != "" {
		parts = append(parts, "--arch", arch)
	}
	if f.model.GraphOf != "" {
		parts = append(parts, "--graph-of", f.model.GraphOf)
	}
	parts = append(parts, "--backend", best.Backend, "--"+best.Weights, "--data", f.train)
	if f.eval != "" {
		parts = append(parts, "--eval", f.eval)
	}
	return strings.Join(append(parts, "--output", cmp.Or(f.output, console.Int8Name(f.model.GraphFile(path)))), " ")
}

// follow carries out the advice and writes the model.
func (f *adviseFlags) follow(ctx context.Context, c *console.Console, path string, out *adviseOutput) error {
	best, err := out.Measured.best(out.Advice.For)
	if err != nil {
		return err
	}
	switch out.Advice.Method {
	case "ptq":
		out.Written = f.output
		_, err := c.Save(ctx, out.Measured.withModel(best).Model, f.output)
		return err
	case "qat":
		if f.train == "" {
			return exit.Usagef("the advice is to train, since int8 loses %s: name labelled data with --train", out.Advice.lost)
		}
		c.Note("int8 loses %s by calibration alone: training begins", out.Advice.lost)
		q := f.training(best)
		if err := q.checkQAT(path); err != nil {
			return err
		}
		result, err := q.trainModel(ctx, c, out.Measured.side.Float.Model, path)
		if err != nil {
			return err
		}
		out.Written, out.QAT = f.output, result
		return nil
	}
	return exit.Usagef("int8 loses %s, more than the %g points that are acceptable, and there is nothing to train on: name labelled data with --train, or accept more with --max-drop", out.Advice.lost, f.maxDrop)
}

// training is `octet qat` with its defaults, for a recipe.
func (f *adviseFlags) training(best *candidate) *qatFlags {
	r := train.DefaultQAT()
	q := &qatFlags{calibration: adviseImages}
	q.RecipeFlags = inputs.RecipeFlags{WeightBits: 8, PerTensor: best.Weights == "per-tensor", PerChannel: best.Weights == "per-channel"}
	q.trainingFlags = trainingFlags{
		model: f.model, data: f.train, evalFlagsOf: evalFlagsOf{eval: f.eval, classMap: f.classMap}, recipe: r,
		optimizer: string(r.Optimizer.Kind), schedule: string(r.Schedule.Kind), augment: "auto", threads: f.data.Threads,
		output: f.output, every: checkpointEvery,
	}
	q.model.Backend = best.Backend
	return q
}

func (o adviseOutput) printWritten(w io.Writer) {
	switch {
	case o.QAT != nil:
		fmt.Fprintln(w)
		o.QAT.print(w)
	case o.Written != "":
		fmt.Fprintf(w, "\nwrote %s, by the recipe marked above\n", o.Written)
	}
}
