package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/internal/atomicfile"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/internal/spelling"
	"github.com/octet-ml/octet/ptq"
)

// quantizeOutput is the JSON document of `octet quantize`.
type quantizeOutput struct {
	Model       string        `json:"model"`
	Output      string        `json:"output"`
	Arch        string        `json:"arch"`
	Backend     octet.Backend `json:"backend"`
	QConfig     string        `json:"qconfig"`
	Assumptions []string      `json:"assumptions,omitempty"`
	Skipped     []string      `json:"skipped,omitempty"`
	Damaged     []string      `json:"damaged,omitempty"`           // read in spite of damage
	Slower      []string      `json:"slower_than_float,omitempty"` // kept in float by --exclude-slower
	FloatFile   int64         `json:"float_file_bytes"`
	Int8File    int64         `json:"int8_file_bytes"`
	Accuracy    *accuracies   `json:"accuracy,omitempty"`
	Hints       []string      `json:"hints,omitempty"`
	// Transform is set if neither file nor flags say whether the model transforms its input.
	Transform *octet.TransformTrial `json:"transform_input,omitempty"`
	Fixed     *octet.Fixed          `json:"fix,omitempty"` // of --fix
	// Smoothed says what --smooth did.
	Smoothed *octet.Smoothed `json:"smoothed,omitempty"`
	Report   *ptq.Report     `json:"report"`
}

// accuracies are measured by `octet quantize --eval`.
type accuracies struct {
	Data  string `json:"data"`
	Float score  `json:"float"`
	// Quantizable is the float model with ReLU in place of ReLU6, which is what
	// gets quantized; nil where the two do not differ.
	Quantizable *score `json:"float_quantizable,omitempty"`
	Int8        score  `json:"int8"`
}

// evaluate measures the models before and after on the same labelled data.
func (f *quantizeFlags) evaluate(ctx context.Context, c *console.Console, float, int8 *octet.Model) (*accuracies, error) {
	a := &accuracies{Data: f.eval}
	flags := inputs.LabelledFlags{Data: f.data, ClassMap: f.evalMap}
	flags.Data.Limit = 0
	one := func(name string, m *octet.Model) (score, error) {
		data, err := flags.Open(c, m, f.eval)
		if err != nil {
			return score{}, err
		}
		defer data.Close()
		return evaluate(ctx, c, m, data, name, flags.Data)
	}
	var err error
	if a.Float, err = one("eval float", float); err != nil {
		return nil, err
	}
	if float.ClampDiffers() {
		relu, err := float.Quantizable()
		if err != nil {
			return nil, exit.WithCode(exit.Model, err)
		}
		s, err := one("eval ReLU", relu)
		if err != nil {
			return nil, err
		}
		a.Quantizable = &s
	}
	a.Int8, err = one("eval int8", int8)
	return a, err
}

func (o quantizeOutput) print(w io.Writer) {
	r := o.Report
	fmt.Fprintf(w, "wrote      %s: %s int8, backend %s, qconfig %s\n", o.Output, archText(o.Arch), o.Backend, o.QConfig)
	fmt.Fprintf(w, "calibrated on %d inputs in batches of %d", r.Images, r.BatchSize)
	if text := inputs.DescribeSkipped(o.Skipped); text != "" {
		fmt.Fprintf(w, "; %s", text)
	}
	if text := inputs.DescribeDamaged(o.Damaged); text != "" {
		fmt.Fprintf(w, "; %s", text)
	}
	if len(o.Slower) > 0 {
		fmt.Fprintf(w, "\nslower     in int8 than in float32 on this machine, so kept float: %s", strings.Join(o.Slower, ", "))
	}
	fmt.Fprintf(w, "\ncoverage   %d of %d layers compute on integers\n", r.Int8Nodes, r.Int8Nodes+r.FloatNodes)
	fmt.Fprintf(w, "size       %s -> %s (%.2f of the float file)\n", report.Size(o.FloatFile), report.Size(o.Int8File), console.Ratio(o.Int8File, o.FloatFile))
	if o.Smoothed != nil {
		fmt.Fprintf(w, "smoothed   %s\n", smoothText(o.Smoothed))
	}
	if r.Equalized > 0 {
		fmt.Fprintf(w, "equalized  %d layers, with those that read them\n", r.Equalized)
	}
	if r.Rounded > 0 {
		fmt.Fprintf(w, "rounded    the weights of %d layers with regard to each other\n", r.Rounded)
	}
	if r.BiasCorrected > 0 {
		fmt.Fprintf(w, "corrected  the biases of %d layers\n", r.BiasCorrected)
	}
	if o.Fixed != nil {
		printFixed(w, o.Fixed)
	}
	printFloat(w, r.Nodes)
	if r.ReLU6 != nil && !r.ReLU6.Harmful() {
		fmt.Fprintf(w, "ReLU6      %v\n", r.ReLU6)
	}
	for _, text := range r.Warnings {
		fmt.Fprintf(w, "warning    %s\n", text)
	}
	if text := ptq.SaturationText(r.Saturation); text != "" {
		fmt.Fprintf(w, "PyTorch    %s\n", strings.TrimPrefix(text, "PyTorch "))
	}
	for _, text := range o.Hints {
		fmt.Fprintf(w, "hint       %s\n", text)
	}
	if o.Accuracy != nil {
		o.Accuracy.print(w)
	}
}

