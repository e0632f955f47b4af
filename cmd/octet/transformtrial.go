package main

import (
	"context"
	"strings"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/tensor"
)

// transformInputs is on how many inputs the transform of the input is tried.
const transformInputs = 32

// tryTransform tells, on some of the inputs at hand, whether a model of which no
// file says so transforms its input. It is nil where that is known.
func tryTransform(ctx context.Context, c *console, path string, model *octet.Model, data *inputData, labelled bool) (*octet.TransformTrial, error) {
	if !model.TransformUnsaid() || strings.HasPrefix(path, zooPrefix) {
		return nil, nil
	}
	few := &inputData{source: dataset.Limit(data.source, transformInputs), preset: data.preset, flags: data.flags, c: c.silent()}
	if data.source.Classes() != nil {
		few.source = dataset.Draw(data.source, transformInputs, 0)
	}
	var labels []int
	inputs := func(yield func(*tensor.Tensor, error) bool) {
		for b, err := range few.batches(ctx, 8) {
			labels = append(labels, b.labels...)
			if !yield(b.x, err) {
				return
			}
		}
	}
	var read []*tensor.Tensor
	for x, err := range inputs {
		if err != nil {
			return nil, withCode(exitData, err)
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
	}, labels, octet.WithThreads(data.flags.threads))
	if err != nil {
		return nil, withCode(exitModel, err)
	}
	if trial.Likely() == model.Arch() {
		c.note("input transform: %v", trial)
	} else {
		c.warn("input transform: %v; --arch names it", trial)
	}
	return trial, nil
}
