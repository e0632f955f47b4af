package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/tensor"
)

// Teacher gives the logits of a batch, float32 [N, classes], that the model is to
// come near to.
type Teacher func(ctx context.Context, x *tensor.Tensor) ([]float32, error)

// Trainer is a training under way.
type Trainer struct {
	cfg       Config
	model     Model
	data      *Data
	teacher   Teacher
	optimizer *optimizer
	average   *average // nil without

	identity *dataset.Identity // of the data, once it was read for it
	samples  *tensor.Tensor    // of identity, as checkpoints hold them

	step     int // the next one
	epoch    meter
	frozen   bool // batch norms
	settled  bool // observers
	learning bool // scales

	divergence divergence

	// Checkpoint, where set, is the file that the state is saved to every
	// CheckpointEvery steps, and when Run ends for whatever reason but a broken
	// state; 0 saves at the end only.
	Checkpoint      string
	CheckpointEvery int
	// Label says in checkpoints what is trained, and Settings what beside recipe and
	// data decides its numbers: where it started, how it is quantized. A checkpoint of
	// another is refused.
	Label    string
	Settings dataset.Settings
	// OnStep is called behind every step, OnEpoch behind every epoch, with the state
	// of then; an error of OnEpoch ends the training.
	OnStep  func(Progress)
	OnEpoch func(Progress) error
	// OnDivergence is called once, when the loss shows that the model gets worse.
	OnDivergence func(Divergence)
}

// Progress says how far training is.
type Progress struct {
	Step  int `json:"step"`  // steps done
	Steps int `json:"steps"` // steps of the whole training
	Epoch int `json:"epoch"` // epochs done
	// Loss and Accuracy are of the step's batch; MeanLoss and MeanAccuracy of the
	// epoch so far. Accuracies are shares.
	Loss         float64 `json:"loss"`
	Accuracy     float64 `json:"accuracy"`
	MeanLoss     float64 `json:"mean_loss"`
	MeanAccuracy float64 `json:"mean_accuracy"`
	Rate         float64 `json:"lr"` // learning rate of the step
	// Length is that of the gradient before clipping.
	Length float64 `json:"gradient_norm"`
	// Phase says what of a quantized model still moves.
	Phase   string  `json:"phase,omitempty"`
	Seconds float64 `json:"seconds"` // of the step
}

// meter averages over an epoch.
type meter struct {
	Loss  float64 `json:"loss"`
	Right int     `json:"right"`
	Seen  int     `json:"seen"`
	Steps int     `json:"steps"`
}

// ErrDiverged: the loss or the gradient is no number any more.
var ErrDiverged = errors.New("the training has diverged")

// New prepares a training. teacher is nil unless the loss distills.
func New(model Model, data *Data, cfg Config, teacher Teacher) (*Trainer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if err := data.check(); err != nil {
		return nil, err
	}
	if cfg.Loss.Distill > 0 && teacher == nil {
		return nil, errors.New("distillation needs a teacher")
	}
	t := &Trainer{cfg: cfg, model: model, data: data, teacher: teacher, optimizer: newOptimizer(cfg.Optimizer, model.Params(), model.Threads())}
	if cfg.EMA > 0 {
		t.average = newAverage(cfg.EMA, model.Params())
	}
	return t, nil
}

// Steps is the number of steps of the whole training.
func (t *Trainer) Steps() int {
	n := t.cfg.Epochs * t.PerEpoch()
	if t.cfg.Steps > 0 {
		n = min(n, t.cfg.Steps)
	}
	return n
}

// PerEpoch is the number of steps of an epoch.
func (t *Trainer) PerEpoch() int { return t.data.perEpoch(t.cfg) }

// Step is the number of steps done.
func (t *Trainer) Step() int { return t.step }

// Config is the recipe.
func (t *Trainer) Config() Config { return t.cfg }

// Run trains until all steps are done, ctx ends or something fails. A step that
// has begun is finished. With a Checkpoint the state is saved then, unless it
// holds NaN, so that a later Resume goes on as if nothing had happened.
func (t *Trainer) Run(ctx context.Context) error {
	if t.Checkpoint != "" {
		if err := t.Identify(ctx, nil); err != nil {
			return err
		}
	}
	err := t.run(ctx)
	if t.Checkpoint == "" || errors.Is(err, ErrDiverged) {
		return err
	}
	if saveErr := t.Save(t.Checkpoint); saveErr != nil && err == nil {
		err = saveErr
	}
	return err
}

