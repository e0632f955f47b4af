package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/ptq"
)

// candidate is one recipe with what it gives.
type candidate struct {
	Backend     string   `json:"backend"`
	Observer    string   `json:"observer"` // histogram or minmax
	QConfig     string   `json:"qconfig"`
	Weights     string   `json:"weights"` // per-channel or per-tensor
	Bytes       int64    `json:"bytes"`
	Agreement   float64  `json:"agreement_percent"` // same top-1 class as float
	SQNR        *float64 `json:"sqnr_db"`           // of the logits; null where they are equal
	Top1Percent *float64 `json:"top1_percent,omitempty"`
	Recommended bool     `json:"recommended,omitempty"`
}

// measured is the outcome of all recipes.
type measured struct {
	Model      string      `json:"model"`
	Arch       string      `json:"arch"`
	Images     int         `json:"images"`
	FloatTop1  *float64    `json:"float_top1_percent,omitempty"`
	FloatBytes int64       `json:"float_bytes"`
	Candidates []candidate `json:"candidates"`
}

// outputs is what a model computes for the comparison data.
type outputs struct {
	logits [][]float32
	top1   *float64 // percent, where the data is labelled
}

// recipes are what advise tries: both backends, both observers, both
// granularities of weights.
func recipes() []candidate {
	var all []candidate
	for _, backend := range []string{"fbgemm", "qnnpack"} {
		for _, observer := range [][2]string{{"histogram", "default"}, {"minmax", "torchvision"}} {
			for _, weights := range []string{"per-channel", "per-tensor"} {
				all = append(all, candidate{Backend: backend, Observer: observer[0], QConfig: observer[1], Weights: weights})
			}
		}
	}
	return all
}

// open opens the float model.
func (f *adviseFlags) open(c *console, cmd *cobra.Command, path string) (*octet.Model, error) {
	model, err := f.model.open(c, cmd, path)
	if err == nil && model.Quantized() {
		err = withCode(exitModel, fmt.Errorf("%s is an int8 model already; advise takes the float model", path))
	}
	return model, err
}

func (f *adviseFlags) measure(ctx context.Context, c *console, model *octet.Model, path string) (*measured, error) {
	float, err := f.outputs(ctx, c, model, "float")
	if err != nil {
		return nil, err
	}
	m := &measured{Model: path, Arch: model.Arch(), Images: len(float.logits), FloatTop1: float.top1, FloatBytes: fileSize(path)}
	for _, r := range recipes() {
		if err := f.try(ctx, c, model, float, &r); err != nil {
			return nil, err
		}
		m.Candidates = append(m.Candidates, r)
	}
	return m, nil
}

// few opens the data to calibrate on; of training data some images will do.
func (f *adviseFlags) few(c *console, model *octet.Model) (*inputData, error) {
	flags := f.data
	if f.calibration == f.train && flags.limit == 0 {
		flags.limit = adviseImages
	}
	return flags.open(c, model, []string{f.calibration})
}

// quantize makes the int8 model of a recipe.
func (f *adviseFlags) quantize(ctx context.Context, c *console, model *octet.Model, r *candidate) (*octet.Model, error) {
	data, err := f.few(c, model)
	if err != nil {
		return nil, err
	}
	defer data.close()
	name := fmt.Sprintf("%s %s %s", r.Backend, r.Observer, r.Weights)
	stage := c.begin(name, "inputs", data.total())
	granularity := octet.WithPerChannelWeights()
	if r.Weights == "per-tensor" {
		granularity = octet.WithPerTensorWeights()
	}
	int8, _, err := octet.Quantize(ctx, model, data.tensors(ctx, f.data.batchSize), octet.WithBackend(r.Backend),
		octet.WithQConfig(r.QConfig), granularity, octet.WithBatchSize(f.data.batchSize), octet.WithThreads(f.data.threads),
		octet.WithSource(filepath.Base(filepath.Clean(f.calibration))), octet.WithProgress(stage.set))
	stage.end()
	if err != nil {
		return nil, quantizeError(f.calibration, err)
	}
	return int8, nil
}

// try quantizes by one recipe and compares with the float model.
func (f *adviseFlags) try(ctx context.Context, c *console, model *octet.Model, float *outputs, r *candidate) error {
	int8, err := f.quantize(ctx, c, model, r)
	if err != nil {
		return err
	}
	var file bytes.Buffer
	if err := int8.Write(&file); err != nil {
		return err
	}
	r.Bytes = int64(file.Len())
	got, err := f.outputs(ctx, c, int8, "int8")
	if err != nil {
		return err
	}
	r.compare(float, got)
	return nil
}

