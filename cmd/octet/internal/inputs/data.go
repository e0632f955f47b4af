package inputs

import (
	"context"
	"fmt"
	"iter"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/internal/spelling"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/vision"
)

// DataFlags say how inputs are read and how many at a time.
type DataFlags struct {
	BatchSize int               // --batch-size, 1 or more
	Threads   int               // --threads; 0 uses all
	Limit     int               // --limit; 0 uses all inputs
	Strict    bool              // --strict
	Exif      bool              // --exif
	MaxPixels int               // --max-pixels, of one image
	Spread    bool              // --limit takes from all classes in turn
	Pictures  map[string][]byte // that are no files, by the names of the inputs
}

// Register adds the flags to a command, with a default of --batch-size.
func (f *DataFlags) Register(cmd *cobra.Command, batchSize int) {
	fl := cmd.Flags()
	fl.IntVar(&f.BatchSize, "batch-size", batchSize, "how many inputs are computed at a time")
	fl.IntVar(&f.Threads, "threads", 0, "CPU threads; 0 uses all; results do not depend on it")
	fl.IntVar(&f.Limit, "limit", 0, "use N inputs only: the first ones, or some of every class; 0 uses all")
	fl.BoolVar(&f.Strict, "strict", false, "stop at the first image that cannot be read or is damaged, instead of skipping it or reading what PIL reads of it, and at inputs with NaN or infinite values")
	fl.BoolVar(&f.Exif, "exif", false, ExifUsage)
	fl.IntVar(&f.MaxPixels, "max-pixels", vision.DefaultMaxPixels, MaxPixelsUsage)
}

// MaxPixelsUsage is the help of --max-pixels.
const MaxPixelsUsage = "leave out images of more pixels than `N`, which may be decompression bombs; the default is PIL's"

// ExifUsage is the help of --exif.
const ExifUsage = "turn images upright, as their EXIF orientation says; PyTorch's loaders do not"

// Check refuses values out of range, as an error of usage.
func (f *DataFlags) Check() error {
	switch {
	case f.BatchSize < 1:
		return exit.Usagef("--batch-size %d: at least 1", f.BatchSize)
	case f.Threads < 0:
		return exit.Usagef("--threads %d: 0 or more", f.Threads)
	case f.Limit < 0:
		return exit.Usagef("--limit %d: 0 or more", f.Limit)
	case f.MaxPixels < 0:
		return exit.Usagef("--max-pixels %d: at least 1", f.MaxPixels)
	}
	return nil
}

// Data is a set of inputs, ready to be read in batches.
type Data struct {
	Source    dataset.Source   // the inputs, limited
	Preset    vision.Preset    // how images are prepared; zero of arrays
	Flags     *DataFlags       // as the data were opened with
	Console   *console.Console // takes warnings about inputs
	dtype     tensor.DType     // that the model takes
	fixed     int              // inputs at a time that the model takes, 0 where it takes any number
	loader    *dataset.Loader
	NonFinite NonFinite // of the latest reading

	images  *imageWatch
	LeftOut []string // files that were ignored when the data were opened
}

// Open opens the inputs at paths, in order. Images are prepared as the model
// says; arrays are taken as they are.
func (f *DataFlags) Open(c *console.Console, model *octet.Model, paths []string, opts ...dataset.Option) (*Data, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	if err := TakesImages(model); err != nil {
		return nil, err
	}
	d := &Data{Flags: f, Console: c, dtype: model.Inputs()[0].DType}
	if takes := model.Inputs()[0].Shape; len(takes) > 0 {
		d.fixed = max(0, takes[0])
	}
	note := func(text string) {
		d.LeftOut = append(d.LeftOut, text)
		c.Note("%s", text)
	}
	source, err := f.openSources(paths, append(opts, dataset.WithDecoder(vision.Decoder{Upright: f.Exif, Strict: f.Strict, MaxPixels: f.MaxPixels}), dataset.WithNotes(note)))
	if err != nil {
		return nil, exit.WithCode(exit.Data, exit.AdviseMissing(err, "give an image, a folder or tar archive of images, an IDX file, a .npy or a .npz"))
	}
	d.images = &imageWatch{Source: source, c: c, limit: f.MaxPixels}
	d.Source = f.limited(d.images)
	if source.Kind() == dataset.KindImages {
		preset, assumed, err := model.Preset()
		if err != nil {
			source.Close()
			return nil, exit.WithCode(exit.Data, err)
		}
		if assumed {
			c.Note("assumed: %s", PresetAssumed(preset))
		}
		d.Preset = preset
	}
	return d, nil
}

// PresetAssumed is the note that preprocessing was assumed, with the flags that set it.
func PresetAssumed(p vision.Preset) string {
	return fmt.Sprintf("images are prepared as %s; --preset, --resize, --crop, --mean and --std say otherwise", console.PresetText(p))
}

