package main

import (
	"context"
	"fmt"
	"runtime"
	"strings"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/measure"
	"github.com/octet-ml/octet/cmd/octet/internal/variants"
	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/atomicfile"
	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/train"
)

// describe begins the document of --html.
func (f *trainingFlags) describe(arch, method string, r *trainingResult) *report.Training {
	doc := &report.Training{
		Octet: version(), System: runtime.GOOS + "/" + runtime.GOARCH, CPU: engine.HostFeatures(), Threads: f.threads,
		Arch: arch, Method: method, Data: f.data, Images: r.Images, Seconds: r.Seconds, Recipe: settings(f.recipe),
		From: r.from, Losses: r.losses, Rates: r.rates, Phases: r.phases,
	}
	if f.dataName != "" {
		doc.Data = f.dataName
	}
	if doc.Threads == 0 {
		doc.Threads = cpu.Threads()
	}
	for _, e := range r.Epochs {
		doc.Epochs = append(doc.Epochs, report.EpochMark{Step: e.step, Train: e.Accuracy, Eval: e.Eval})
	}
	return doc
}

// writePage writes the document as a page, where one is wanted.
func (f *trainingFlags) writePage(doc *report.Training) error {
	if f.html == "" {
		return nil
	}
	if err := atomicfile.Write(f.html, doc.HTML); err != nil {
		return exit.WithCode(exit.Output, fmt.Errorf("cannot write %s: %w", f.html, err))
	}
	return nil
}

// settings are a recipe in words.
func settings(c train.Config) []report.Setting {
	var list []report.Setting
	add := func(name, format string, args ...any) {
		list = append(list, report.Setting{Name: name, Value: fmt.Sprintf(format, args...)})
	}
	o := c.Optimizer
	text := fmt.Sprintf("%s, learning rate %g", o.Kind, o.LearningRate)
	if o.Momentum > 0 {
		text += fmt.Sprintf(", momentum %g", o.Momentum)
	}
	if o.Nesterov {
		text += " (Nesterov)"
	}
	if o.WeightDecay > 0 {
		text += fmt.Sprintf(", weight decay %g", o.WeightDecay)
	}
	add("optimizer", "%s", text)
	add("schedule", "%s, warm-up %.0f %%", c.Schedule.Kind, 100*c.Schedule.Warmup)
	add("length", "%d epochs in batches of %d, seed %d", c.Epochs, c.BatchSize, c.Seed)
	switch l := c.Loss; {
	case l.Distill == 1:
		add("loss", "learning from the float model alone")
	case l.Distill > 0:
		add("loss", "%.0f %% from the float model, the rest cross-entropy", 100*l.Distill)
	case l.Smoothing > 0:
		add("loss", "cross-entropy, %.0f %% of the target spread over all classes", 100*l.Smoothing)
	default:
		add("loss", "cross-entropy")
	}
	if c.Clip > 0 {
		add("gradients", "shortened to %g", c.Clip)
	}
	if c.EMA > 0 {
		add("parameters", "averaged over the steps, the past weighs %g", c.EMA)
	}
	if a := c.Augment; a.Flip > 0 || a.Pad > 0 || a.Scale != nil {
		var parts []string
		if a.Flip > 0 {
			parts = append(parts, "flipped")
		}
		if a.Pad > 0 {
			parts = append(parts, fmt.Sprintf("shifted by up to %d pixels", a.Pad))
		}
		if a.Scale != nil {
			parts = append(parts, "cut out and resized")
		}
		if a.Brightness+a.Contrast+a.Saturation+a.Hue > 0 {
			parts = append(parts, "changed in colour")
		}
		add("images", "%s at random", strings.Join(parts, ", "))
	}
	return list
}

// weightRanges describes the weights of the float model beside those of int8 ones.
func weightRanges(float *octet.Model, int8 ...*octet.Model) ([]compare.Weights, error) {
	want, err := float.FusedGraph()
	if err != nil {
		return nil, err
	}
	var got []*graph.Graph
	for _, m := range int8 {
		g, err := m.FusedGraph()
		if err != nil {
			return nil, err
		}
		got = append(got, g)
	}
	return compare.WeightsOf(want, got)
}

// weightsText says by the flags with how many bits and scales weights are quantized.
func (f *qatFlags) weightsText() string {
	text := fmt.Sprintf("weights of %d bits", f.WeightBits)
	switch {
	case f.PerTensor:
		text += " with one scale each"
	case f.PerChannel:
		text += " with a scale for every output channel"
	}
	return text
}

// report writes the page of --html.
func (f *qatFlags) report(ctx context.Context, float, int8 *octet.Model, out *qatOutput) error {
	if f.html == "" {
		return nil
	}
	doc := f.describe(out.Arch, "quantization-aware training", &out.trainingResult)
	how := "octet's own, the int8 model as the forward pass in the end"
	if f.compatible {
		how = "PyTorch's numbers"
	}
	doc.Recipe = append([]report.Setting{{Name: "quantization", Value: fmt.Sprintf("backend %s, qconfig %s, %s, %s", out.Backend, out.QConfig, f.weightsText(), how)}}, doc.Recipe...)
	floatBytes, err := variants.ModelBytes(float)
	if err != nil {
		return err
	}
	doc.Codes = 1<<f.WeightBits - 1
	doc.Results = []report.Result{{Name: "float", Kind: report.Float, Bytes: floatBytes}}
	models := []*octet.Model{int8}
	if f.calibrated != nil {
		bytes, err := variants.ModelBytes(f.calibrated)
		if err != nil {
			return err
		}
		doc.Results, models = append(doc.Results, report.Result{Name: "int8 by calibration", Kind: report.Int8, Bytes: bytes}), []*octet.Model{f.calibrated, int8}
	}
	doc.Results = append(doc.Results, report.Result{Name: "int8 by training", Kind: report.Int8, Bytes: out.Bytes})
	if a := out.Accuracy; a != nil {
		doc.Results[0].Top1, doc.Results[len(doc.Results)-1].Top1 = &a.Float, &a.QAT
		if f.calibrated != nil {
			doc.Results[1].Top1 = a.PTQ
		}
	}
	if !float.InTraining() {
		if doc.Weights, err = weightRanges(float, models...); err != nil {
			return exit.WithCode(exit.Model, err)
		}
		if err := measure.TimeResults(ctx, doc, f.threads, append([]*octet.Model{float}, models...)...); err != nil {
			return err
		}
	}
	return f.writePage(doc)
}
