package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/train"
)

// Under makes joined sources a dataset.Wrapper.
func (j joined) Under(i int) (dataset.Source, int) { return j.locate(i) }

// Under makes a relabelled source a dataset.Wrapper.
func (r relabelled) Under(i int) (dataset.Source, int) { return r.Source, i }

// identity reads the files of the inputs, for statistics that are kept or reused.
func (d *inputData) identity(ctx context.Context) (octet.QuantizeOption, error) {
	id, err := dataset.Identify(ctx, d.source, d.preset, dataset.IdentifyOptions{})
	return octet.WithIdentity(id), err
}

// withRemedy says what to do where the statistics of --stats do not fit.
func (f *quantizeFlags) withRemedy(err error) error {
	if f.stats != "" && errors.Is(err, octet.ErrStatistics) {
		return fmt.Errorf("%w\nremove %s to calibrate again, or name another --stats", err, f.stats)
	}
	return err
}

// noteOtherName says that statistics serve data of the same content under another
// name.
func noteOtherName(c *console, was, is string) {
	if was != "" && was != is {
		c.note("the statistics were made when the data was called %s; its content is the same", was)
	}
}

// mayChange says, in the help of train and qat, what a continued training may do
// otherwise.
const mayChange = `

Until then these may change: --threads, --recompute, --eval, --metrics, --html,
--labels, --checkpoint-every, and where the images lie. Other images or classes, other
preprocessing (--preset, --resize, --crop, --interpolation, --mean, --std, --exif),
another recipe or model are an error that names the difference.`

// identify reads the training data, for the checkpoint.
func (f *trainingFlags) identify(ctx context.Context, c *console, t *octet.Training, samples int) error {
	stage := c.begin("read", "samples", samples)
	defer stage.end()
	return withCode(exitData, t.Identify(ctx, stage.set))
}

// resumeError gives an error of a checkpoint its exit code, and says how to go on.
func (f *trainingFlags) resumeError(err error) error {
	code := exitUsage
	if errors.Is(err, train.ErrOtherData) || errors.Is(err, train.ErrDamaged) {
		code = exitData
	}
	return withCode(code, fmt.Errorf("%w\nremove %s to begin anew, or name another --checkpoint", err, f.checkpoint))
}
