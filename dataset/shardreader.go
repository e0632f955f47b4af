package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"iter"
	"slices"
	"sync"

	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

// ShardReader reads one shard of a set, front to back, in memory that does not grow with the
// set. Of a set of one part the samples take turns, sample i is of shard i mod N; of several
// parts whole parts do, so that a shard opens only its own.
type ShardReader struct {
	parts []Part
	shard Shard
	opts  ShardOptions

	coverage *Coverage
	skipped  Skipped
	progress func(done int) // nil: nobody asks
}

// ShardOptions of NewShardReader.
type ShardOptions struct {
	LoaderOptions
	// Data is what the set is called in a Coverage; empty is the name of its only part.
	Data string
	// Label turns a label of the set into a class; nil leaves it. Its error ends the run.
	Label func(label int) (int, error)
	// Folder gives the class of a sample without a label by the folders that it lies in, outermost
	// first: of several archives, whose folders no list is made of. Its error ends the run. nil
	// leaves it without.
	Folder func(folders []string) (int, error)
	// See is called with each sample that was read, from several goroutines.
	See func(at Place, s Sample)
	// Skip is called with each sample that could not be read, in order.
	Skip func(SkippedSample)
}

// Skipped are samples that could not be read.
type Skipped struct {
	Count int             `json:"count"`           // all of them
	First []SkippedSample `json:"first,omitempty"` // the first keptSkipped of them, in order
}

// keptSkipped bounds the list of skipped samples.
const keptSkipped = 20

// SkippedSample is a sample that could not be read.
type SkippedSample struct {
	Part  int    `json:"part,omitempty"` // as in Place
	Index int    `json:"index"`          // as in Place
	Name  string `json:"name"`           // in its part
	Error string `json:"error"`          // why
}

// Merge adds those of another shard.
func (s *Skipped) Merge(o Skipped) {
	s.Count += o.Count
	s.First = append(slices.Clone(s.First), o.First...)
	slices.SortStableFunc(s.First, func(a, b SkippedSample) int {
		return Place{a.Part, a.Index}.Compare(Place{b.Part, b.Index})
	})
	if len(s.First) > keptSkipped {
		s.First = s.First[:keptSkipped]
	}
}

// NewShardReader checks the options. The parts stay the caller's to close.
func NewShardReader(parts []Part, shard Shard, opts ShardOptions) (*ShardReader, error) {
	if err := shard.check(); err != nil {
		return nil, err
	}
	if len(parts) == 0 {
		return nil, errors.New("a set has at least one part")
	}
	checked, err := NewLoader(nil, opts.LoaderOptions)
	if err != nil {
		return nil, err
	}
	opts.LoaderOptions = checked.opts
	if opts.Data == "" {
		opts.Data = parts[0].Name()
	}
	return &ShardReader{parts: parts, shard: shard, opts: opts}, nil
}

// Coverage says what the latest run of Batches has read; it is an error before its end.
func (r *ShardReader) Coverage() (*Coverage, error) {
	if r.coverage == nil {
		return nil, errors.New("the shard has not been read to its end")
	}
	c := *r.coverage
	return &c, nil
}

// Progress has done called with the number of samples read so far, rising.
func (r *ShardReader) Progress(done func(n int)) { r.progress = done }

// Skipped are the samples of the latest run that could not be read.
func (r *ShardReader) Skipped() Skipped { return r.skipped }

// Batches reads the shard once, as Loader.Batches does, except that a shard may be empty.
func (r *ShardReader) Batches(ctx context.Context) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		r.coverage, r.skipped = nil, Skipped{}
		seen := &Coverage{Data: r.opts.Data, Settings: r.settings(), Count: r.shard.Count, Shards: []int{r.shard.Index}}
		w := &walk{r: r, set: sha256.New()}
		b := &builder{size: r.opts.BatchSize, dtype: r.opts.DType}
		for res := range w.results(ctx) {
			if ctx.Err() != nil {
				break
			}
			seen.Samples++
			if r.progress != nil {
				r.progress(seen.Samples)
			}
			seen.Content.see(res.at, res.name, res.label, res.sum)
			if res.err != nil && (r.opts.Strict || res.fatal) {
				yield(nil, res.err)
				return
			}
			if res.err != nil {
				one := SkippedSample{res.at.Part, res.at.Index, res.name, res.err.Error()}
				r.skipped.Merge(Skipped{1, []SkippedSample{one}})
				if r.opts.Skip != nil {
					r.opts.Skip(one)
				}
				continue
			}
			if err := b.add(res.result); err != nil {
				yield(nil, err)
				return
			}
			b.batch.Places = append(b.batch.Places, res.at)
			if b.full() && !yield(b.take(), nil) {
				return
			}
		}
		if err := errors.Join(ctx.Err(), w.err); err != nil {
			yield(nil, err)
			return
		}
		if b.count > 0 && !yield(b.take(), nil) {
			return
		}
		seen.Set = hex.EncodeToString(w.set.Sum(nil))
		seen.settle()
		r.coverage = seen
	}
}

