package octet

import (
	"context"
	"errors"
	"slices"

	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/tensor"
)

// Calibrate shows the observers of m, prepared for quantization, the given inputs. The
// result depends on the inputs, their order and the batch size, never on the number of
// threads. The model is not changed.
//
// When ctx ends or the inputs give an error, Calibrate returns that error and, where
// something was seen, the calibration so far: Write keeps it, WithResume goes on with
// it. Errors of the data match ErrCalibration, those of the options ErrRecipe.
func Calibrate(ctx context.Context, m *Model, inputs Batches, opts ...QuantizeOption) (*Calibration, error) {
	o := recipeFor(m, opts)
	o.identified = true
	prepared, _, err := m.prepare(o)
	if err != nil {
		return nil, err
	}
	return m.calibrate(ctx, prepared, inputs, o)
}

// calibrate is Calibrate of a prepared model.
func (m *Model) calibrate(ctx context.Context, p *ptq.Prepared, inputs Batches, o quantizeOptions) (*Calibration, error) {
	watch := &clampWatch{model: m}
	whole := false
	if d := m.declared; d != nil && len(d.inputs[0].Shape) > 0 && d.inputs[0].Shape[0] > 0 {
		o.batchSize, whole = d.inputs[0].Shape[0], true // all that the model takes
	}
	inputs = regroup(inputs, m.form(), o)
	c, err := o.calibrate(ctx, p, alone(watch.tee(inputs)), whole)
	if err != nil {
		return c, watch.explain(ctx, classed{err, ErrCalibration}, o)
	}
	effect, err := watch.effect(ctx, inputs, o)
	if err != nil {
		return c, classed{err, ErrCalibration}
	}
	seen := *c
	seen.relu6 = effect
	return &seen, nil
}

// calibrate observes, and keeps samples where corrections need some: rows of the data, or
// whole runs.
func (o quantizeOptions) calibrate(ctx context.Context, p *ptq.Prepared, data runs, whole bool) (*Calibration, error) {
	if !o.corrects() {
		return o.observe(ctx, p, data)
	}
	k := &keeper{whole: whole}
	c, err := o.observe(ctx, p, k.tee(data))
	if err != nil {
		return c, err
	}
	if len(k.samples) == 0 { // complete statistics were taken as they are
		if err := drain(ctx, k.tee(data)); err != nil {
			return c, err
		}
	}
	seen := *c
	seen.samples = k.samples
	return &seen, nil
}

// observe runs the data through the prepared graph, or takes a complete calibration
// on the same data as it is, for which the data may be nil.
func (o quantizeOptions) observe(ctx context.Context, p *ptq.Prepared, data runs) (*Calibration, error) {
	before := o.resume
	switch {
	case data == nil && !before.finished():
		return nil, errors.New("there is no calibration data: give some, or complete statistics")
	case before == nil:
		before = &Calibration{}
	default:
		if err := before.fits(o); err != nil {
			return nil, err
		}
	}
	w := &witness{known: before}
	if (o.identified || o.resume != nil) && o.identity == nil && data != nil {
		data = w.watch(data)
	}
	switch {
	case before.finished() && o.identity == nil:
		return before, drain(ctx, data)
	case before.finished():
		return before, nil
	}
	stats, err := ptq.CalibrateInputs(ctx, p, data, ptq.CalibrateOptions{Threads: o.threads, CPU: o.cpu, Progress: o.progress, Resume: before.stats})
	if stats == nil || stats.Images == 0 {
		return nil, err
	}
	return &Calibration{Complete: err == nil, Source: o.source, BatchSize: o.batchSize, Limit: o.limit, Equalized: o.equalize,
		Images: stats.Images, Data: w.identity(o, stats.Images), stats: stats}, err
}

// drain reads all of data.
func drain(ctx context.Context, data runs) error {
	if data == nil {
		return nil
	}
	for _, err := range data {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// witness identifies the samples of a stream while it is read, and compares them
// with those that an earlier calibration has seen.
type witness struct {
	known *Calibration
	seen  []dataset.SampleID
}

// watch passes the stream on. It ends with an error behind the samples of the
// earlier calibration if these were others, before anything is computed from what follows.
func (w *witness) watch(in runs) runs {
	return func(yield func([]*tensor.Tensor, error) bool) {
		c := w.known
		known, compared := c.Images, c.stats == nil
		for x, err := range in {
			if err != nil {
				yield(nil, err)
				return
			}
			w.see(x)
			if !compared && len(w.seen) >= known && !c.finished() {
				compared = true
				err = c.madeOf(w.data(known))
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(x, nil) {
				return
			}
		}
		if compared {
			return
		}
		if err := c.madeOf(w.data(len(w.seen))); err != nil {
			yield(nil, err)
		}
	}
}

// see identifies the samples of a batch.
func (w *witness) see(in []*tensor.Tensor) {
	if len(in) != 1 || len(in[0].Shape()) == 0 || in[0].DType() != tensor.Float32 && in[0].DType() != tensor.UInt8 {
		w.seen = append(w.seen, dataset.Hash(dataset.RowName(len(w.seen)), in...))
		return
	}
	x := in[0]
	for i := range x.Dim(0) {
		row := x.Rows(i, i+1).Reshape(x.Shape()[1:]...)
		w.seen = append(w.seen, dataset.Hash(dataset.RowName(len(w.seen)), row))
	}
}

// data is the identity of the first n samples seen.
func (w *witness) data(n int) dataset.Identity {
	return dataset.Identity{Settings: dataset.Tensors(), Samples: w.seen[:min(n, len(w.seen))]}
}

// identity is what a calibration of n samples was made of. Those that were known
// before stay what they were, also where reading them again was broken off.
func (w *witness) identity(o quantizeOptions, n int) dataset.Identity {
	known := w.known.Images
	switch {
	case o.identity != nil:
		return *o.identity
	case n <= known:
		return w.known.Data
	}
	id := w.data(n)
	return dataset.Identity{Settings: id.Settings, Samples: append(slices.Clone(w.known.Data.Samples), id.Samples[known:]...)}
}
