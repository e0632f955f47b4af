package main

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

// dataFlags say how inputs are read and how many at a time.
type dataFlags struct {
	batchSize int
	threads   int
	limit     int
	strict    bool
	exif      bool
	maxPixels int
	spread    bool              // --limit takes from all classes in turn
	pictures  map[string][]byte // that are no files, by the names of the inputs
}

func (f *dataFlags) register(cmd *cobra.Command, batchSize int) {
	fl := cmd.Flags()
	fl.IntVar(&f.batchSize, "batch-size", batchSize, "how many inputs are computed at a time")
	fl.IntVar(&f.threads, "threads", 0, "CPU threads; 0 uses all; results do not depend on it")
	fl.IntVar(&f.limit, "limit", 0, "use N inputs only: the first ones, or some of every class; 0 uses all")
	fl.BoolVar(&f.strict, "strict", false, "stop at the first image that cannot be read or is damaged, instead of skipping it or reading what PIL reads of it, and at inputs with NaN or infinite values")
	fl.BoolVar(&f.exif, "exif", false, exifUsage)
	fl.IntVar(&f.maxPixels, "max-pixels", vision.DefaultMaxPixels, maxPixelsUsage)
}

const maxPixelsUsage = "leave out images of more pixels than `N`, which may be decompression bombs; the default is PIL's"

const exifUsage = "turn images upright, as their EXIF orientation says; PyTorch's loaders do not"

func (f *dataFlags) check() error {
	switch {
	case f.batchSize < 1:
		return usageError("--batch-size %d: at least 1", f.batchSize)
	case f.threads < 0:
		return usageError("--threads %d: 0 or more", f.threads)
	case f.limit < 0:
		return usageError("--limit %d: 0 or more", f.limit)
	case f.maxPixels < 0:
		return usageError("--max-pixels %d: at least 1", f.maxPixels)
	}
	return nil
}

// inputData is a set of inputs, ready to be read in batches.
type inputData struct {
	source dataset.Source
	preset vision.Preset
	flags  *dataFlags
	c      *console
	loader *dataset.Loader
	odd    nonFinite // of the latest reading

	images  *imageWatch
	leftOut []string // what was passed over when the data were opened
}

// batch is some consecutive inputs.
type batch struct {
	x      *tensor.Tensor // float32 [N, C, H, W]
	names  []string
	labels []int // -1 where unknown
}

// open opens the inputs at paths, in order. Images are prepared as the model
// says; arrays are taken as they are.
func (f *dataFlags) open(c *console, model *octet.Model, paths []string, opts ...dataset.Option) (*inputData, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	d := &inputData{flags: f, c: c}
	note := func(text string) {
		d.leftOut = append(d.leftOut, text)
		c.note("%s", text)
	}
	source, err := f.openSources(paths, append(opts, dataset.WithDecoder(vision.Decoder{Upright: f.exif, Strict: f.strict, MaxPixels: f.maxPixels}), dataset.WithNotes(note)))
	if err != nil {
		return nil, withCode(exitData, adviseMissing(err, "give an image, a folder or tar archive of images, an IDX file, a .npy or a .npz"))
	}
	d.images = &imageWatch{Source: source, c: c, limit: f.maxPixels}
	d.source = f.limited(d.images)
	if !holdsArrays(source) {
		preset, assumed, err := model.Preset()
		if err != nil {
			source.Close()
			return nil, withCode(exitData, err)
		}
		if assumed {
			c.note("assumed: %s", presetAssumed(preset))
		}
		d.preset = preset
	}
	return d, nil
}

func presetAssumed(p vision.Preset) string {
	return fmt.Sprintf("images are prepared as %s; --preset, --resize, --crop, --mean and --std say otherwise", presetText(p))
}

// limited applies --limit. Calibration and evaluation on a part of a labelled
// set need some of every class, not all of the first ones.
func (f *dataFlags) limited(s dataset.Source) dataset.Source {
	if f.spread && s.Classes() != nil {
		return dataset.Draw(s, f.limit, 0)
	}
	return dataset.Limit(s, f.limit)
}