// fewFloat is up to how many layers that stay float for one reason have a line each.
const fewFloat = 4

// printFloat lists the layers that stay float with their reasons, those of detection heads and
// arithmetic on shapes, which are many, by reason.
func printFloat(w io.Writer, nodes []ptq.NodeReport) {
	var reasons []string
	layers := map[string][]string{}
	for _, n := range nodes {
		if n.Int8 || n.Op == "dequantize" {
			continue
		}
		if layers[n.Note] == nil {
			reasons = append(reasons, n.Note)
		}
		layers[n.Note] = append(layers[n.Note], fmt.Sprintf("%s (%s)", n.Name, n.Op))
	}
	for _, reason := range reasons {
		if names := layers[reason]; len(names) > fewFloat {
			fmt.Fprintf(w, "float      %d layers: %s: %s (--json lists all)\n", len(names), reason, spelling.Abbreviate(names, fewFloat-1))
			continue
		}
		for _, name := range layers[reason] {
			fmt.Fprintf(w, "float      %s: %s\n", name, reason)
		}
	}
}

func (a *accuracies) print(w io.Writer) {
	fmt.Fprintln(w)
	t := console.NewTable(w, "", "top-1", "top-5", "images", "time")
	row := func(name string, s score) {
		t.AppendRow([]any{name, fmt.Sprintf("%.2f %%", s.Top1Percent), fmt.Sprintf("%.2f %%", s.Top5Percent), s.Images, fmt.Sprintf("%.2f s", s.Seconds)})
	}
	row("float", a.Float)
	if a.Quantizable != nil {
		row("float, ReLU for ReLU6", *a.Quantizable)
	}
	row("int8", a.Int8)
	t.Render()
}

// write saves the model and the report.
func (f *quantizeFlags) write(ctx context.Context, c *console.Console, int8 *octet.Model, out *quantizeOutput) error {
	var err error
	if out.Int8File, err = c.Save(ctx, int8, f.output); err != nil {
		return err
	}
	out.FloatFile = console.FileSize(out.Model)
	return f.writeReport(c, out)
}

// writeReport writes the JSON document as a file, where --report names one.
func (f *quantizeFlags) writeReport(c *console.Console, out any) error {
	if f.report == "" {
		return nil
	}
	return exit.WithCode(exit.Output, atomicfile.Write(f.report, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(c.Document(out))
	}))
}

// strictly is the error of --strict-int8 where layers stay in float.
func (f *quantizeFlags) strictly(r *ptq.Report) error {
	left := leftFloat(r)
	if !f.strictInt8 || len(left) == 0 {
		return nil
	}
	return exit.WithCode(exit.Strict, fmt.Errorf("--strict-int8: %d layers stay in float; nothing was written:\n%s", len(left), strings.Join(left, "\n")))
}

// leftFloat lists the layers that stay in float though nobody excluded them or
// their neighbours.
func leftFloat(r *ptq.Report) []string {
	var left []string
	for _, n := range r.Nodes {
		if !n.Int8 && n.Op != "dequantize" && !n.Reason.ByChoice() {
			left = append(left, fmt.Sprintf("%s (%s): %s", n.Name, n.Op, n.Note))
		}
	}
	return left
}
