package octetbeam

import (
	"context"
	"fmt"
	"io"
	"path"
	"reflect"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/octet-ml/octet"
)

func init() {
	beam.RegisterType(reflect.TypeFor[predictFn]())
}

// Predict computes the samples of data and writes a file of predictions for each shard, as
// octet run --shard does; octet merge joins them. Of output out/x.jsonl the files are
// out/x-00001-of-00004.jsonl and so on. A file is complete or absent, and one that is written
// again has the same bytes. files has their names; broken is that of Evaluate.
func Predict(s beam.Scope, m Model, data Data, top int, output string) (files, broken beam.PCollection) {
	if top < 1 || output == "" {
		panic(fmt.Sprintf("octetbeam: the top %d classes for %q: ask for 1 at least, and name a file", top, output))
	}
	s = s.Scope("octet.Predict")
	return beam.ParDo2(s, &predictFn{Model: m, Data: data, Top: top, Output: output}, data.shards(s))
}

// predictFn writes the predictions of shards.
type predictFn struct {
	Model  Model
	Data   Data
	Top    int
	Output string

	bundle *bundle
	files  []string // of the bundle
}

// StartBundle forgets the bundle before.
func (f *predictFn) StartBundle(context.Context, func(string), func(Broken)) {
	f.bundle, f.files = &bundle{}, nil
}

// ProcessElement writes those of one.
func (f *predictFn) ProcessElement(ctx context.Context, shard int, _ func(string), _ func(Broken)) error {
	m, err := f.Model.shared(ctx)
	if err != nil {
		return err
	}
	set, err := f.bundle.open(f.Data, false)
	if err != nil {
		return err
	}
	return start(ctx, f.bundle, func(broken func(Broken)) (string, error) {
		r, _, err := f.Data.shard(set, m.model, shard, false, broken)
		if err != nil {
			return "", err
		}
		name := ShardFile(f.Output, shard, f.Data.Shards)
		return name, Write(ctx, name, func(w io.Writer) error {
			seen, err := m.session.Predict(ctx, r, f.Top, func(line octet.PredictionLine) error { return line.Write(w) })
			if err != nil {
				return fmt.Errorf("shard %d of %d: %w", shard, f.Data.Shards, err)
			}
			return seen.Write(w)
		})
	}, func(name string) error {
		f.files = append(f.files, name)
		return nil
	})
}

// FinishBundle passes on the names of the files.
func (f *predictFn) FinishBundle(_ context.Context, file func(string), broken func(Broken)) error {
	err := f.bundle.finish(broken)
	if err == nil {
		for _, name := range f.files {
			file(name)
		}
	}
	return err
}

// ShardFile is the name that Predict gives the file of shard i of n.
func ShardFile(output string, i, n int) string {
	ending := path.Ext(output)
	return fmt.Sprintf("%s-%05d-of-%05d%s", strings.TrimSuffix(output, ending), i, n, ending)
}