// outputs computes a model on the labelled data, or on the calibration data
// where there is none.
func (f *adviseFlags) outputs(ctx context.Context, c *console, model *octet.Model, name string) (*outputs, error) {
	where := f.calibration
	flags := evalFlags{data: f.data, classMap: f.classMap}
	open := func() (*inputData, error) { return f.few(c, model) }
	if f.eval != "" {
		where = f.eval
		open = func() (*inputData, error) { return flags.open(c, model, where) }
	}
	data, err := open()
	if err != nil {
		return nil, err
	}
	defer data.close()
	session, err := f.data.compile(model)
	if err != nil {
		return nil, err
	}
	stage := c.begin("run "+name, "inputs", data.total())
	defer stage.end()
	var out outputs
	var s score
	for b, err := range data.batches(ctx, f.data.batchSize) {
		if err != nil {
			return nil, withCode(exitData, err)
		}
		y, err := session.Run(ctx, b.x)
		if err != nil {
			return nil, withCode(exitData, err)
		}
		for i, row := range rowsOf(y) {
			out.logits = append(out.logits, row)
			if f.eval == "" {
				continue
			}
			if err := s.add(row, b.labels[i]); err != nil {
				return nil, withCode(exitData, fmt.Errorf("%s: %w", b.names[i], err))
			}
		}
		stage.set(len(out.logits))
	}
	if f.eval != "" && s.Images > 0 {
		percent := 100 * float64(s.Top1) / float64(s.Images)
		out.top1 = &percent
	}
	return &out, nil
}

// compare fills in how close the int8 outputs are to the float ones.
func (r *candidate) compare(float, got *outputs) {
	same := 0
	var signal, approx []float32
	for i, want := range float.logits {
		if rank(want)[0] == rank(got.logits[i])[0] {
			same++
		}
		signal, approx = append(signal, want...), append(approx, got.logits[i]...)
	}
	r.Agreement = 100 * float64(same) / float64(max(1, len(float.logits)))
	if e := measureError(signal, approx); e.SQNR != nil {
		db := ptq.SQNR(signal, approx)
		r.SQNR = &db
	}
	r.Top1Percent = got.top1
}

// better orders candidates: by accuracy where it was measured, then agreement,
// then SQNR.
func (r candidate) better(than candidate) bool {
	if r.Top1Percent != nil && *r.Top1Percent != *than.Top1Percent {
		return *r.Top1Percent > *than.Top1Percent
	}
	if r.Agreement != than.Agreement {
		return r.Agreement > than.Agreement
	}
	switch {
	case than.SQNR == nil:
		return false
	case r.SQNR == nil:
		return true
	}
	return *r.SQNR > *than.SQNR
}

// best picks the recipe for a backend. The other backend's numbers are shown,
// but the device decides which one runs there.
func (m *measured) best(backend string) *candidate {
	var best *candidate
	for i := range m.Candidates {
		r := &m.Candidates[i]
		if r.Backend == backend && (best == nil || r.better(*best)) {
			best = r
		}
	}
	return best
}

// advise decides from the measurements.
func (m *measured) advise(s situation, f *adviseFlags, path string) advice {
	best := m.best(s.backend())
	best.Recommended = true
	drop := 100 - best.Agreement // at most so many answers are lost
	if m.FloatTop1 != nil {
		drop = *m.FloatTop1 - *best.Top1Percent
	}
	s.drop, s.atMost = &drop, m.FloatTop1 == nil
	a := s.decide()
	if m.FloatTop1 == nil {
		a.because("accuracy was not measured (--eval does that); %.2f %% is the share of answers that differ from the float model's", drop)
	}
	a.because("of the recipes tried for %s, %s observers with %s weights come closest to the float model", best.Backend, best.Observer, best.Weights)
	if a.Method == "qat" && f.train != "" {
		a.Steps = []string{f.qatCommand(path, m.Arch, best)}
		return a
	}
	command := []string{"octet quantize", path, "--arch", m.Arch, "--backend", best.Backend, "--qconfig", best.QConfig, "--" + best.Weights, "--calibration", f.calibration, "--output INT8.pth"}
	if f.data.limit > 0 {
		command = append(command, fmt.Sprintf("--limit %d", f.data.limit))
	}
	a.Steps = append([]string{strings.Join(command, " ")}, a.Steps...)
	return a
}

func (m *measured) print(w io.Writer) {
	fmt.Fprintf(w, "%s, %s, compared on %d inputs\n\n", m.Arch, byteText(m.FloatBytes), m.Images)
	t := newTable(w, "", "backend", "observer", "weights", "top-1", "agrees", "SQNR", "size")
	t.SuppressEmptyColumns()
	if m.FloatTop1 != nil {
		t.AppendRow([]any{"", "float", "", "", fmt.Sprintf("%.2f %%", *m.FloatTop1), "", "", byteText(m.FloatBytes)})
	}
	for _, r := range m.Candidates {
		mark, top1, sqnr := "", "", "equal"
		if r.Recommended {
			mark = "→"
		}
		if r.Top1Percent != nil {
			top1 = fmt.Sprintf("%.2f %%", *r.Top1Percent)
		}
		if r.SQNR != nil {
			sqnr = fmt.Sprintf("%.1f dB", *r.SQNR)
		}
		t.AppendRow([]any{mark, r.Backend, r.Observer, r.Weights, top1, fmt.Sprintf("%.2f %%", r.Agreement), sqnr, byteText(r.Bytes)})
	}
	t.Render()
}
