package octet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/ptq"
)

// Tally is an Evaluation in whole numbers, which those of other shards are added to: of all
// shards of a set it is, to the byte, that of one run over the set.
type Tally struct {
	Origin
	Accuracy
	// Classes is the accuracy on the inputs of each class, by its number.
	Classes []Accuracy
	// Undecided is the number of inputs that were answered with NaN, which is never right.
	Undecided int
	// NonFinite counts inputs that held NaN or infinite values themselves.
	NonFinite NonFinite
	// Against says how the answers differ from a reference's; nil where there was none.
	Against *ReferenceDifference
	// Skipped are the samples that could not be read.
	Skipped dataset.Skipped
}

// ReferenceDifference is an AnswerDifference, and from whose answers.
type ReferenceDifference struct {
	Model string `json:"model"`          // fingerprint of the reference
	Arch  string `json:"arch,omitempty"` // its architecture; empty of a model with a graph of its own
	Kind  string `json:"kind"`           // int8 or float
	AnswerDifference
}

// Origin says of which model and which samples something was computed.
type Origin struct {
	Model string `json:"model"`          // fingerprint of the graph with its weights
	Arch  string `json:"arch,omitempty"` // architecture; empty of a model with a graph of its own
	Kind  string `json:"kind"`           // int8 or float
	// CPU lists the instruction sets that float arithmetic depends on; empty where all is
	// in whole numbers, whose results do not depend on them.
	CPU    string           `json:"cpu,omitempty"`
	Shards dataset.Coverage `json:"data"` // the samples
}

// Check refuses what no run writes, as damaged files hold.
func (o *Origin) Check() error {
	if o.Model == "" || o.Kind != "int8" && o.Kind != "float" {
		return errors.New("it does not say which model it is of")
	}
	return o.Shards.Check()
}

