package inputs

import (
	"context"
	"strings"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/tensor"
)

// transformInputs is on how many inputs the transform of the input is tried.
const transformInputs = 32

// TryTransform runs a model with and without transform_input on some of the inputs, if the file
// does not say which it is. It is nil if that is known.
func TryTransform(ctx context.Context, c *console.Console, path string, model *octet.Model, data *Data, labelled bool) (*octet.TransformTrial, error) {
	if !model.TransformUnsaid() || strings.HasPrefix(path, ZooPrefix) {
		return nil, nil
	}
	few := &Data{Source: dataset.Limit(data.Source, transformInputs), Preset: data.Preset, Flags: data.Flags, Console: c.Silent()}
	if data.Source.Classes() != nil {
		few.Source = dataset.Draw(data.Source, transformInputs, 0)
	}
	var labels []int
	inputs := func(yield func(*tensor.Tensor, error) bool) {
		for b, err := range few.Batches(ctx, 8) {
			if err != nil {
				yield(nil, err)
				return
			}
			labels = append(labels, b.Labels...)
			if !yield(b.Input, nil) {
				return
			}
		}
	}
	var read []*tensor.Tensor
	for x, err := range inputs {
		if err != nil {
			return nil, exit.WithCode(exit.Data, err)
		}
		read = append(read, x)
	}
	if !labelled {
		labels = nil
	}
	trial, err := model.TryTransform(ctx, func(yield func(*tensor.Tensor, error) bool) {
		for _, x := range read {
			if !yield(x, nil) {
				return
			}
		}
	}, labels, octet.WithThreads(data.Flags.Threads))
	if err != nil {
		return nil, exit.WithCode(exit.Model, err)
	}
	if trial.Likely() == model.Arch() {
		c.Note("input transform: %v", trial)
	} else {
		c.Warn("input transform: %v; --arch names it", trial)
	}
	return trial, nil
}
