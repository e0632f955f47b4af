package octet

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/internal/compare"
)

// Evaluation is how often a model was right on labelled inputs.
type Evaluation struct {
	Accuracy
	// Classes is the accuracy on the inputs of each class, by its number.
	Classes []Accuracy
	// Undecided is the number of inputs that were answered with NaN, which is never right.
	Undecided int
	// NonFinite counts inputs that held NaN or infinite values themselves. Codes of an
	// int8 model do not show them: what it answers then means nothing.
	NonFinite NonFinite
	// Against says how the answers differ from a reference's; nil where there was none.
	Against *AnswerDifference
	// Skipped are the samples that could not be read and were left out.
	Skipped []dataset.SkipError
	// Took is the time of computing, without that of reading.
	Took time.Duration
}

// Accuracy counts right answers.
type Accuracy struct {
	Inputs int // all that were answered, right or wrong
	Top1   int // inputs whose class has the largest logit
	Top5   int // inputs whose class is among the five with the largest logits
}

// AnswerDifference counts, in whole numbers, how answers differ from a reference's.
type AnswerDifference = compare.Difference

// Interval is where a percentage lies with 95 % confidence, if the inputs are a random
// sample of what the model will see.
type Interval = compare.Interval

// Top1Percent is the share of Top1; 0 without inputs.
func (a Accuracy) Top1Percent() float64 { return percent(a.Top1, a.Inputs) }

// Top5Percent is the share of Top5; 0 without inputs.
func (a Accuracy) Top5Percent() float64 { return percent(a.Top5, a.Inputs) }

// Top1Interval is how sure Top1Percent is: Wilson's score interval.
func (a Accuracy) Top1Interval() Interval { return compare.ShareInterval(a.Top1, a.Inputs) }

// Top5Interval is how sure Top5Percent is.
func (a Accuracy) Top5Interval() Interval { return compare.ShareInterval(a.Top5, a.Inputs) }

func percent(n, total int) float64 { return 100 * float64(n) / float64(max(1, total)) }

// String is the top-1 accuracy with its interval.
func (a Accuracy) String() string {
	i := a.Top1Interval()
	return fmt.Sprintf("top-1 %.2f %% (%d of %d; %.2f to %.2f)", a.Top1Percent(), a.Top1, a.Inputs, i.Low, i.High)
}

func (a *Accuracy) add(ahead int) {
	a.Inputs++
	if ahead < 1 {
		a.Top1++
	}
	if ahead < 5 {
		a.Top5++
	}
}

// Evaluate computes m on a labelled set and counts the right answers. Its labels become
// classes of m as MatchClasses says, images are prepared as m.Preset says, and samples
// that cannot be read are skipped. The source stays the caller's to close.
func Evaluate(ctx context.Context, m *Model, source dataset.Source, opts ...CompileOption) (*Evaluation, error) {
	matched, _, err := m.MatchClasses(source)
	if err != nil {
		return nil, err
	}
	load := dataset.LoaderOptions{BatchSize: DefaultBatchSize, Workers: compileRecipe(opts).threads}
	if source.Kind() == dataset.KindImages {
		if load.Preset, _, err = m.Preset(); err != nil {
			return nil, err
		}
	}
	loader, err := dataset.NewLoader(matched, load)
	if err != nil {
		return nil, err
	}
	s, err := m.Compile(opts...)
	if err != nil {
		return nil, err
	}
	e, err := s.Evaluate(ctx, loader.Batches(ctx))
	if err != nil {
		return nil, err
	}
	e.Skipped = loader.Skipped()
	return e, nil
}

// Evaluate computes labelled batches, as a dataset.Loader reads them, and counts the
// right answers. The labels are classes of the model: MatchClasses makes them so.
func (s *Session) Evaluate(ctx context.Context, batches iter.Seq2[*dataset.Batch, error]) (*Evaluation, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	return s.evaluation(ctx, nil, batches)
}

