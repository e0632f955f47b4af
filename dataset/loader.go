package dataset

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync"

	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

// LoaderOptions say how a Loader makes batches.
type LoaderOptions struct {
	// Preset turns images into inputs. A set of tensors needs none and is
	// passed on as it is.
	Preset vision.Preset
	// DType is that of the batches; zero means float32. UInt8 takes inputs that are whole
	// numbers from 0 to 255, as a preset with Pixels makes them.
	DType tensor.DType
	// BatchSize is the number of samples in a batch; 0 means 1. The last batch
	// may be smaller.
	BatchSize int
	// Workers is the number of samples decoded at a time; 0 means GOMAXPROCS.
	// It changes nothing but the speed.
	Workers int
	// Strict ends the run at the first sample that cannot be read, instead of
	// skipping it.
	Strict bool
}

// Batch is a run of consecutive readable samples.
type Batch struct {
	Input  *tensor.Tensor // [N, C, H, W], of LoaderOptions.DType
	Names  []string       // N
	Labels []int          // N, -1 where unknown
	Places []Place        // N, of a ShardReader; else nil
}

// SkipError is a sample that could not be read, and why.
type SkipError struct {
	Index int    // of the sample in its source
	Name  string // of the sample
	Err   error  // names the sample
}

// Error returns the reason, which names the sample.
func (e SkipError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e SkipError) Unwrap() error { return e.Err }

// Loader reads a source in order, several samples at a time.
type Loader struct {
	src     Source
	opts    LoaderOptions
	mu      sync.Mutex
	skipped []SkipError
}

// NewLoader checks the options. The source stays the caller's to close.
func NewLoader(src Source, opts LoaderOptions) (*Loader, error) {
	if opts.BatchSize < 0 || opts.Workers < 0 {
		return nil, fmt.Errorf("batch size %d and workers %d must not be negative", opts.BatchSize, opts.Workers)
	}
	if opts.Preset.Channels != 0 {
		if err := opts.Preset.Validate(); err != nil {
			return nil, err
		}
	}
	if opts.DType == 0 {
		opts.DType = tensor.Float32
	}
	if opts.DType != tensor.Float32 && opts.DType != tensor.UInt8 {
		return nil, fmt.Errorf("batches of %v cannot be made; of float32 and uint8 they can", opts.DType)
	}
	opts.BatchSize = max(opts.BatchSize, 1)
	if opts.Workers == 0 {
		opts.Workers = runtime.GOMAXPROCS(0)
	}
	return &Loader{src: src, opts: opts}, nil
}

// Skipped returns the samples that the latest run has skipped so far, in order.
func (l *Loader) Skipped() []SkipError {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.skipped)
}

// Batches reads the whole source once. The sequence ends after the first
// error: the context's, that of a broken sample if Strict, a sample whose shape
// differs from those before it, or that not one sample could be read. Reading
// ahead is bounded, and ends before the sequence does, also when the consumer
// breaks off. Runs of one Loader must not overlap.
func (l *Loader) Batches(ctx context.Context) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		l.mu.Lock()
		l.skipped = nil
		l.mu.Unlock()
		b := &builder{size: l.opts.BatchSize, dtype: l.opts.DType}
		for r := range l.inputs(ctx) {
			if ctx.Err() != nil {
				break
			}
			if r.err != nil && l.opts.Strict {
				yield(nil, r.err)
				return
			}
			if r.err != nil {
				l.skip(r)
				continue
			}
			if err := b.add(r); err != nil {
				yield(nil, err)
				return
			}
			if b.full() && !yield(b.take(), nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(nil, err)
			return
		}
		if b.count > 0 {
			yield(b.take(), nil)
		} else if s := l.Skipped(); len(s) == l.src.Len() {
			yield(nil, fmt.Errorf("not one of %d samples could be read; the first: %w", len(s), s[0]))
		}
	}
}

func (l *Loader) skip(r result) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.skipped = append(l.skipped, SkipError{Index: r.index, Name: l.src.Name(r.index), Err: r.err})
}

// result is one sample, ready for a batch.
type result struct {
	index int
	name  string
	label int
	input *tensor.Tensor // float32 [C, H, W]
	err   error
}

// inputs yields the results of all samples in order, while workers are at most
// a window ahead.
func (l *Loader) inputs(ctx context.Context) iter.Seq[result] {
	return func(yield func(result) bool) {
		type job struct {
			index int
			done  chan result
		}
		ctx, cancel := context.WithCancel(ctx)
		var group sync.WaitGroup
		defer group.Wait()
		defer cancel()
		jobs := make(chan job)
		queue := make(chan chan result, l.opts.Workers)
		group.Go(func() {
			defer close(queue)
			defer close(jobs)
			for i := range l.src.Len() {
				j := job{i, make(chan result, 1)}
				select {
				case queue <- j.done:
				case <-ctx.Done():
					return
				}
				select {
				case jobs <- j:
				case <-ctx.Done():
					j.done <- result{index: i, err: ctx.Err()}
					return
				}
			}
		})
		for range min(l.opts.Workers, l.src.Len()) {
			group.Go(func() {
				for j := range jobs {
					j.done <- l.input(ctx, j.index)
				}
			})
		}
		for done := range queue {
			if r := <-done; !yield(r) {
				return
			}
		}
	}
}

// input reads and preprocesses sample i.
func (l *Loader) input(ctx context.Context, i int) result {
	s, err := l.src.At(ctx, i)
	if err != nil {
		return result{index: i, err: err}
	}
	r := result{index: i, name: s.Name, label: s.Label}
	if r.input, r.err = inputOf(s, l.opts.Preset); r.err != nil {
		r.err = fmt.Errorf("%s: %w", s.Name, r.err)
	}
	return r
}

// builder collects samples of one shape.
type builder struct {
	size  int
	dtype tensor.DType
	first string // name of the sample that set the shape
	shape tensor.Shape
	batch *Batch
	count int
}

func (b *builder) add(r result) error {
	if b.shape == nil {
		b.first, b.shape = r.name, r.input.Shape().Clone()
	}
	if !r.input.Shape().Equal(b.shape) {
		return fmt.Errorf("%s has the shape %v, %s %v; one run needs one shape, so let the preset crop, or resize to [height, width]",
			r.name, r.input.Shape(), b.first, b.shape)
	}
	if b.batch == nil {
		b.batch = &Batch{Input: tensor.New(b.dtype, append(tensor.Shape{b.size}, b.shape...)...)}
	}
	n := b.shape.Numel()
	if b.dtype == tensor.Float32 {
		copy(b.batch.Input.Float32s()[b.count*n:], r.input.Float32s())
	} else if err := vision.ToPixels(b.batch.Input.Uint8s()[b.count*n:], r.input.Float32s()); err != nil {
		return fmt.Errorf("%s %w", r.name, err)
	}
	b.batch.Names = append(b.batch.Names, r.name)
	b.batch.Labels = append(b.batch.Labels, r.label)
	b.count++
	return nil
}

func (b *builder) full() bool { return b.count == b.size }

// take returns the batch, cut to the samples it has.
func (b *builder) take() *Batch {
	out := b.batch
	if b.count < b.size {
		out.Input = out.Input.Rows(0, b.count)
	}
	b.batch, b.count = nil, 0
	return out
}
