package octet

import (
	"context"
	"errors"
	"slices"

	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/tensor"
)

// calibrate runs the data through the prepared graph, or takes complete
// statistics of the same data as they are. The data may be nil for these.
func calibrate(ctx context.Context, p *ptq.Prepared, data Batches, o quantizeOptions) (*ptq.Stats, error) {
	stats, err := o.calibrate(ctx, p, data)
	if err != nil {
		return nil, classed{err, ErrCalibration}
	}
	return stats, nil
}

func (o quantizeOptions) calibrate(ctx context.Context, p *ptq.Prepared, data Batches) (*ptq.Stats, error) {
	s := o.statistics
	if data == nil && (s == nil || !s.finished()) {
		return nil, errors.New("there is no calibration data: give some, or complete statistics")
	}
	run := ptq.CalibrateOptions{Threads: o.threads, Progress: o.progress}
	if s == nil {
		return ptq.Calibrate(ctx, p, data, run)
	}
	if err := s.fits(o); err != nil {
		return nil, err
	}
	w := &witness{statistics: s}
	if o.identity == nil && data != nil {
		data = w.watch(data)
	}
	switch {
	case s.finished() && o.identity == nil:
		return s.stats, drain(ctx, data)
	case s.finished():
		return s.stats, nil
	}
	run.Resume = s.stats
	stats, err := ptq.Calibrate(ctx, p, data, run)
	if stats != nil && stats.Images > 0 {
		*s = Statistics{err == nil, o.source, o.batchSize, o.limit, stats.Images, w.identity(o, stats.Images), stats}
	}
	return stats, err
}

// drain reads all of data.
func drain(ctx context.Context, data Batches) error {
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
// with those that statistics have seen.
type witness struct {
	statistics *Statistics
	seen       []dataset.SampleID
}

// watch passes the stream on. It ends with an error behind the samples of the
// statistics if these were others, before anything is computed from what follows.
func (w *witness) watch(in Batches) Batches {
	return func(yield func(*tensor.Tensor, error) bool) {
		s := w.statistics
		known, compared := s.Images, s.stats == nil
		for x, err := range in {
			if err != nil {
				yield(nil, err)
				return
			}
			w.see(x)
			if !compared && len(w.seen) >= known && !s.finished() {
				compared = true
				err = s.madeOf(w.data(known))
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
		if err := s.madeOf(w.data(len(w.seen))); err != nil {
			yield(nil, err)
		}
	}
}

// see identifies the samples of a batch.
func (w *witness) see(x *tensor.Tensor) {
	n := tensor.Shape(x.Shape()[1:]).Numel()
	for i := range x.Dim(0) {
		row := tensor.Of(x.Float32s()[i*n:(i+1)*n], x.Shape()[1:]...)
		w.seen = append(w.seen, dataset.Hash(dataset.RowName(len(w.seen)), row))
	}
}

// data is the identity of the first n samples seen.
func (w *witness) data(n int) dataset.Identity {
	return dataset.Identity{Settings: dataset.Tensors(), Samples: w.seen[:min(n, len(w.seen))]}
}

// identity is what statistics of n samples were made of. Those that the statistics
// knew before stay what they were, also where reading them again was broken off.
func (w *witness) identity(o quantizeOptions, n int) dataset.Identity {
	known := w.statistics.Images
	switch {
	case o.identity != nil:
		return *o.identity
	case n <= known:
		return w.statistics.Data
	}
	id := w.data(n)
	return dataset.Identity{Settings: id.Settings, Samples: append(slices.Clone(w.statistics.Data.Samples), id.Samples[known:]...)}
}
