package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/cmd/octet/internal/variants"
	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/internal/report"
)

// candidate is one recipe with its measured figures.
type candidate struct {
	Backend     string           `json:"backend"`
	Observer    string           `json:"observer"` // histogram or minmax, and the codes where they are all
	QConfig     string           `json:"qconfig"`
	Weights     string           `json:"weights"` // per-channel or per-tensor
	Bytes       int64            `json:"bytes"`
	Agreement   float64          `json:"agreement_percent"` // same top-1 class as float
	Interval    compare.Interval `json:"agreement_interval_percent"`
	Changed     int              `json:"changed"` // answers that differ
	SQNR        compare.Decibels `json:"sqnr_db"` // of the logits; null where they are equal
	Top1Percent *float64         `json:"top1_percent,omitempty"`
	// Saturates is how many layers may saturate in PyTorch on x86 without VNNI.
	Saturates   int  `json:"pytorch_saturating_layers,omitempty"`
	Recommended bool `json:"recommended,omitempty"`

	variant *report.Variant
}

// measured is the outcome of all recipes.
type measured struct {
	Model      string      `json:"model"`
	Arch       string      `json:"arch"` // empty of an ONNX model
	Images     int         `json:"images"`
	FloatTop1  *float64    `json:"float_top1_percent,omitempty"`
	FloatBytes int64       `json:"float_bytes"`
	Candidates []candidate `json:"candidates"`
	// Choices are the variants for each purpose, as octet compare finds them.
	Choices []report.Choice `json:"choices"`

	side *variants.Comparison
	doc  *report.Comparison
}

// observers are the names of the qconfigs that advise tries.
var observers = map[string]string{inputs.OctetQConfig: "histogram, all codes", "default": "histogram", "torchvision": "minmax"}