func (t *Trainer) run(ctx context.Context) error {
	if t.step >= t.Steps() {
		return nil
	}
	for b, err := range t.data.batches(ctx, t.cfg, t.step) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return err
		}
		if err := t.freeze(); err != nil {
			return err
		}
		p, err := t.take(context.WithoutCancel(ctx), b)
		if err != nil {
			return err
		}
		if t.OnStep != nil {
			t.OnStep(p)
		}
		t.watch(p)
		if t.epochEnds() {
			if t.OnEpoch != nil {
				if err := t.OnEpoch(p); err != nil {
					return err
				}
			}
			t.epoch = meter{}
		}
		if t.step == t.Steps() {
			return nil
		}
		if t.Checkpoint != "" && t.CheckpointEvery > 0 && t.step%t.CheckpointEvery == 0 {
			if err := t.Save(t.Checkpoint); err != nil {
				return err
			}
		}
	}
	return ctx.Err() // the batches end early only with it
}

// freeze freezes what the schedule says.
func (t *Trainer) freeze() error {
	q, ok := t.model.(Quantizing)
	if !ok {
		return nil
	}
	done := float64(t.step) / float64(t.Steps())
	if t.cfg.LearnScales && t.step > 0 && !t.learning {
		t.learning = true
		q.LearnScales()
	}
	if !t.settled && t.cfg.FreezeObservers < 1 && done >= t.cfg.FreezeObservers {
		q.FreezeObservers()
		t.settled = true
	}
	if !t.frozen && t.cfg.FreezeNorms < 1 && done >= t.cfg.FreezeNorms {
		t.frozen = true
		return q.FreezeNorms()
	}
	return nil
}

// phase describes what freeze has left to move.
func (t *Trainer) phase() string {
	if _, ok := t.model.(Quantizing); !ok {
		return ""
	}
	switch {
	case t.frozen:
		return "batch norms frozen"
	case t.learning:
		return "scales learned"
	case t.settled:
		return "observers frozen"
	}
	return "observing"
}

// take takes one step.
func (t *Trainer) take(ctx context.Context, b *Batch) (Progress, error) {
	start := time.Now()
	logits, err := t.model.Forward(ctx, b.X)
	if err != nil {
		return Progress{}, t.failed(err)
	}
	var teacher []float32
	if t.cfg.Loss.Distill > 0 {
		if teacher, err = t.teacher(ctx, b.X); err != nil {
			return Progress{}, t.failed(fmt.Errorf("the teacher: %w", err))
		}
	}
	loss, err := t.cfg.Loss.Gradient(t.model.Gradient(), logits, b.Labels, teacher)
	if err != nil {
		return Progress{}, t.failed(err)
	}
	right := rightOf(logits, b.Labels)
	rate := t.cfg.Optimizer.LearningRate * t.cfg.Schedule.At(t.step, t.Steps())
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return Progress{}, t.diverged("loss", loss, rate)
	}
	if err := t.model.Backward(ctx); err != nil {
		return Progress{}, t.failed(err)
	}
	length := t.optimizer.length()
	if math.IsNaN(length) || math.IsInf(length, 0) {
		return Progress{}, t.diverged("gradient", length, rate)
	}
	factor := 1.0
	if t.cfg.Clip > 0 && length > t.cfg.Clip {
		factor = t.cfg.Clip / length
	}
	t.optimizer.step(rate, factor)
	if t.average != nil {
		t.average.include(t.optimizer, t.step)
	}
	t.step++
	m := &t.epoch
	m.Loss, m.Right, m.Seen, m.Steps = m.Loss+loss, m.Right+right, m.Seen+len(b.Labels), m.Steps+1
	return Progress{
		Step: t.step, Steps: t.Steps(), Epoch: t.step / t.PerEpoch(), Loss: loss, Accuracy: float64(right) / float64(len(b.Labels)),
		MeanLoss: m.Loss / float64(m.Steps), MeanAccuracy: float64(m.Right) / float64(m.Seen),
		Rate: rate, Length: length, Phase: t.phase(), Seconds: time.Since(start).Seconds(),
	}, nil
}

func (t *Trainer) failed(err error) error { return fmt.Errorf("step %d: %w", t.step, err) }

func (t *Trainer) diverged(what string, v, rate float64) error {
	err := fmt.Errorf("%w: at step %d (learning rate %.3g) the %s is %v; use a lower learning rate, a longer warm-up, or clip the gradient", ErrDiverged, t.step, rate, what, v)
	if t.Checkpoint != "" {
		err = fmt.Errorf("%w; %s still holds the state of the last checkpoint", err, t.Checkpoint)
	}
	return err
}

// rightOf counts the samples whose class has the largest logit.
func rightOf(logits []float32, labels []int) int {
	outputs, right := len(logits)/len(labels), 0
	for i, label := range labels {
		if compare.Ahead(logits[i*outputs:(i+1)*outputs], label) == 0 {
			right++
		}
	}
	return right
}

// Averaged calls f with the averaged parameters in place, where there are any.
func (t *Trainer) Averaged(f func() error) error {
	if t.average == nil {
		return f()
	}
	t.average.swap()
	defer t.average.swap()
	return f()
}
