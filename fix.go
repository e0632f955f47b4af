package octet

import (
	"context"
	"fmt"
	"slices"

	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/tensor"
)

// fixSamples is the largest number of samples on which Fix measures.
const fixSamples = 32

// soundSamples is that number where Fix may have nothing to do: all outputs for them are held.
const soundSamples = 16

// Fixed is what Fix has found: the models that it measured, and which nodes the one it
// returns keeps in float.
type Fixed = compare.Fixed

// Fix returns a variant of int8 with few layers in float, of which the worst output is
// likely to be within target decibels of m's, the float model that int8 was made of, on
// inputs that were not seen; or the closest that it has found. Nothing is calibrated again:
// models are measured on up to 32 samples, with the ranges that int8 has, and have to reach
// the target by a margin that follows from how much the samples differ. report, if there is one, becomes that of the
// variant. Where ctx ends the search, the best model so far is returned with the error.
func Fix(ctx context.Context, m, int8 *Model, report *ptq.Report, samples Samples, target float64, opts ...CompileOption) (*Model, *Fixed, error) {
	for _, x := range []*Model{m, int8} {
		if err := x.check(); err != nil {
			return nil, nil, err
		}
	}
	if samples == nil {
		return nil, nil, errNil("stream of samples", "octet.SamplesOf and octet.Named return one")
	}
	if !int8.quantized {
		return nil, nil, fmt.Errorf("%s has no layers on codes: octet.Quantize makes them", int8.name())
	}
	float, err := m.FusedGraphOf(int8)
	if err != nil {
		return nil, nil, err
	}
	o := compileRecipe(opts)
	most := fixSamples
	if o.sound != 0 {
		if most = soundSamples; compare.Chooses(float) {
			return int8, nil, nil
		}
	}
	var inputs [][]*tensor.Tensor
	for in, err := range m.ordered(samples, most) {
		if err != nil {
			return nil, nil, classed{err, ErrCalibration}
		}
		inputs = append(inputs, in)
	}
	found, err := compare.Fix(ctx, float, int8.graph, inputs, compare.Decibels(target), compare.Options{Threads: o.threads, Progress: o.progress, Total: o.total, Sound: compare.Decibels(o.sound)})
	if found == nil {
		return nil, nil, err
	}
	fixed := *int8
	fixed.meta = int8.meta.clone()
	fixed.meta.Float = append(slices.Clone(fixed.meta.Float), found.Exclude...)
	fixed.setGraph(found.Graph)
	if report != nil {
		report.Keep(found.Graph, found.Exclude)
	}
	return &fixed, found, err
}

// WithFixProgress is called by Fix with the number of models measured, of how many at most.
func WithFixProgress(f func(done, of int)) CompileOption {
	return compileFunc(func(o *compileOptions) {
		of := 0
		o.total = func(n int) { of = n }
		o.progress = func(done int) { f(done, of) }
	})
}

// Of what the command does without --fix to a model that its file defines.
const (
	// Sound is the ratio, in decibels, that the outputs of such a model are likely to reach: below
	// it, noise is more than a sixth of the signal, and what is read of the outputs changes.
	Sound = 15
	// Repaired is the target of Fix for a model that is not sound.
	Repaired = 25
)

// WithSound makes Fix leave a model as it is whose worst output is likely to be within decibels
// of the float model's, though it misses the target; without it the target counts. A model whose
// outputs depend on a choice among values, such as boxes that non-maximum suppression leaves, is then
// not measured: noise that changes the choice says little. Fix returns int8 itself and no Fixed.
func WithSound(decibels float64) CompileOption {
	return compileFunc(func(o *compileOptions) { o.sound = decibels })
}

// Named gives the samples of batches, one by one, the name of the only input of m.
func Named(m *Model, batches Batches) Samples {
	return func(yield func(map[string]*tensor.Tensor, error) bool) {
		takes := m.Inputs()
		if len(takes) != 1 || batches == nil {
			yield(nil, fmt.Errorf("%s takes %v: name the inputs of its samples", m.name(), takes))
			return
		}
		for x, err := range batches {
			if err != nil {
				yield(nil, err)
				return
			}
			for _, one := range compare.Split(x, x.Dim(0)) {
				if !yield(map[string]*tensor.Tensor{takes[0].Name: one}, nil) {
					return
				}
			}
		}
	}
}