// measure quantizes for octet and for every backend, with both observers and both
// granularities of weights, and compares the results with the float model as `octet compare`
// does: on the labelled data, or on the calibration data where there is none.
func (f *adviseFlags) measure(c *console.Console, cmd *cobra.Command, path string) (*measured, error) {
	s := &variants.Comparison{Console: c, Options: &variants.Options{
		Version: version(), Model: f.model, Data: f.data, Octets: true, QConfigs: []string{"default", "torchvision"},
		Calibration: []string{f.calibration}, CalibrationLimit: f.data.Limit, Eval: f.eval, ClassMap: f.classMap,
	}}
	if f.calibration == f.train && f.data.Limit == 0 {
		s.Options.CalibrationLimit = adviseImages
	}
	if err := s.Open(cmd, []string{path}); err != nil {
		return nil, err
	}
	if s.Float == nil {
		return nil, inputs.AlreadyInt8(path)
	}
	if err := c.Expect(console.Planned{Path: f.output, Bytes: console.Int8Bytes(s.Float.Model)}); err != nil {
		return nil, err
	}
	if err := s.Make(cmd.Context()); err != nil {
		return nil, err
	}
	s.Describe()
	if err := s.Outputs(cmd.Context()); err != nil {
		return nil, err
	}
	s.Collect()
	s.Choose()
	float := s.Doc.Reference()
	m := &measured{Model: path, Arch: s.Doc.Arch, Images: s.Doc.Inputs.Count, FloatTop1: top1(float), FloatBytes: float.Bytes, Choices: s.Doc.Choices, side: s, doc: s.Doc}
	for _, v := range s.Doc.Int8Variants() {
		m.Candidates = append(m.Candidates, candidate{
			Backend: v.Backend, Observer: observers[v.QConfig], QConfig: v.QConfig, Weights: v.Weights, Bytes: v.Bytes,
			Agreement: v.Outputs.Agreement, Interval: v.Outputs.AgreementInterval, Changed: v.Outputs.ChangedCount, SQNR: v.Outputs.SQNR,
			Top1Percent: top1(v), Saturates: len(v.Saturation), variant: v,
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

// withModel is the variant of a recipe with its model.
func (m *measured) withModel(r *candidate) *variants.Variant {
	return m.side.Variants[slices.IndexFunc(m.side.Variants, func(v *variants.Variant) bool { return v.Name == r.variant.Name })]
}

// best picks the recipe for a purpose. Others are shown too, but their figures do not hold for
// the program that will run the file.
func (m *measured) best(purpose string) (*candidate, error) {
	best := m.doc.BestFor(purpose)
	if best == nil {
		return nil, exit.WithCode(exit.Model, fmt.Errorf("none of the %d recipes is for %s", len(m.Candidates), purpose))
	}
	return &m.Candidates[slices.IndexFunc(m.Candidates, func(r candidate) bool { return r.variant == best })], nil
}

// loss is the measured loss of a recipe: of top-1 accuracy, or without labels the share of
// answers that changed, which bounds it.
func (m *measured) loss(best *candidate) (drop float64, l *loss) {
	o := best.variant.Outputs
	a := o.Accuracy
	if a == nil {
		of := func(n int) compare.Interval { return compare.ShareInterval(n*o.ChangedCount, n*o.Inputs) }
		return 100 - o.Agreement, &loss{of(1), o.Inputs, "no more than the answers that differ: " + report.AnswersText(o), of}
	}
	of := func(n int) compare.Interval {
		i := compare.ChangeInterval(n*a.Gained, n*a.Lost, n*o.Inputs)
		return compare.Interval{Low: -i.High, High: -i.Low}
	}
	drop = *m.FloatTop1 - a.Top1Percent
	what := fmt.Sprintf("%.2f points of top-1", drop)
	if drop < 0 {
		what = fmt.Sprintf("nothing: %.2f points of top-1 are gained", -drop)
	}
	what += fmt.Sprintf(" on %d inputs (with 95 %% confidence the loss is %s)", o.Inputs, report.PointsText(of(1)))
	return drop, &loss{of(1), o.Inputs, what, of}
}

// advise decides from the measurements.
func (m *measured) advise(s situation, f *adviseFlags, path string) (advice, error) {
	best, err := m.best(s.purpose)
	if err != nil {
		return advice{}, err
	}
	best.Recommended = true
	drop, measured := m.loss(best)
	s.drop, s.measured = &drop, measured
	a := s.decide()
	a.Backend, a.QConfig = best.Backend, best.QConfig
	if m.FloatTop1 == nil {
		a.Unknown = append(a.Unknown, "accuracy: no labels were given (--eval names labelled data), and an answer that differs may be a better one")
	}
	a.Unknown = append(a.Unknown, "speed, and which layers lose: octet compare measures them")
	a.because("of the recipes for %s, %s (%s) comes closest to the float model", report.PurposeText(s.purpose), best.variant.Name, best.SQNR)
	if a.Method == "qat" && f.train != "" {
		a.Steps = []string{f.qatCommand(path, m.Arch, best)}
		return a, nil
	}
	a.Steps = append([]string{m.side.QuantizeCommand(m.withModel(best), nil)}, a.Steps...)
	return a, nil
}

func (m *measured) print(w io.Writer) {
	fmt.Fprintf(w, "%s, %s, compared on %d inputs\n\n", m.doc.Subject(), report.Size(m.FloatBytes), m.Images)
	t := console.NewTable(w, "", "backend", "observer", "weights", "top-1", "differ", "with 95 %", "SQNR", "size", "PyTorch, AVX2")
	t.SuppressEmptyColumns()
	if m.FloatTop1 != nil {
		t.AppendRow([]any{"", "float", "", "", fmt.Sprintf("%.2f %%", *m.FloatTop1), "", "", report.Size(m.FloatBytes)})
	}
	for _, r := range m.Candidates {
		mark, top1, saturates := "", "", ""
		if r.Recommended {
			mark = "→"
		}
		if r.Top1Percent != nil {
			top1 = fmt.Sprintf("%.2f %%", *r.Top1Percent)
		}
		if r.Saturates > 0 {
			saturates = "may saturate"
		}
		t.AppendRow([]any{mark, r.Backend, r.Observer, r.Weights, top1, fmt.Sprintf("%d of %d", r.Changed, m.Images),
			fmt.Sprintf("%.1f to %.1f %%", 100-r.Interval.High, 100-r.Interval.Low), r.SQNR, report.Size(r.Bytes), saturates})
	}
	t.Render()
}
