package inputs

import (
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/internal/partlist"
	"github.com/octet-ml/octet/vision"
)

// ShardFlags say which part of the data a command takes.
type ShardFlags struct {
	Shard string // --shard: I/N, or auto; empty takes all data, as one
	CPU   string // --cpu: the instruction sets of float arithmetic; empty allows all
}

// Register adds the flags to a command, whose file of the flag called output the shard makes.
func (f *ShardFlags) Register(cmd *cobra.Command, output string) {
	cmd.Flags().StringVar(&f.Shard, "shard", "", "take `I/N`, part I of N of the data, which are disjoint and together all of it, and write --"+output+
		" for octet merge; 1/1 is all of it; auto takes the number of this task from Kubernetes, Slurm, AWS Batch or Cloud Run")
	cmd.Flags().StringVar(&f.CPU, "cpu", "", "with --shard: limit the instruction sets to such as `avx2+fma`, so that machines of several kinds give the same bits of float arithmetic; int8 gives them anyway")
}

// Check refuses --cpu without --shard.
func (f *ShardFlags) Check() error {
	if f.CPU != "" && f.Shard == "" {
		return exit.Usagef("--cpu goes with --shard")
	}
	return nil
}

// parse reads the flag.
func (f *ShardFlags) parse() (s dataset.Shard, err error) {
	if f.Shard == "auto" {
		s, err = dataset.ShardOfTask(os.LookupEnv)
	} else {
		s, err = dataset.ParseShard(f.Shard)
	}
	if err != nil {
		return s, exit.Usagef("--shard %s: %v", f.Shard, err)
	}
	return s, nil
}

// ShardData is one shard of a set of inputs.
type ShardData struct {
	*dataset.ShardReader
	Shard  dataset.Shard // which it is
	Preset vision.Preset // how images are prepared; zero of arrays
	parts  []dataset.Part
	images *imageWatch
	c      *console.Console
	gc     int // of the garbage collector, before the shard was opened
}

// gcPercent has the garbage collector run more often than usual while a shard is read: the
// longer a run is, the more probable is that all goroutines hold most of what they ever hold,
// and memory is not to grow with the set.
const gcPercent = 25

// Close lets go of the files.
func (d *ShardData) Close() {
	debug.SetGCPercent(d.gc)
	for _, p := range d.parts {
		p.Close()
	}
}

// shardLabels make classes of the model.
type shardLabels struct {
	// of says how, from the labels of the first part of a set; several, whether there are more.
	of func(first dataset.Part, several bool) (func(int) (int, error), error)
	// folder does, of a set of several parts, from the folders of samples without a label.
	folder func(folders []string) (int, error)
}

// OpenShard opens a shard of the inputs at paths. nil labels leave what the set has.
func (f *DataFlags) OpenShard(c *console.Console, model *octet.Model, shard ShardFlags, paths []string,
	labels *shardLabels, opts ...dataset.Option) (*ShardData, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	if f.Limit > 0 {
		return nil, exit.Usagef("--limit and --shard: a shard is taken whole; --shard 1/100 takes a hundredth")
	}
	which, err := shard.parse()
	if err != nil {
		return nil, err
	}
	if err := TakesImages(model); err != nil {
		return nil, err
	}
	opts = append(opts, dataset.WithDecoder(vision.Decoder{Upright: f.Exif, Strict: f.Strict, MaxPixels: f.MaxPixels}),
		dataset.WithNotes(func(text string) { c.Note("%s", text) }))
	d := &ShardData{Shard: which, c: c, images: &imageWatch{c: c, limit: f.MaxPixels}, gc: debug.SetGCPercent(gcPercent)}
	done := false
	defer func() {
		if !done {
			d.Close()
		}
	}()
	name := ""
	if d.parts, name, err = partlist.Open(paths, nil, opts...); err != nil {
		return nil, exit.WithCode(exit.Data, exit.AdviseMissing(err, "give a folder or tar archive of images, tars as a-{000..146}.tar or @FILE with one on each line, an IDX file, a .npy or a .npz"))
	}
	o := dataset.ShardOptions{Data: name, See: func(at dataset.Place, s dataset.Sample) {
		if s.Image != nil {
			d.images.see(at.Part<<40|at.Index, s)
		}
	}}
	o.DType, o.BatchSize, o.Workers, o.Strict = model.Inputs()[0].DType, f.BatchSize, f.Threads, f.Strict
	if takes := model.Inputs()[0].Shape; len(takes) > 0 && takes[0] > 0 {
		o.BatchSize = takes[0]
	}
	if d.parts[0].Kind() == dataset.KindImages {
		preset, assumed, err := model.Preset()
		if err != nil {
			return nil, exit.WithCode(exit.Data, err)
		}
		if assumed {
			c.Note("assumed: %s", PresetAssumed(preset))
		}
		d.Preset, o.Preset = preset, preset
	}
	if labels != nil {
		several := len(d.parts) > 1
		if o.Label, err = labels.of(d.parts[0], several); err != nil {
			return nil, exit.WithCode(exit.Data, err)
		}
		if several {
			o.Folder = labels.folder
		}
	}
	if d.ShardReader, err = dataset.NewShardReader(d.parts, which, o); err != nil {
		return nil, exit.WithCode(exit.Data, err)
	}
	done = true
	return d, nil
}

// Report says what was skipped.
func (d *ShardData) Report() {
	s := d.Skipped()
	for _, one := range s.First {
		d.c.Warn("skipped: %s: %s", one.Name, one.Error)
	}
	if more := s.Count - len(s.First); more > 0 {
		d.c.Warn("skipped: %d more", more)
	}
}

// Watched has done called with the number of samples taken, and returns the reader.
func (d *ShardData) Watched(done func(n int)) *dataset.ShardReader {
	d.Progress(done)
	return d.ShardReader
}
