package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/ptq"
)

// ofDynamic are the flags that dynamic quantization takes, beside those of every command. The
// others are about ranges, which are found in every run.
var ofDynamic = []string{
	"dynamic", "output", "report", "strict-int8", "exclude", "per-tensor", "per-channel", "weight-bits", "backend",
	"arch", "key", "graph-of", "labels", "shape", "preset", "mean", "std", "resize", "crop", "interpolation",
}

// dynamicOutput is the JSON document of `octet quantize --dynamic`.
type dynamicOutput struct {
	Model       string        `json:"model"`
	Output      string        `json:"output"`
	Arch        string        `json:"arch"`
	Backend     octet.Backend `json:"backend"`
	QConfig     string        `json:"qconfig"`
	ByRow       bool          `json:"by_row"` // ranges are those of rows, tokens
	Assumptions []string      `json:"assumptions,omitempty"`
	FloatFile   int64         `json:"float_file_bytes"`
	Int8File    int64         `json:"int8_file_bytes"`
	Report      *ptq.Report   `json:"report"`
}

// quantizeDynamic is the command without calibration data.
func (f *quantizeFlags) quantizeDynamic(c *console.Console, cmd *cobra.Command, path string, model *octet.Model) error {
	if needless := flagsBeside(cmd, ofDynamic); needless != "" {
		return exit.Usagef("--dynamic finds the ranges of activations in every run, and observes none: leave out %s", needless)
	}
	if !console.IsONNX(f.output) {
		return exit.Usagef("--output %s: a model that is quantized dynamically is written as ONNX: name FILE.onnx", f.output)
	}
	opts := []octet.DynamicOption{f.Layers()}
	if cmd.Flags().Changed("backend") {
		opts = append(opts, octet.WithBackend(octet.Backend(f.model.Backend)))
	}
	int8, made, err := octet.QuantizeDynamic(model, opts...)
	if err != nil {
		return inputs.QuantizeError(path, err)
	}
	if err := f.strictly(made); err != nil {
		return err
	}
	out := &dynamicOutput{
		Model: path, Output: f.output, Arch: int8.Arch(), Backend: int8.Backend(), QConfig: int8.Metadata().Calibration.QConfigName, ByRow: int8.Metadata().Calibration.ByRow,
		Assumptions: inputs.Texts(model.Assumptions()), FloatFile: console.FileSize(path), Report: made,
	}
	if out.Int8File, err = c.Save(cmd.Context(), int8, f.output); err != nil {
		return err
	}
	return f.tellUncalibrated(c, *out, out.print)
}

// tellUncalibrated reports a model that was written without calibration data.
func (f *quantizeFlags) tellUncalibrated(c *console.Console, out any, print func(io.Writer)) error {
	if err := f.writeReport(c, out); err != nil {
		return err
	}
	if err := c.Result(out, print); err != nil {
		return err
	}
	c.Next("octet run %[1]s runs it, octet bench %[1]s measures its speed", f.output)
	return nil
}

func (o dynamicOutput) print(w io.Writer) {
	r := o.Report
	fmt.Fprintf(w, "wrote      %s: %s int8, backend %s, qconfig %s\n", o.Output, archText(o.Arch), o.Backend, o.QConfig)
	of := "their own range"
	if o.ByRow {
		of = "the range of each row"
	}
	fmt.Fprintf(w, "dynamic    activations are quantized by %s in every run; nothing was calibrated\n", of)
	var dynamic []string
	for _, n := range r.Nodes {
		if n.Dynamic && n.Op != "dynamic_quantize" {
			dynamic = append(dynamic, n.Name)
		}
	}
	fmt.Fprintf(w, "coverage   %d layers on integers (%d are left in float)\n", len(dynamic), r.FloatNodes)
	fmt.Fprintf(w, "size       %s -> %s (%.2f of the float file)\n", report.Size(o.FloatFile), report.Size(o.Int8File), console.Ratio(o.Int8File, o.FloatFile))
	printFloat(w, r.Nodes)
	for _, text := range r.Warnings {
		fmt.Fprintf(w, "warning    %s\n", text)
	}
}