// settings are those of the first part's samples.
func (r *ShardReader) settings() Settings {
	if s, ok := r.parts[0].(sourcePart); ok {
		return settingsOf(s.Source, r.opts.Preset)
	}
	s := settingsOf(&files{}, r.opts.Preset)
	d := vision.Decoder{}
	switch p := r.parts[0].(type) {
	case *folderPart:
		d = p.opts.decoder
	case *tarPart:
		d = p.opts.decoder
	}
	s.Set("exif", d.Upright)
	s.Set("max_pixels", d.MaxPixels)
	return s
}

// walk goes through the parts.
type walk struct {
	r   *ShardReader
	set hash.Hash // of the names of samples, or of parts
	err error     // that ended it; valid behind the last result
}

// shardResult is a sample with what a Coverage says of it.
type shardResult struct {
	result
	at    Place
	sum   Sum
	fatal bool // the run ends, strict or not
}

// results yields the samples of the shard in order, while workers are a window ahead.
func (w *walk) results(ctx context.Context) iter.Seq[shardResult] {
	return func(yield func(shardResult) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var group sync.WaitGroup
		defer group.Wait()
		defer cancel()
		type job struct {
			at   Place
			of   entry
			done chan shardResult
		}
		workers := w.r.opts.Workers
		jobs, queue := make(chan job), make(chan chan shardResult, workers)
		group.Go(func() {
			defer close(queue)
			defer close(jobs)
			w.err = w.entries(ctx, func(at Place, e entry) bool {
				j := job{at, e, make(chan shardResult, 1)}
				select {
				case queue <- j.done:
				case <-ctx.Done():
					return false
				}
				select {
				case jobs <- j:
				case <-ctx.Done():
					j.done <- shardResult{result: result{err: ctx.Err()}, fatal: true}
					return false
				}
				return true
			})
		})
		for range workers {
			group.Go(func() {
				for j := range jobs {
					j.done <- w.r.read(ctx, j.at, j.of)
				}
			})
		}
		for done := range queue {
			if res := <-done; !yield(res) {
				return
			}
		}
	}
}

// entries calls yield with the samples of the shard, and identifies the set.
func (w *walk) entries(ctx context.Context, yield func(Place, entry) bool) error {
	more := true
	for i, p := range w.r.parts {
		several := len(w.r.parts) > 1
		if several {
			fmt.Fprintf(w.set, "part %q\n", p.Name())
			if !w.r.shard.has(i) {
				continue
			}
		}
		at := Place{Part: i, Index: -1}
		mine := func(k int) bool { return several || w.r.shard.has(k) }
		err := p.each(ctx, mine, func(e entry) bool {
			at.Index++
			if !several {
				fmt.Fprintf(w.set, "%d %s\n", e.label, e.name)
			} else {
				e.name = p.Name() + ":" + e.name
			}
			if e.load != nil {
				more = yield(at, e)
			}
			return more && ctx.Err() == nil
		})
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// read reads and prepares a sample.
func (r *ShardReader) read(ctx context.Context, at Place, e entry) shardResult {
	out := shardResult{at: at, result: result{name: e.name, label: e.label}}
	got, err := e.load(ctx)
	if err != nil {
		out.err = err
		return out
	}
	if out.sum = got.sum; r.opts.See != nil {
		r.opts.See(at, got.sample)
	}
	if out.label < 0 && r.opts.Folder != nil && len(e.folders) > 0 {
		if out.label, err = r.opts.Folder(e.folders); err != nil {
			out.err, out.fatal = fmt.Errorf("%s: %w", e.name, err), true
		}
		return r.prepare(out, got.sample)
	}
	if r.opts.Label != nil {
		if out.label, err = r.opts.Label(e.label); err != nil {
			out.err, out.fatal = fmt.Errorf("%s: %w", e.name, err), true
			return out
		}
	}
	return r.prepare(out, got.sample)
}

// prepare makes the input of a sample, unless something is wrong with it already.
func (r *ShardReader) prepare(out shardResult, s Sample) shardResult {
	if out.err == nil {
		if out.input, out.err = inputOf(s, r.opts.Preset); out.err != nil {
			out.err = fmt.Errorf("%s: %w", out.name, out.err)
		}
	}
	return out
}

// inputOf is what a preset makes of a sample.
func inputOf(s Sample, p vision.Preset) (*tensor.Tensor, error) {
	switch {
	case s.Image == nil:
		return s.Tensor, nil
	case p.Channels == 0:
		return nil, errors.New("images need a preset that turns them into inputs")
	}
	return p.Apply(s.Image)
}
