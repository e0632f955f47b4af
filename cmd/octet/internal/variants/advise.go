package variants

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/internal/shell"
)

// guiltyLayers is how many layers the advice names.
const guiltyLayers = 6

// advise fills in the advice about the best variant, or about a file that was run by another
// backend's rules.
func (s *Comparison) advise(ctx context.Context) error {
	s.Collect()
	v := s.advised()
	if v == nil || s.Doc.Inputs.Layers == 0 {
		return nil
	}
	var layers []compare.Layer
	for _, l := range v.Layers {
		layers = append(layers, l.Layer)
	}
	guilty := compare.Guilty(layers)
	a := &report.Advice{Variant: v.Name, Guilty: guilty[:min(guiltyLayers, len(guilty))], Commands: []string{}}
	s.Doc.Advice = a
	if s.Float == nil {
		a.Commands = append(a.Commands, s.QuantizeCommand(v, nil))
		return nil
	}
	if v.Dynamic {
		a.Commands = append(a.Commands, s.QuantizeCommand(v, nil))
		return nil
	}
	if !v.Made && !compare.Convertible(s.Float.graph, v.graph) {
		s.Console.Note("layers to keep in float are not looked for: %s has other nodes than %s", v.Name, s.Float.Name)
		return nil
	}
	stage := s.Console.Begin("keep in float", "sets", 0)
	samples := s.samples[:s.Doc.Inputs.Layers]
	float, err := s.Float.Model.FusedGraphOf(v.Model)
	if err != nil {
		return exit.WithCode(exit.Model, err)
	}
	found, err := compare.FindExclusions(ctx, float, v.graph, layers, samples, compare.Options{Threads: s.Options.Data.Threads, Progress: stage.Set, Total: stage.Expect})
	stage.End()
	if err != nil {
		return exit.WithCode(exit.Model, fmt.Errorf("%s: %w", v.Name, err))
	}
	a.Exclusions = found
	if found.Proposal == nil {
		a.Commands = append(a.Commands, s.QuantizeCommand(v, nil))
		return nil
	}
	exclude := found.Proposal.Exclude
	a.Commands = append(a.Commands, s.QuantizeCommand(v, exclude))
	if s.Doc.Good(&v.Variant) {
		a.Commands = append([]string{s.QuantizeCommand(v, nil)}, a.Commands...)
	}
	if v.Made {
		return s.prove(ctx, v, exclude)
	}
	return nil
}

// advised is the variant that the advice is about; nil where there is none.
func (s *Comparison) advised() *Variant {
	name := ""
	if best := s.Doc.Best(); best != nil {
		name = best.Name
	}
	for _, v := range s.Variants[1:] {
		if v.Name == name || name == "" && v.Backend != v.MadeFor {
			return v
		}
	}
	return nil
}

// prove makes the proposed variant, and measures it like the others.
func (s *Comparison) prove(ctx context.Context, v *Variant, exclude []string) error {
	proposed := recipe{corrections: v.corrections(), Variant: report.Variant{
		Name: fmt.Sprintf("%s, %s in float", v.Name, strings.Join(exclude, ", ")), Proposed: true,
		Backend: v.Backend, QConfig: v.QConfig, Weights: v.Weights, Excluded: slices.Concat(v.Excluded, exclude),
	}}
	if err := s.makeOne(ctx, proposed); err != nil {
		return err
	}
	set, err := s.inputs()
	if err != nil {
		return err
	}
	defer set.close()
	last := s.Variants[len(s.Variants)-1]
	if err := s.run(ctx, set, "compare proposal", []*Variant{s.Variants[0], last}); err != nil {
		return err
	}
	if !s.Doc.Holds(&last.Variant) {
		return s.withdraw(v, exclude)
	}
	reference, err := s.referenceOf(last)
	if err != nil {
		return err
	}
	layers, err := compare.Layers(ctx, reference, last.graph, s.samples[:s.Doc.Inputs.Layers], compare.Options{Threads: s.Options.Data.Threads})
	last.setLayers(layers)
	return exit.WithCode(exit.Model, err)
}

// withdraw removes the last proposal, which was for v.
func (s *Comparison) withdraw(v *Variant, exclude []string) error {
	last := s.Variants[len(s.Variants)-1]
	s.Variants = s.Variants[:len(s.Variants)-1]
	a := s.Doc.Advice
	a.Withdrawn, a.Exclusions.Proposal = exclude, nil
	a.Commands = []string{s.QuantizeCommand(v, nil)}
	if last.File == "" {
		return nil
	}
	return exit.WithCode(exit.Output, os.Remove(last.File))
}

// QuantizeCommand is the command line that makes v, with some layers in float.
func (s *Comparison) QuantizeCommand(v *Variant, exclude []string) string {
	float := "FLOAT.pth"
	switch {
	case s.Float != nil:
		float = s.Float.path
	case strings.HasPrefix(v.path, inputs.ZooPrefix):
		if w, err := inputs.GetWeights(strings.TrimPrefix(v.path, inputs.ZooPrefix)); err == nil && w.Unquantized != "" {
			float = inputs.ZooPrefix + w.Unquantized
		}
	}
	data := s.Options.Calibration
	if len(data) == 0 {
		data = []string{"DATA"}
	}
	words := []string{"octet", "quantize", float}
	add := func(flag, value string) { words = append(words, flag, value) }
	if !strings.HasPrefix(float, inputs.ZooPrefix) {
		if arch := v.Model.Arch(); arch != "" {
			add("--arch", arch)
		}
	}
	if graph := s.Options.Model.GraphOf; graph != "" && !console.HoldsGraph(float) {
		add("--graph-of", graph)
	}
	if m := v.Model.Metadata().Calibration; m == nil || !m.ByRow {
		add("--backend", v.Backend)
	}
	if v.QConfig != "" && v.QConfig != octet.DefaultQConfig && !v.Dynamic {
		add("--qconfig", v.QConfig)
	}
	if v.Made && v.Weights != report.Mixed {
		words = append(words, "--"+v.Weights)
	}
	if v.Dynamic {
		return s.finish(append(words, "--dynamic"), v, exclude, float)
	}
	words = append(words, v.corrections().Flags()...)
	for _, from := range data {
		add("--calibration", from)
	}
	if s.Options.CalibrationLimit > 0 {
		add("--limit", fmt.Sprint(s.Options.CalibrationLimit))
	}
	if s.Options.Data.BatchSize != octet.DefaultBatchSize {
		add("--batch-size", fmt.Sprint(s.Options.Data.BatchSize))
	}
	return s.finish(words, v, exclude, float)
}

// finish adds to a command the layers in float and the file that it writes.
func (s *Comparison) finish(words []string, v *Variant, exclude []string, float string) string {
	for _, pattern := range slices.Concat(v.Excluded, exclude) {
		words = append(words, "--exclude", pattern)
	}
	output := console.Int8Name(s.Options.Model.GraphFile(float))
	if v.Dynamic {
		output = "INT8.onnx"
	}
	words = append(words, "--output", output)
	for i, w := range words {
		words[i] = shell.Quote(w)
	}
	return strings.Join(words, " ")
}

// Choose picks the variant for every purpose, with the command that makes it.
func (s *Comparison) Choose() {
	s.Doc.Choose()
	for i, choice := range s.Doc.Choices {
		for _, v := range s.Variants {
			if v.Name == choice.Variant && v.Made {
				s.Doc.Choices[i].Command = s.QuantizeCommand(v, nil)
			}
		}
	}
}
