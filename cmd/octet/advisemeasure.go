package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/compare"
	"github.com/octet-ml/octet/report"
)

// candidate is one recipe with what it gives.
type candidate struct {
	Backend     string           `json:"backend"`
	Observer    string           `json:"observer"` // histogram or minmax
	QConfig     string           `json:"qconfig"`
	Weights     string           `json:"weights"` // per-channel or per-tensor
	Bytes       int64            `json:"bytes"`
	Agreement   float64          `json:"agreement_percent"` // same top-1 class as float
	SQNR        compare.Decibels `json:"sqnr_db"`           // of the logits; null where they are equal
	Top1Percent *float64         `json:"top1_percent,omitempty"`
	Recommended bool             `json:"recommended,omitempty"`

	name string // of the variant
}

// measured is the outcome of all recipes.
type measured struct {
	Model      string      `json:"model"`
	Arch       string      `json:"arch"`
	Images     int         `json:"images"`
	FloatTop1  *float64    `json:"float_top1_percent,omitempty"`
	FloatBytes int64       `json:"float_bytes"`
	Candidates []candidate `json:"candidates"`

	side *sideBySide
	doc  *report.Comparison
}

// observers are the names of the qconfigs that advise tries.
var observers = map[string]string{"default": "histogram", "torchvision": "minmax"}

// measure quantizes for both backends, with both observers and both granularities
// of weights, and compares the results with the float model as `octet compare`
// does: on the labelled data, or on the calibration data where there is none.
func (f *adviseFlags) measure(c *console, cmd *cobra.Command, path string) (*measured, error) {
	s := &sideBySide{c: c, f: &compareFlags{
		model: f.model, data: f.data, backends: []string{"fbgemm", "qnnpack"}, qconfigs: []string{"default", "torchvision"},
		calibration: f.calibration, calibrationLimit: f.data.limit, eval: f.eval, classMap: f.classMap,
	}}
	if f.calibration == f.train && f.data.limit == 0 {
		s.f.calibrationLimit = adviseImages
	}
	if err := s.open(cmd, []string{path}); err != nil {
		return nil, err
	}
	if s.float == nil {
		return nil, alreadyInt8(path)
	}
	if err := s.make(cmd.Context()); err != nil {
		return nil, err
	}
	s.describe()
	if err := s.outputs(cmd.Context()); err != nil {
		return nil, err
	}
	s.collect()
	float := s.doc.Reference()
	m := &measured{Model: path, Arch: s.doc.Arch, Images: s.doc.Inputs.Count, FloatTop1: top1(float), FloatBytes: float.Bytes, side: s, doc: s.doc}
	for _, v := range s.doc.Int8Variants() {
		m.Candidates = append(m.Candidates, candidate{
			Backend: v.Backend, Observer: observers[v.QConfig], QConfig: v.QConfig, Weights: v.Weights, Bytes: v.Bytes,
			Agreement: v.Outputs.Agreement, SQNR: v.Outputs.SQNR, Top1Percent: top1(v), name: v.Name,
		})
	}
	return m, nil
}

// top1 is the accuracy in percent; nil where it was not measured.
func top1(v *report.Variant) *float64 {
	if v.Outputs.Accuracy == nil {
		return nil
	}
	return &v.Outputs.Accuracy.Top1Percent
}

// model returns the model of a variant.
func (m *measured) model(name string) *octet.Model {
	i := slices.IndexFunc(m.side.variants, func(v *contender) bool { return v.Name == name })
	return m.side.variants[i].model
}

// best picks the recipe for a backend. The other backend's numbers are shown,
// but the device decides which one runs there.
func (m *measured) best(backend string) *candidate {
	own := *m.doc
	own.Variants = slices.DeleteFunc(slices.Clone(own.Variants), func(v report.Variant) bool { return v.Kind == report.Int8 && v.Backend != backend })
	best := own.Best()
	return &m.Candidates[slices.IndexFunc(m.Candidates, func(r candidate) bool { return r.name == best.Name })]
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
	fmt.Fprintf(w, "%s, %s, compared on %d inputs\n\n", m.Arch, report.Size(m.FloatBytes), m.Images)
	t := newTable(w, "", "backend", "observer", "weights", "top-1", "agrees", "SQNR", "size")
	t.SuppressEmptyColumns()
	if m.FloatTop1 != nil {
		t.AppendRow([]any{"", "float", "", "", fmt.Sprintf("%.2f %%", *m.FloatTop1), "", "", report.Size(m.FloatBytes)})
	}
	for _, r := range m.Candidates {
		mark, top1 := "", ""
		if r.Recommended {
			mark = "→"
		}
		if r.Top1Percent != nil {
			top1 = fmt.Sprintf("%.2f %%", *r.Top1Percent)
		}
		t.AppendRow([]any{mark, r.Backend, r.Observer, r.Weights, top1, fmt.Sprintf("%.2f %%", r.Agreement), r.SQNR, report.Size(r.Bytes)})
	}
	t.Render()
}