// Merge adds the samples of another shard. Errors match dataset.ErrForeign where the two do
// not belong together.
func (o *Origin) Merge(p *Origin) error {
	switch {
	case o.Model != p.Model || o.Kind != p.Kind || o.Arch != p.Arch:
		return dataset.Foreign("they are of two models, %s %s (fingerprint %.12s) and %s %s (%.12s)", o.Kind, o.Arch, o.Model, p.Kind, p.Arch, p.Model)
	case o.CPU != p.CPU:
		return dataset.Foreign("they were computed with other instruction sets, %s and %s, which the float layers depend on: limit all shards to those that every machine has", orNone(o.CPU), orNone(p.CPU))
	}
	return o.Shards.Merge(&p.Shards)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// Origin identifies what s computes of a shard that was read to its end.
func (s *Session) Origin(shard *dataset.ShardReader) (Origin, error) {
	if err := s.check(); err != nil {
		return Origin{}, err
	}
	if shard == nil {
		return Origin{}, errNil("shard", "dataset.NewShardReader returns one")
	}
	o := Origin{Arch: s.model.Arch(), Kind: s.model.kind()}
	seen, err := shard.Coverage()
	if err != nil {
		return o, err
	}
	o.Shards = *seen
	if s.model.computesFloat() {
		if o.CPU, err = floatCPU(s.cpu); err != nil {
			return o, err
		}
	}
	o.Model, err = s.model.Fingerprint()
	return o, err
}

// kind is int8 or float.
func (m *Model) kind() string {
	if m.quantized {
		return "int8"
	}
	return "float"
}

// Fingerprint identifies the model's graph with its weights, all of which it reads: the
// Origin of what a session computes holds it.
func (m *Model) Fingerprint() (string, error) {
	if err := m.check(); err != nil {
		return "", err
	}
	return ptq.Fingerprint(m.graph)
}

// Tally computes a shard of a labelled set and counts the right answers. The labels are
// classes of the model: ShardOptions.Label makes them so. A shard may be empty.
func (s *Session) Tally(ctx context.Context, shard *dataset.ShardReader) (*Tally, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	return s.tally(ctx, nil, shard)
}

// TallyAgainst is Tally that also counts how the answers differ from those that reference, such
// as the float model that s was made from, gives to the same inputs.
func (s *Session) TallyAgainst(ctx context.Context, reference *Session, shard *dataset.ShardReader) (*Tally, error) {
	if err := s.checkReference(reference); err != nil {
		return nil, err
	}
	return s.tally(ctx, reference, shard)
}

func (s *Session) tally(ctx context.Context, reference *Session, shard *dataset.ShardReader) (*Tally, error) {
	if shard == nil {
		return nil, errNil("shard", "dataset.NewShardReader returns one")
	}
	e := s.newEvaluation(reference)
	for b, err := range shard.Batches(ctx) {
		if err != nil {
			return nil, err
		}
		if err := s.evaluate(ctx, e, b, reference); err != nil {
			return nil, err
		}
	}
	t := &Tally{Accuracy: e.Accuracy, Classes: e.Classes, Undecided: e.Undecided, NonFinite: e.NonFinite, Skipped: shard.Skipped()}
	var err error
	if t.Origin, err = s.Origin(shard); err != nil || reference == nil {
		return t, err
	}
	r := reference.model
	t.Against = &ReferenceDifference{Arch: r.Arch(), Kind: r.kind(), AnswerDifference: *e.Against}
	if t.Against.Model, err = r.Fingerprint(); err == nil && r.computesFloat() {
		t.CPU, err = floatCPU(reference.cpu)
	}
	return t, err
}

// Merge adds the counts of another shard. Errors match dataset.ErrForeign where the two do
// not belong together; t is then what it was.
func (t *Tally) Merge(o *Tally) error {
	if o == nil {
		return errNil("tally", "Session.Tally returns one")
	}
	if len(t.Classes) != len(o.Classes) {
		return dataset.Foreign("they count %d and %d classes", len(t.Classes), len(o.Classes))
	}
	if err := t.sameReference(o); err != nil {
		return err
	}
	if err := t.Origin.Merge(&o.Origin); err != nil {
		return err
	}
	if t.Against != nil {
		both := *t.Against
		both.Merge(&o.Against.AnswerDifference)
		t.Against = &both
	}
	t.Accuracy.merge(o.Accuracy)
	t.Classes = slices.Clone(t.Classes)
	for i := range t.Classes {
		t.Classes[i].merge(o.Classes[i])
	}
	t.Undecided += o.Undecided
	t.NonFinite.Add(o.NonFinite)
	t.Skipped.Merge(o.Skipped)
	return nil
}

// sameReference refuses to add what was compared with other answers.
func (t *Tally) sameReference(o *Tally) error {
	a, b := t.Against, o.Against
	switch {
	case (a == nil) != (b == nil):
		return dataset.Foreign("one of them was compared with a reference and the other was not")
	case a != nil && a.Model != b.Model:
		return dataset.Foreign("they were compared with two references, %s %s (fingerprint %.12s) and %s %s (%.12s)", a.Kind, a.Arch, a.Model, b.Kind, b.Arch, b.Model)
	}
	return nil
}

func (a *Accuracy) merge(o Accuracy) {
	a.Inputs, a.Top1, a.Top5 = a.Inputs+o.Inputs, a.Top1+o.Top1, a.Top5+o.Top5
}

// tallyVersion is the version of the JSON form.
const tallyVersion = 1

// tallyJSON is the form of a Tally in files. Classes are [inputs, top-1, top-5] each.
type tallyJSON struct {
	Version int `json:"octet_evaluation"`
	Origin
	Images    int             `json:"images"`
	Top1      int             `json:"top1_correct"`
	Top5      int             `json:"top5_correct"`
	Undecided int             `json:"undecided,omitempty"`
	NonFinite *NonFinite      `json:"non_finite,omitempty"`
	Skipped   dataset.Skipped `json:"skipped"`
	Classes   [][3]int        `json:"classes"`

	Against *ReferenceDifference `json:"against,omitempty"`
}

// Write writes t as JSON.
func (t *Tally) Write(w io.Writer) error {
	if w == nil {
		return errNil("writer", "os.Create returns one")
	}
	j := tallyJSON{Version: tallyVersion, Origin: t.Origin, Images: t.Inputs, Top1: t.Top1, Top5: t.Top5, Undecided: t.Undecided, Skipped: t.Skipped, Against: t.Against}
	if t.NonFinite != (NonFinite{}) {
		j.NonFinite = &t.NonFinite
	}
	for _, c := range t.Classes {
		j.Classes = append(j.Classes, [3]int{c.Inputs, c.Top1, c.Top5})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	enc.SetEscapeHTML(false)
	return enc.Encode(j)
}

// ReadTally reads what Write wrote.
func ReadTally(r io.Reader) (*Tally, error) {
	if r == nil {
		return nil, errNil("reader", "os.Open returns one")
	}
	var j tallyJSON
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(&j); err != nil {
		return nil, fmt.Errorf("not an evaluation of a shard: %w: evaluate again", err)
	}
	if j.Version != tallyVersion {
		return nil, fmt.Errorf("an evaluation of version %d; this octet reads %d: evaluate again", j.Version, tallyVersion)
	}
	t := &Tally{Origin: j.Origin, Accuracy: Accuracy{j.Images, j.Top1, j.Top5}, Undecided: j.Undecided, Skipped: j.Skipped, Against: j.Against}
	if j.NonFinite != nil {
		t.NonFinite = *j.NonFinite
	}
	var sum Accuracy
	for _, c := range j.Classes {
		a := Accuracy{c[0], c[1], c[2]}
		if a.Top1 < 0 || a.Top1 > a.Top5 || a.Top5 > a.Inputs {
			return nil, fmt.Errorf("the evaluation is damaged: a class with %d of %d right: evaluate again", a.Top1, a.Inputs)
		}
		sum.merge(a)
		t.Classes = append(t.Classes, a)
	}
	err := t.Check()
	if err == nil && (sum != t.Accuracy || t.Inputs+t.Skipped.Count != t.Shards.Samples || t.Skipped.Count < 0) {
		err = errors.New("its counts do not add up")
	}
	if a := t.Against; err == nil && a != nil {
		if err = a.Check(t.Inputs); a.Model == "" || a.Kind != "int8" && a.Kind != "float" {
			err = errors.New("it does not say which reference it was compared with")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the evaluation is damaged: %w: evaluate again", err)
	}
	return t, nil
}
