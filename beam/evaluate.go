package octetbeam

import (
	"bytes"
	"context"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/dataset"
)

func init() { registerDocument(encodeEvaluation, decodeEvaluation) }

// Evaluation is an octet.Tally as an element of a collection. Its Write gives the file of octet
// eval --shard.
type Evaluation struct{ *octet.Tally }

func encodeEvaluation(e Evaluation) ([]byte, error) { return encodeDocument(e) }

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
	return (&documentFn[Evaluation]{Model: m}).merged(s.Scope("octet.Evaluate"), data)
}

// WriteEvaluation writes the only element of evaluations as a file, which octet merge reads.
func WriteEvaluation(s beam.Scope, file string, evaluations beam.PCollection) {
	beam.ParDo0(s.Scope("octet.WriteEvaluation"), &writeDocument[Evaluation]{file}, evaluations)
}

func (Evaluation) ofShard(ctx context.Context, w work, broken func(Broken)) (e Evaluation, err error) {
	r, _, err := w.data.shard(w.set, w.model.model, w.shard, true, broken)
	if err == nil {
		e.Tally, err = w.model.session.Tally(ctx, r)
	}
	return e, err
}

func (e Evaluation) none() bool                  { return e.Tally == nil }
func (e Evaluation) coverage() *dataset.Coverage { return &e.Shards }

func (e Evaluation) merge(other Evaluation) (Evaluation, error) {
	sum := *e.Tally
	err := sum.Merge(other.Tally)
	return Evaluation{&sum}, err
}