// openSources opens each path and joins what they hold.
func (f *dataFlags) openSources(paths []string, opts []dataset.Option) (dataset.Source, error) {
	var all joined
	for _, p := range paths {
		s, err := f.openInput(p, opts)
		if err != nil {
			all.Close()
			return nil, err
		}
		all = append(all, s)
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return all, nil
}

// holdsArrays reports whether the samples are tensors already. All samples of a
// source are of one kind; one that cannot be read is an image.
func holdsArrays(source dataset.Source) bool {
	if all, ok := source.(joined); ok {
		for _, s := range all {
			if !holdsArrays(s) {
				return false
			}
		}
		return true
	}
	s, err := source.At(context.Background(), 0)
	return err == nil && s.Tensor != nil
}

// joined is several sources, one behind the other, without labels.
type joined []dataset.Source

func (j joined) locate(i int) (dataset.Source, int) {
	for _, s := range j {
		if i < s.Len() {
			return s, i
		}
		i -= s.Len()
	}
	panic("octet: sample index beyond the joined sources")
}

func (j joined) Len() int {
	n := 0
	for _, s := range j {
		n += s.Len()
	}
	return n
}

func (j joined) Classes() []string { return nil }
func (j joined) Label(int) int     { return -1 }

func (j joined) Name(i int) string {
	s, at := j.locate(i)
	return s.Name(at)
}

func (j joined) At(ctx context.Context, i int) (dataset.Sample, error) {
	s, at := j.locate(i)
	sample, err := s.At(ctx, at)
	sample.Label = -1
	return sample, err
}

func (j joined) Close() error {
	var errs []error
	for _, s := range j {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

func (d *inputData) close()     { d.source.Close() }
func (d *inputData) total() int { return d.source.Len() }

// batches reads the inputs once, in order.
func (d *inputData) batches(ctx context.Context, size int) iter.Seq2[batch, error] {
	return func(yield func(batch, error) bool) {
		loader, err := dataset.NewLoader(d.source, dataset.LoaderOptions{
			Preset: d.preset, BatchSize: size, Workers: d.flags.threads, Strict: d.flags.strict,
		})
		if err != nil {
			yield(batch{}, err)
			return
		}
		d.loader = loader
		reported := 0
		d.odd = nonFinite{}
		defer func() { d.odd.report(d.c) }()
		for b, err := range loader.Batches(ctx) {
			for _, s := range loader.Skipped()[reported:] {
				d.c.warn("skipped: %v", s)
				reported++
			}
			if err != nil {
				yield(batch{}, err)
				return
			}
			read := batch{b.Input, b.Names, b.Labels}
			if d.preset.Channels == 0 { // arrays may hold anything
				if err := d.odd.see(read); err != nil && d.flags.strict {
					d.odd = nonFinite{} // said by the error
					yield(batch{}, withCode(exitStrict, fmt.Errorf("--strict: %w", err)))
					return
				}
			}
			if !yield(read, nil) {
				return
			}
		}
	}
}

// tensors is batches without names, as octet.Quantize takes them.
func (d *inputData) tensors(ctx context.Context, size int) octet.Batches {
	return func(yield func(*tensor.Tensor, error) bool) {
		for b, err := range d.batches(ctx, size) {
			if err == nil {
				err = new(nonFinite).see(b) // of which no range can be made
				d.odd = nonFinite{}
			}
			if !yield(b.x, err) {
				return
			}
		}
	}
}

// skipped names the samples of the latest reading that could not be used.
func (d *inputData) skipped() []string {
	if d.loader == nil {
		return nil
	}
	var names []string
	for _, s := range d.loader.Skipped() {
		names = append(names, s.Name)
	}
	return names
}

// compile prepares the model for running.
func (f *dataFlags) compile(model *octet.Model) (*octet.Session, error) {
	s, err := model.Compile(octet.WithThreads(f.threads))
	return s, withCode(exitModel, err)
}

// describeSkipped is a line about skipped inputs; empty when there are none.
func describeSkipped(skipped []string) string {
	if len(skipped) == 0 {
		return ""
	}
	return fmt.Sprintf("%d skipped: %s", len(skipped), abbreviate(skipped, 3))
}

// skippedText says in an error what was left out before it.
func skippedText(skipped []string) string {
	if len(skipped) == 0 {
		return ""
	}
	return fmt.Sprintf("; %d were skipped: %s", len(skipped), abbreviate(skipped, 3))
}
