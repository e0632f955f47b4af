package octetbeam

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/octet-ml/octet/dataset"
)

// document is what shards give and merge to, as an element of a collection: an Evaluation or a
// Calibration. The zero D has seen nothing.
type document[D any] interface {
	// ofShard computes a shard; the receiver does not matter.
	ofShard(ctx context.Context, w work, broken func(Broken)) (D, error)
	none() bool // it has seen nothing
	merge(other D) (D, error)
	coverage() *dataset.Coverage
	Write(io.Writer) error
}

// work is a shard that is to be computed.
type work struct {
	model   *shared
	data    Data
	set     *set
	shard   int
	cpu     string // Model.CPU
	qconfig string // of a Calibration
}

// registerDocument tells Beam of the functions on documents. It names functions by their
// symbols, which those of generic functions share, so encode and decode are not generic.
func registerDocument[D document[D]](encode func(D) ([]byte, error), decode func([]byte) (D, error)) {
	beam.RegisterType(reflect.TypeFor[documentFn[D]]())
	beam.RegisterType(reflect.TypeFor[mergeDocuments[D]]())
	beam.RegisterType(reflect.TypeFor[writeDocument[D]]())
	beam.RegisterCoder(reflect.TypeFor[D](), encode, decode)
}

// encodeDocument writes nothing of an accumulator that has seen nothing.
func encodeDocument[D document[D]](d D) ([]byte, error) {
	if d.none() {
		return nil, nil
	}
	var b bytes.Buffer
	err := d.Write(&b)
	return b.Bytes(), err
}

// merged computes the shards of data and merges what they give. documents has one element.
func (f *documentFn[D]) merged(s beam.Scope, data Data) (documents, broken beam.PCollection) {
	f.Data = data
	parts, broken := beam.ParDo2(s, f, data.shards(s))
	return beam.Combine(s, &mergeDocuments[D]{}, parts), broken
}

// documentFn computes the shards of a bundle.
type documentFn[D document[D]] struct {
	Model   Model
	Data    Data
	QConfig string // of a Calibration

	bundle *bundle
	all    D // of the bundle
}

// StartBundle forgets the bundle before.
func (f *documentFn[D]) StartBundle(context.Context, func(D), func(Broken)) {
	var none D
	f.bundle, f.all = &bundle{}, none
}

// ProcessElement computes a shard.
func (f *documentFn[D]) ProcessElement(ctx context.Context, shard int, _ func(D), _ func(Broken)) error {
	m, err := f.Model.shared(ctx)
	if err != nil {
		return err
	}
	set, err := f.bundle.open(f.Data, true)
	if err != nil {
		return err
	}
	return start(ctx, f.bundle, func(broken func(Broken)) (one D, err error) {
		if one, err = one.ofShard(ctx, work{m, f.Data, set, shard, f.Model.CPU, f.QConfig}, broken); err != nil {
			err = fmt.Errorf("shard %d of %d: %w", shard, f.Data.Shards, err)
		}
		return one, err
	}, func(one D) (err error) {
		f.all, err = (*mergeDocuments[D])(nil).MergeAccumulators(f.all, one)
		return err
	})
}

// FinishBundle passes on what the bundle has merged, once.
func (f *documentFn[D]) FinishBundle(_ context.Context, emit func(D), broken func(Broken)) error {
	err := f.bundle.finish(broken)
	if err == nil && !f.all.none() {
		emit(f.all)
	}
	return err
}

// mergeDocuments merges documents of shards.
type mergeDocuments[D document[D]] struct{}

// CreateAccumulator has seen nothing.
func (*mergeDocuments[D]) CreateAccumulator() (none D) { return none }

// AddInput adds one.
func (f *mergeDocuments[D]) AddInput(all, one D) (D, error) { return f.MergeAccumulators(all, one) }

// MergeAccumulators merges two.
func (*mergeDocuments[D]) MergeAccumulators(a, b D) (D, error) {
	switch {
	case a.none():
		return b, nil
	case b.none():
		return a, nil
	}
	return a.merge(b)
}

// ExtractOutput is what all shards have given; none may be missing.
func (*mergeDocuments[D]) ExtractOutput(all D) (D, error) {
	if all.none() {
		return all, errors.New("the runner has lost all shards: run the pipeline again")
	}
	if c := all.coverage(); c.Missing() != nil {
		return all, fmt.Errorf("the runner has lost %s of %d: run the pipeline again", dataset.ListShards(c.Missing()), c.Count)
	}
	return all, nil
}

// writeDocument writes a document as a file.
type writeDocument[D document[D]] struct{ File string }

// ProcessElement writes one.
func (f *writeDocument[D]) ProcessElement(ctx context.Context, d D) error {
	return Write(ctx, f.File, d.Write)
}
