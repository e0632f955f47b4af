package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/train"
)

// mayChange says, in the help of train and qat, which settings a continued training may change.
const mayChange = `

Until then these may change: --threads, --recompute, --eval, --metrics, --html,
--labels, --checkpoint-every, and where the images lie. Other images or classes, other
preprocessing (--preset, --resize, --crop, --interpolation, --mean, --std, --exif,
--max-pixels), another recipe or model are an error that names the difference.`

// identify reads the training data, for the checkpoint.
func (f *trainingFlags) identify(ctx context.Context, c *console.Console, t *octet.Training, samples int) error {
	stage := c.Begin("read", "samples", samples)
	defer stage.End()
	return exit.WithCode(exit.Data, t.Identify(ctx, stage.Set))
}

// resumeError gives an error of a checkpoint its exit code, and says how to go on.
func (f *trainingFlags) resumeError(err error) error {
	code := exit.Usage
	if errors.Is(err, train.ErrOtherData) || errors.Is(err, train.ErrDamaged) {
		code = exit.Data
	}
	return exit.WithCode(code, fmt.Errorf("%w\nremove %s to begin anew, or name another --checkpoint", err, f.checkpoint))
}

// resume continues from the checkpoint, where there is one.
func (f *trainingFlags) resume(ctx context.Context, c *console.Console, t *octet.Training, samples int) error {
	t.Checkpoint, t.CheckpointEvery = f.checkpoint, f.every
	if f.checkpoint == "" {
		return nil
	}
	if err := f.identify(ctx, c, t, samples); err != nil {
		return err
	}
	if _, err := os.Stat(f.checkpoint); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err := t.Resume(f.checkpoint); err != nil {
		return f.resumeError(err)
	}
	c.Note("training continues behind step %d of %d, from %s", t.Step(), t.Steps(), f.checkpoint)
	return nil
}