// limited applies --limit. Calibration and evaluation on a part of a labelled
// set need some of every class, not all of the first ones.
func (f *DataFlags) limited(s dataset.Source) dataset.Source {
	if f.Spread && s.Classes() != nil {
		return dataset.Draw(s, f.Limit, 0)
	}
	return dataset.Limit(s, f.Limit)
}

// openSources opens each path and joins what they hold.
func (f *DataFlags) openSources(paths []string, opts []dataset.Option) (dataset.Source, error) {
	var all []dataset.Source
	for _, p := range paths {
		s, err := f.openInput(p, opts)
		if err != nil {
			dataset.Join(all...).Close()
			return nil, err
		}
		all = append(all, s)
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return dataset.Join(all...), nil
}

// Close lets go of the files.
func (d *Data) Close() { d.Source.Close() }

// Total is the number of inputs, with those that cannot be read.
func (d *Data) Total() int { return d.Source.Len() }

// Batches reads the inputs once, in order, as many at a time as size says, or as the model takes
// where its file fixes that.
func (d *Data) Batches(ctx context.Context, size int) iter.Seq2[*dataset.Batch, error] {
	return func(yield func(*dataset.Batch, error) bool) {
		if d.fixed > 0 {
			size = d.fixed
		}
		loader, err := dataset.NewLoader(d.Source, dataset.LoaderOptions{
			Preset: d.Preset, DType: d.dtype, BatchSize: size, Workers: d.Flags.Threads, Strict: d.Flags.Strict,
		})
		if err != nil {
			yield(nil, err)
			return
		}
		d.loader = loader
		reported := 0
		d.NonFinite = NonFinite{}
		defer func() { d.NonFinite.report(d.Console) }()
		for b, err := range loader.Batches(ctx) {
			for _, s := range loader.Skipped()[reported:] {
				d.Console.Warn("skipped: %v", s)
				reported++
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if d.Preset.Channels == 0 { // arrays may hold anything
				if err := d.NonFinite.see(b); err != nil && d.Flags.Strict {
					d.NonFinite = NonFinite{} // the error says so
					yield(nil, exit.WithCode(exit.Strict, fmt.Errorf("--strict: %w", err)))
					return
				}
			}
			if !yield(b, nil) {
				return
			}
		}
	}
}

// Watched shows in stage how many inputs the consumer of batches has finished.
func Watched(batches iter.Seq2[*dataset.Batch, error], stage *console.Stage) iter.Seq2[*dataset.Batch, error] {
	return func(yield func(*dataset.Batch, error) bool) {
		done := 0
		for b, err := range batches {
			if !yield(b, err) {
				return
			}
			if b != nil {
				done += len(b.Names)
				stage.Set(done)
			}
		}
	}
}

// Tensors is batches without names, as octet.Quantize takes them.
func (d *Data) Tensors(ctx context.Context, size int) octet.Batches {
	return func(yield func(*tensor.Tensor, error) bool) {
		for b, err := range d.Batches(ctx, size) {
			if err != nil {
				yield(nil, err)
				return
			}
			err = new(NonFinite).see(b) // NaN and infinities have no range
			d.NonFinite = NonFinite{}
			if !yield(b.Input, err) {
				return
			}
		}
	}
}

// Skipped names the samples of the latest reading that could not be used.
func (d *Data) Skipped() []string {
	if d.loader == nil {
		return nil
	}
	var names []string
	for _, s := range d.loader.Skipped() {
		names = append(names, s.Name)
	}
	return names
}

// CompileShard prepares the model for running a shard.
func (f *DataFlags) CompileShard(model *octet.Model, shard ShardFlags) (*octet.Session, error) {
	s, err := model.Compile(octet.WithThreads(f.Threads), octet.WithCPU(shard.CPU))
	return s, exit.WithCode(exit.Model, err)
}

// Compile prepares the model for running.
func (f *DataFlags) Compile(model *octet.Model) (*octet.Session, error) {
	s, err := model.Compile(octet.WithThreads(f.Threads))
	return s, exit.WithCode(exit.Model, err)
}

// DescribeSkipped is a line about skipped inputs; empty when there are none.
func DescribeSkipped(skipped []string) string {
	if len(skipped) == 0 {
		return ""
	}
	return fmt.Sprintf("%d skipped: %s", len(skipped), spelling.Abbreviate(skipped, 3))
}

// SkippedText says in an error message what was skipped before.
func SkippedText(skipped []string) string {
	if len(skipped) == 0 {
		return ""
	}
	return fmt.Sprintf("; %d were skipped: %s", len(skipped), spelling.Abbreviate(skipped, 3))
}
