package octetbeam

import (
	"bytes"
	"context"
	"fmt"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/octet-ml/octet"
)

func init() {
	beam.RegisterType(reflect.TypeFor[evaluateFn]())
	beam.RegisterType(reflect.TypeFor[mergeEvaluations]())
	beam.RegisterType(reflect.TypeFor[Broken]())
	beam.RegisterCoder(reflect.TypeFor[Evaluation](), encodeEvaluation, decodeEvaluation)
}

// Evaluation is an octet.Tally as an element of a collection. Its Document is that of octet
// eval --shard.
type Evaluation struct{ *octet.Tally }

// Document writes the tally as JSON.
func (e Evaluation) Document() ([]byte, error) {
	var b bytes.Buffer
	err := e.Write(&b)
	return b.Bytes(), err
}

// encodeEvaluation writes nothing of an accumulator that has seen nothing.
func encodeEvaluation(e Evaluation) ([]byte, error) {
	if e.Tally == nil {
		return nil, nil
	}
	return e.Document()
}

func decodeEvaluation(text []byte) (e Evaluation, err error) {
	if len(text) > 0 {
		e.Tally, err = octet.ReadTally(bytes.NewReader(text))
	}
	return e, err
}

// Evaluate computes the labelled samples of data and counts the right answers. evaluation has
// one element, an Evaluation of the whole set; broken has a Broken for each sample that could
// not be read, which the evaluation counts as skipped.
func Evaluate(s beam.Scope, m Model, data Data) (evaluation, broken beam.PCollection) {
	s = s.Scope("octet.Evaluate")
	parts, broken := beam.ParDo2(s, &evaluateFn{Model: m, Data: data}, data.shards(s))
	return beam.Combine(s, &mergeEvaluations{}, parts), broken
}

// evaluateFn counts the right answers of the shards of a bundle.
type evaluateFn struct {
	Model Model
	Data  Data

	bundle *bundle
	all    Evaluation // of the bundle
}

// StartBundle forgets the bundle before.
func (f *evaluateFn) StartBundle(context.Context, func(Evaluation), func(Broken)) {
	f.bundle, f.all = &bundle{}, Evaluation{}
}

// ProcessElement evaluates a shard.
func (f *evaluateFn) ProcessElement(ctx context.Context, shard int, _ func(Evaluation), _ func(Broken)) error {
	m, err := f.Model.shared(ctx)
	if err != nil {
		return err
	}
	data, err := f.bundle.open(f.Data)
	if err != nil {
		return err
	}
	return start(ctx, f.bundle, func(broken func(Broken)) (Evaluation, error) {
		r, _, err := data.shard(m.model, shard, true, broken)
		if err != nil {
			return Evaluation{}, err
		}
		tally, err := m.session.Tally(ctx, r)
		if err != nil {
			return Evaluation{}, fmt.Errorf("shard %d of %d: %w", shard, f.Data.Shards, err)
		}
		return Evaluation{tally}, nil
	}, func(one Evaluation) (err error) {
		f.all, err = (*mergeEvaluations)(nil).MergeAccumulators(f.all, one)
		return err
	})
}

// FinishBundle passes on what the bundle has counted, once.
func (f *evaluateFn) FinishBundle(_ context.Context, emit func(Evaluation), broken func(Broken)) error {
	err := f.bundle.finish(broken)
	if err == nil && f.all.Tally != nil {
		emit(f.all)
	}
	return err
}

// mergeEvaluations adds evaluations of shards.
type mergeEvaluations struct{}

// CreateAccumulator has seen nothing.
func (*mergeEvaluations) CreateAccumulator() Evaluation { return Evaluation{} }

// AddInput adds one.
func (f *mergeEvaluations) AddInput(all, one Evaluation) (Evaluation, error) {
	return f.MergeAccumulators(all, one)
}

// MergeAccumulators adds one to the other.
func (*mergeEvaluations) MergeAccumulators(a, b Evaluation) (Evaluation, error) {
	switch {
	case a.Tally == nil:
		return b, nil
	case b.Tally == nil:
		return a, nil
	}
	sum := *a.Tally
	if err := sum.Merge(b.Tally); err != nil {
		return a, err
	}
	return Evaluation{&sum}, nil
}

// ExtractOutput is the sum, which must be of all shards.
func (*mergeEvaluations) ExtractOutput(all Evaluation) (Evaluation, error) {
	if all.Tally == nil {
		return all, errNoShard
	}
	return all, whole(&all.Shards)
}