// EvaluateAgainst is Evaluate that also counts how the answers differ from those that
// reference, such as the float model that s was made from, gives to the same inputs.
func (s *Session) EvaluateAgainst(ctx context.Context, reference *Session, batches iter.Seq2[*dataset.Batch, error]) (*Evaluation, error) {
	if err := s.checkReference(reference); err != nil {
		return nil, err
	}
	return s.evaluation(ctx, reference, batches)
}

// checkReference finds sessions that are none, or that decide between other classes.
func (s *Session) checkReference(reference *Session) error {
	if err := errors.Join(s.check(), reference.check()); err != nil {
		return err
	}
	if a, b := s.model.Classes(), reference.model.Classes(); a != b {
		return fmt.Errorf("%s has %d classes and %s has %d: compare models of the same classes", s.model.name(), a, reference.model.name(), b)
	}
	return nil
}

func (s *Session) evaluation(ctx context.Context, reference *Session, batches iter.Seq2[*dataset.Batch, error]) (*Evaluation, error) {
	if batches == nil {
		return nil, errNil("stream of batches", "a dataset.Loader reads one")
	}
	e := s.newEvaluation(reference)
	for b, err := range batches {
		if err != nil {
			return nil, err
		}
		if err := s.evaluate(ctx, e, b, reference); err != nil {
			return nil, err
		}
	}
	if e.Inputs == 0 {
		return nil, errors.New("there are no inputs to evaluate the model on")
	}
	return e, nil
}

// newEvaluation has seen nothing. reference may be nil.
func (s *Session) newEvaluation(reference *Session) *Evaluation {
	e := &Evaluation{Classes: make([]Accuracy, compare.Classes(s.model.Classes()))}
	if reference != nil {
		e.Against = &AnswerDifference{Bins: []compare.ErrorBin{}}
	}
	return e
}

// evaluate counts the answers to a batch, and how they differ from those of reference, unless
// that is nil.
func (s *Session) evaluate(ctx context.Context, e *Evaluation, b *dataset.Batch, reference *Session) error {
	if b == nil {
		return errNil("batch", "a dataset.Loader reads them")
	}
	start := time.Now()
	y, err := s.Run(ctx, b.Input)
	e.Took += time.Since(start)
	if err != nil {
		return err
	}
	n := y.Dim(0)
	if len(b.Labels) != n || len(b.Names) != n {
		return fmt.Errorf("a batch of %d inputs has %d labels and %d names", n, len(b.Labels), len(b.Names))
	}
	found, _ := CountNonFinite(b.Input)
	e.NonFinite.Add(found)
	k := y.Numel() / n
	for i, label := range b.Labels {
		if err := e.add(y.Float32s()[i*k:(i+1)*k], label); err != nil {
			return fmt.Errorf("%s: %w", b.Names[i], err)
		}
	}
	if reference == nil {
		return nil
	}
	want, err := reference.Run(ctx, b.Input)
	if err != nil {
		return err
	}
	if want.Numel() != y.Numel() {
		return fmt.Errorf("%s gives %v and %s gives %v: compare models of the same outputs", s.model.name(), y, reference.model.name(), want)
	}
	for i, label := range b.Labels {
		if err := e.Against.Add(label, want.Float32s()[i*k:(i+1)*k], y.Float32s()[i*k:(i+1)*k]); err != nil {
			return fmt.Errorf("%s: %w", b.Names[i], err)
		}
	}
	return nil
}

// add counts the answer to one input, whose class is label.
func (e *Evaluation) add(logits []float32, label int) error {
	if label < 0 || label >= len(e.Classes) {
		return fmt.Errorf("its label is %d; the model has the classes 0..%d", label, len(e.Classes)-1)
	}
	ahead := compare.Ahead(logits, label)
	e.Accuracy.add(ahead)
	e.Classes[label].add(ahead)
	if slices.ContainsFunc(logits, func(v float32) bool { return math.IsNaN(float64(v)) }) {
		e.Undecided++
	}
	return nil
}
