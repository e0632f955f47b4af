package main

import (
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/ptq"
)

// ofWeightOnly are the flags that --weight-only takes, beside those of every command.
var ofWeightOnly = append([]string{"weight-only", "group-size"}, slices.DeleteFunc(slices.Clone(ofDynamic), func(name string) bool {
	return name == "dynamic" || name == "backend"
})...)

// weightOnlyOutput is the JSON document of `octet quantize --weight-only`.
type weightOnlyOutput struct {
	Model       string      `json:"model"`
	Output      string      `json:"output"`
	Arch        string      `json:"arch"`
	GroupSize   int         `json:"group_size"` // numbers that share a scale; 0 for all of an output channel
	Assumptions []string    `json:"assumptions,omitempty"`
	FloatFile   int64       `json:"float_file_bytes"`
	Int8File    int64       `json:"int8_file_bytes"`
	Report      *ptq.Report `json:"report"`
}

// checkWeightOnly refuses flags that are for other ways to quantize.
func (f *quantizeFlags) checkWeightOnly(cmd *cobra.Command) error {
	if !f.weightOnly {
		if cmd.Flags().Changed("group-size") {
			return exit.Usagef("--group-size is for weights that alone are quantized: add --weight-only, or leave it out")
		}
		return nil
	}
	if needless := flagsBeside(cmd, ofWeightOnly); needless != "" {
		return exit.Usagef("--weight-only leaves activations in float32, which have no ranges and no backend: leave out %s", needless)
	}
	if !console.IsONNX(f.output) {
		return exit.Usagef("--output %s: a model of which the weights alone are quantized is written as ONNX: name FILE.onnx", f.output)
	}
	return nil
}

// quantizeWeightOnly is the command without calibration data, for weights alone.
func (f *quantizeFlags) quantizeWeightOnly(c *console.Console, cmd *cobra.Command, path string, model *octet.Model) error {
	opts := []octet.WeightOnlyOption{f.Layers()}
	if cmd.Flags().Changed("group-size") {
		opts = append(opts, octet.WithGroupSize(f.groupSize))
	}
	int8, made, err := octet.QuantizeWeightOnly(model, opts...)
	if err != nil {
		return inputs.QuantizeError(path, err)
	}
	if err := f.strictly(made); err != nil {
		return err
	}
	out := &weightOnlyOutput{
		Model: path, Output: f.output, Arch: int8.Arch(), GroupSize: int8.Metadata().Calibration.GroupSize,
		Assumptions: inputs.Texts(model.Assumptions()), FloatFile: console.FileSize(path), Report: made,
	}
	if out.Int8File, err = c.Save(cmd.Context(), int8, f.output); err != nil {
		return err
	}
	return f.tellUncalibrated(c, *out, out.print)
}

func (o weightOnlyOutput) print(w io.Writer) {
	r := o.Report
	fmt.Fprintf(w, "wrote      %s: %s weights int8, activations float32\n", o.Output, archText(o.Arch))
	weights, least, worst := 0, math.Inf(1), ""
	for _, n := range r.Nodes {
		if !n.Int8 {
			continue
		}
		if weights++; n.WeightSQNR != nil && *n.WeightSQNR < least {
			least, worst = *n.WeightSQNR, n.Name
		}
	}
	scales := "each output channel"
	switch {
	case o.GroupSize > 0:
		scales = fmt.Sprintf("each %d numbers of an output channel", o.GroupSize)
	case r.QConfig.Weight.QScheme.IsPerChannel():
	default:
		scales = "each weight"
	}
	fmt.Fprintf(w, "weights    a scale for %s\n", scales)
	fmt.Fprintf(w, "coverage   %d layers have their weights in int8 (%d nodes are left in float)\n", weights, r.FloatNodes)
	if worst != "" {
		fmt.Fprintf(w, "SQNR       of weights at least %.1f dB (%s)\n", least, worst)
	}
	fmt.Fprintf(w, "size       %s -> %s (%.2f of the float file)\n", report.Size(o.FloatFile), report.Size(o.Int8File), console.Ratio(o.Int8File, o.FloatFile))
	printFloat(w, r.Nodes)
	for _, text := range r.Warnings {
		fmt.Fprintf(w, "warning    %s\n", text)
	}
}
