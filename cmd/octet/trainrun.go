package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/guptarohit/asciigraph"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/train"
)

// epochResult holds the figures of an epoch.
type epochResult struct {
	Epoch    int     `json:"epoch"`
	Loss     float64 `json:"loss"`
	Accuracy float64 `json:"train_top1_percent"`
	// Eval is the accuracy on the data of --eval: of the float model, or of the int8
	// one in quantization-aware training.
	Eval    *float64 `json:"eval_top1_percent,omitempty"`
	Phase   string   `json:"phase,omitempty"`
	Seconds float64  `json:"seconds"`

	step int // steps taken
}

// trainingResult holds the figures of a training, for both commands.
type trainingResult struct {
	Steps   int           `json:"steps"`
	Images  int           `json:"images"`
	Seconds float64       `json:"seconds"`
	Epochs  []epochResult `json:"epochs"`
	Warning string        `json:"warning,omitempty"` // of a training that diverges

	from          int // steps taken before
	losses, rates []float64
	phases        []report.Phase
}

// see adds a step.
func (r *trainingResult) see(p train.Progress) {
	r.losses, r.rates = append(r.losses, p.Loss), append(r.rates, p.Rate)
	if n := len(r.phases); n == 0 || r.phases[n-1].Name != p.Phase {
		r.phases = append(r.phases, report.Phase{Name: p.Phase, From: p.Step - 1})
	}
	r.phases[len(r.phases)-1].To = p.Step
}

// runTraining trains to the end and reports progress. snapshot returns the model that --eval
// measures.
func (f *trainingFlags) runTraining(ctx context.Context, c *console.Console, t *octet.Training, name string, snapshot func() (*octet.Model, error)) (*trainingResult, error) {
	log, err := openMetrics(f.metrics, t.Step())
	if err != nil {
		return nil, exit.WithCode(exit.Output, err)
	}
	r := &trainingResult{from: t.Step()}
	start, epochStart := time.Now(), time.Now()
	stage := c.Begin(name, "steps", t.Steps())
	stage.Set(t.Step())
	t.OnStep = func(p train.Progress) {
		r.see(p)
		stage.Set(p.Step)
		log.write(p)
	}
	t.OnDivergence = func(d train.Divergence) {
		r.Warning = f.divergenceText(d)
		c.Warn("%s", r.Warning)
	}
	t.OnEpoch = func(p train.Progress) error {
		e := epochResult{Epoch: (p.Step + t.PerEpoch() - 1) / t.PerEpoch(), Loss: p.MeanLoss, Accuracy: 100 * p.MeanAccuracy, Phase: p.Phase, step: p.Step}
		if f.eval != "" {
			m, err := snapshot()
			if err != nil {
				return err
			}
			s, err := f.measure(ctx, c, m)
			if err != nil {
				return err
			}
			e.Eval = &s.Top1Percent
		}
		e.Seconds = time.Since(epochStart).Seconds()
		epochStart = time.Now()
		r.Epochs = append(r.Epochs, e)
		c.Note("%s", e.text(t.Config().Epochs))
		log.write(e)
		return nil
	}
	err = t.Run(ctx)
	stage.End()
	c.Finish()
	if closeErr := log.close(); err == nil {
		err = exit.WithCode(exit.Output, closeErr)
	}
	r.Steps, r.Seconds = t.Step(), time.Since(start).Seconds()
	return r, f.ended(c, t, err)
}

// ended gives an error of the training its exit code, and says where it can go on.
func (f *trainingFlags) ended(c *console.Console, t *octet.Training, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		if f.checkpoint != "" && t.Step() > 0 {
			c.Note("the state behind step %d of %d is saved in %s: the same command continues there", t.Step(), t.Steps(), f.checkpoint)
		}
		return err
	case errors.Is(err, train.ErrDiverged):
		return exit.WithCode(exit.Data, fmt.Errorf("%w\ntry %s", err, f.calmer()))
	}
	return exit.WithCode(exit.Data, err)
}

// written removes the checkpoint: with its result in a file, there is nothing to
// continue.
func (f *trainingFlags) written() {
	if f.checkpoint != "" {
		os.Remove(f.checkpoint)
	}
}

// measure evaluates on the data of --eval.
func (f *trainingFlags) measure(ctx context.Context, c *console.Console, m *octet.Model) (score, error) {
	flags := inputs.LabelledFlags{Data: inputs.DataFlags{BatchSize: 64, Threads: f.threads, Limit: f.evalLimit, Exif: f.exif, MaxPixels: f.maxPixels}, ClassMap: f.classMap}
	data, err := flags.Open(&console.Console{Err: c.Err, Quiet: true}, m, f.eval)
	if err != nil {
		return score{}, err
	}
	defer data.Close()
	return evaluate(ctx, &console.Console{Err: c.Err, Quiet: true}, m, data, "eval", flags.Data)
}

func (e epochResult) text(epochs int) string {
	text := fmt.Sprintf("epoch %d/%d: loss %.4f, accuracy %.2f %%", e.Epoch, epochs, e.Loss, e.Accuracy)
	if e.Eval != nil {
		text += fmt.Sprintf(", on --eval %.2f %%", *e.Eval)
	}
	if e.Phase != "" {
		text += ", " + e.Phase
	}
	return text + fmt.Sprintf(", %.1f s", e.Seconds)
}

// curve draws the loss over the steps.
func (r *trainingResult) curve(w io.Writer) {
	if len(r.losses) < 3 {
		return
	}
	const columns = 64
	points := make([]float64, 0, columns)
	for i := range min(columns, len(r.losses)) {
		from, to := i*len(r.losses)/min(columns, len(r.losses)), (i+1)*len(r.losses)/min(columns, len(r.losses))
		sum := 0.0
		for _, v := range r.losses[from:to] {
			sum += v
		}
		points = append(points, sum/float64(to-from))
	}
	fmt.Fprintln(w, asciigraph.Plot(points, asciigraph.Height(8), asciigraph.Caption("loss over the steps")))
}

// metricsLog is a file of JSON lines.
type metricsLog struct {
	file *os.File
	buf  *bufio.Writer
	err  error
}

// openMetrics opens the file to append to; lines of steps that will be repeated are dropped.
// Without a path it writes nowhere.
func openMetrics(path string, step int) (*metricsLog, error) {
	if path == "" {
		return &metricsLog{}, nil
	}
	kept, err := keptLines(path, step)
	if err != nil {
		return nil, err
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	l := &metricsLog{file: file, buf: bufio.NewWriter(file)}
	_, l.err = l.buf.Write(kept)
	return l, l.flush()
}

// keptLines are the lines of an earlier run up to a step.
func keptLines(path string, step int) ([]byte, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) || step == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var kept bytes.Buffer
	for line := range bytes.Lines(text) {
		var at struct {
			Step int `json:"step"`
		}
		if json.Unmarshal(line, &at) != nil || at.Step > step {
			break // the steps behind it are repeated too
		}
		kept.Write(line)
	}
	return kept.Bytes(), nil
}

func (l *metricsLog) write(v any) {
	if l.file == nil || l.err != nil {
		return
	}
	line, err := json.Marshal(v)
	if err == nil {
		_, err = l.buf.Write(append(line, '\n'))
	}
	if l.err = err; err == nil {
		l.err = l.flush()
	}
}

func (l *metricsLog) flush() error {
	if l.err == nil {
		l.err = l.buf.Flush()
	}
	return l.err
}

func (l *metricsLog) close() error {
	if l.file == nil {
		return nil
	}
	return errors.Join(l.err, l.file.Close())
}
