package octetbeam

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/internal/partlist"
	"github.com/octet-ml/octet/vision"
)

// Data is a set that every worker reads its shards of.
type Data struct {
	// Paths are a folder or an archive of images, an IDX file, a .npy or .npz, or several
	// archives: patterns val-{000..146}.tar, lists @FILE, addresses of http, https and s3, and
	// of the file systems that the program registers with Beam. All workers must see the same.
	Paths []string
	// Shards is how many pieces the set is cut into, which bundles are made of: a few for each
	// thread of all workers.
	Shards int
	// BatchSize is how many samples are computed at a time; 0 is octet.DefaultBatchSize.
	// Results do not depend on it.
	BatchSize int
	// MaxPixels leaves out larger images; 0 is vision.DefaultMaxPixels.
	MaxPixels int
	// Upright turns images as their EXIF orientation says.
	Upright bool
}

// Broken is a sample that could not be read.
type Broken struct {
	Name  string // of the sample in its set
	Error string // why
}

// mostShards bounds Shards, as one element of the pipeline stands for each.
const mostShards = 100_000

// shards are the numbers of the shards, each an element of its own.
func (d Data) shards(s beam.Scope) beam.PCollection {
	if len(d.Paths) == 0 || d.Shards < 1 || d.Shards > mostShards {
		panic(fmt.Sprintf("octetbeam: %d paths of data in %d shards: name data, and 1 to %d shards", len(d.Paths), d.Shards, mostShards))
	}
	all := make([]int, d.Shards)
	for i := range all {
		all[i] = i + 1
	}
	return beam.Reshuffle(s, beam.CreateList(s, all))
}

// set is opened data, of which shards are read side by side.
type set struct {
	name  string
	parts []dataset.Part

	key   setKey
	users int // bundles; guarded by processSets
}

// setKey is what decides how data is opened.
type setKey struct {
	paths     string
	maxPixels int
	upright   bool
	classes   bool // folders are classes
}

// processSets are the sets that bundles of this process read now: to open one may mean to unpack
// it.
var processSets struct {
	sync.Mutex
	open map[setKey]*set
}

// open opens the data, or takes what another bundle has opened.
func (d Data) open(classes bool) (*set, error) {
	key := setKey{strings.Join(d.Paths, "\n"), cmp.Or(d.MaxPixels, vision.DefaultMaxPixels), d.Upright, classes}
	all := &processSets
	all.Lock()
	defer all.Unlock()
	s := all.open[key]
	if s == nil {
		opts := []dataset.Option{dataset.WithDecoder(vision.Decoder{Upright: key.upright, MaxPixels: key.maxPixels})}
		if !classes {
			opts = append(opts, dataset.WithoutClasses())
		}
		parts, name, err := partlist.Open(d.Paths, ofBeam, opts...)
		if err != nil {
			return nil, err
		}
		s = &set{name: name, parts: parts, key: key}
		if all.open == nil {
			all.open = map[setKey]*set{}
		}
		all.open[key] = s
	}
	s.users++
	return s, nil
}

// close closes the set when no other bundle reads it.
func (s *set) close() {
	all := &processSets
	all.Lock()
	defer all.Unlock()
	if s.users--; s.users == 0 {
		delete(all.open, s.key)
		for _, p := range s.parts {
			p.Close()
		}
	}
}

// ofBeam opens an address of one of Beam's file systems.
func ofBeam(where string) partlist.Opener {
	return func(ctx context.Context) (io.ReadCloser, error) { return openRead(ctx, where) }
}

// shard reads shard i of s as the inputs of m, and says how images are prepared; a zero preset is
// that of arrays. Samples that cannot be read go to broken. With labels they are turned into
// classes of the model, which all samples then need.
func (d Data) shard(s *set, m *octet.Model, i int, labels bool, broken func(Broken)) (r *dataset.ShardReader, preset vision.Preset, err error) {
	takes := m.Inputs()
	if len(takes) != 1 {
		return nil, preset, fmt.Errorf("%s takes %v; one input, a batch of images or arrays, is expected here", m.File(), takes)
	}
	o := dataset.ShardOptions{Data: s.name, Skip: func(k dataset.SkippedSample) { broken(Broken{k.Name, k.Error}) }}
	o.DType, o.BatchSize, o.Workers = takes[0].DType, cmp.Or(d.BatchSize, octet.DefaultBatchSize), 1
	if shape := takes[0].Shape; len(shape) > 0 && shape[0] > 0 {
		o.BatchSize = shape[0]
	}
	if s.parts[0].Kind() == dataset.KindImages {
		if preset, _, err = m.Preset(); err != nil {
			return nil, preset, err
		}
		o.Preset = preset
	}
	if labels {
		if o.Label, err = classOf(m, s.parts[0].Classes()); err != nil {
			return nil, preset, err
		}
		if len(s.parts) > 1 {
			o.Folder = m.ClassOfFolders()
		}
	}
	r, err = dataset.NewShardReader(s.parts, dataset.Shard{Index: i, Count: d.Shards}, o)
	return r, preset, err
}

// classOf turns a label of the set, whose folders are classes unless there are none, into a
// class of the model.
func classOf(m *octet.Model, folders []string) (func(int) (int, error), error) {
	var classes []int
	if folders != nil {
		var err error
		if classes, _, err = m.MatchFolders(folders); err != nil {
			return nil, err
		}
	}
	return func(label int) (int, error) {
		switch {
		case label < 0:
			return 0, errors.New("it has no label: an evaluation needs one folder per class, or archives with the class of NAME.jpg in NAME.cls")
		case classes != nil:
			return classes[label], nil
		}
		return label, nil
	}, nil
}
