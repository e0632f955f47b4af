package inputs

import (
	"errors"
	"fmt"
	"os"
	"path"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/dataset"
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

// OpenShard opens a shard of the inputs at paths. labels makes classes of the model from the
// labels of the set's only part; nil leaves them.
func (f *DataFlags) OpenShard(c *console.Console, model *octet.Model, shard ShardFlags, paths []string,
	labels func(dataset.Part) (func(int) (int, error), error), opts ...dataset.Option) (*ShardData, error) {
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
	if d.parts, name, err = openParts(paths, opts); err != nil {
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
		if o.Label, err = labels(d.parts[0]); err != nil {
			return nil, exit.WithCode(exit.Data, err)
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

// openParts opens what paths name, and says what the set is called.
func openParts(paths []string, opts []dataset.Option) (parts []dataset.Part, name string, err error) {
	all, err := ExpandAll(paths)
	if err != nil {
		return nil, "", err
	}
	if len(all) == 0 {
		return nil, "", errors.New("the list of data is empty")
	}
	for _, p := range all {
		part, err := openPart(p, len(all) > 1, opts)
		if err != nil {
			for _, opened := range parts {
				opened.Close()
			}
			return nil, "", err
		}
		parts = append(parts, part)
	}
	name = parts[0].Name()
	if len(parts) > 1 {
		name = fmt.Sprintf("%s … %s, %d parts", name, parts[len(parts)-1].Name(), len(parts))
	}
	return parts, name, nil
}

// openPart opens one path. Archives of a list are not opened before they are read, so that a
// shard touches only its own.
func openPart(where string, listed bool, opts []dataset.Option) (dataset.Part, error) {
	if remote(where) {
		return openRemote(where, opts)
	}
	if !listed {
		return dataset.OpenPart(where, opts...)
	}
	return dataset.OpenPart(where, append(opts, dataset.WithoutClasses())...)
}

// ExpandAll expands lists and patterns among paths.
func ExpandAll(paths []string) (all []string, err error) {
	for _, p := range paths {
		more, err := expand(p)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// expand reads @FILE, a list with a path on each line, and a-{000..146}.tar.
func expand(where string) ([]string, error) {
	list, ok := strings.CutPrefix(where, "@")
	if !ok {
		return braces(where)
	}
	lines, err := readLines(list)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, line := range lines {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			all = append(all, line)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s lists nothing: write one path or address on each line", list)
	}
	return all, nil
}

// mostParts bounds how many archives a pattern stands for.
const mostParts = 1_000_000

// braces expands one {first..last} of numbers of equal width, as WebDataset writes archives.
func braces(where string) ([]string, error) {
	before, rest, ok := strings.Cut(where, "{")
	span, after, closed := strings.Cut(rest, "}")
	first, last, ranged := strings.Cut(span, "..")
	var a, b int
	if !ok || !closed || !ranged || !number(first, &a) || !number(last, &b) {
		return []string{where}, nil
	}
	if a > b || b-a >= mostParts {
		return nil, fmt.Errorf("%s: {%s} has to rise, and to stand for at most %d parts", where, span, mostParts)
	}
	var all []string
	for i := a; i <= b; i++ {
		all = append(all, fmt.Sprintf("%s%0*d%s", before, len(first), i, after))
	}
	return all, nil
}

func number(text string, n *int) bool {
	if text == "" || len(text) > 9 || strings.Trim(text, "0123456789") != "" {
		return false
	}
	fmt.Sscanf(text, "%d", n)
	return true
}

// remote reports whether where is an address.
func remote(where string) bool { return strings.Contains(where, "://") }

// baseOf is what the part at an address is called.
func baseOf(where string) string {
	where, _, _ = strings.Cut(where, "?")
	return path.Base(where)
}

// Watched has done called with the number of samples taken, and returns the reader.
func (d *ShardData) Watched(done func(n int)) *dataset.ShardReader {
	d.Progress(done)
	return d.ShardReader
}
