package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/internal/shell"
)

// guiltyLayers is how many layers the advice names.
const guiltyLayers = 6

// advise finds out what to do about the best variant, or about a file that was
// run by other rules than its own.
func (s *comparison) advise(ctx context.Context) error {
	s.collect()
	v := s.advised()
	if v == nil || s.doc.Inputs.Layers == 0 {
		return nil
	}
	var layers []compare.Layer
	for _, l := range v.Layers {
		layers = append(layers, l.Layer)
	}
	guilty := compare.Guilty(layers)
	a := &report.Advice{Variant: v.Name, Guilty: guilty[:min(guiltyLayers, len(guilty))], Commands: []string{}}
	s.doc.Advice = a
	if s.float == nil {
		a.Commands = append(a.Commands, s.quantizeCommand(v, nil))
		return nil
	}
	stage := s.c.begin("keep in float", "sets", 0)
	samples := s.samples[:s.doc.Inputs.Layers]
	found, err := compare.FindExclusions(ctx, s.float.graph, v.graph, layers, samples, compare.Options{Threads: s.f.data.threads, Progress: stage.set, Total: stage.expect})
	stage.end()
	if err != nil {
		return withCode(exitModel, fmt.Errorf("%s: %w", v.Name, err))
	}
	a.Exclusions = found
	if found.Proposal == nil {
		a.Commands = append(a.Commands, s.quantizeCommand(v, nil))
		return nil
	}
	exclude := found.Proposal.Exclude
	a.Commands = append(a.Commands, s.quantizeCommand(v, exclude))
	if s.doc.Good(&v.Variant) {
		a.Commands = append([]string{s.quantizeCommand(v, nil)}, a.Commands...)
	}
	if v.Made {
		return s.prove(ctx, v, exclude)
	}
	return nil
}

// advised is the variant that the advice is about; nil where there is none.
func (s *comparison) advised() *variant {
	name := ""
	if best := s.doc.Best(); best != nil {
		name = best.Name
	}
	for _, v := range s.variants[1:] {
		if v.Name == name || name == "" && v.Backend != v.MadeFor {
			return v
		}
	}
	return nil
}

// prove makes the variant that is proposed, and measures it like the others.
func (s *comparison) prove(ctx context.Context, v *variant, exclude []string) error {
	proposed := report.Variant{
		Name: fmt.Sprintf("%s, %s in float", v.Name, strings.Join(exclude, ", ")), Proposed: true,
		Backend: v.Backend, QConfig: v.QConfig, Weights: v.Weights, Excluded: slices.Concat(v.Excluded, exclude),
	}
	if err := s.makeOne(ctx, proposed); err != nil {
		return err
	}
	set, err := s.inputs()
	if err != nil {
		return err
	}
	defer set.close()
	last := s.variants[len(s.variants)-1]
	if err := s.run(ctx, set, "compare proposal", []*variant{s.variants[0], last}); err != nil {
		return err
	}
	if !s.doc.Holds(&last.Variant) {
		return s.withdraw(v, exclude)
	}
	layers, err := compare.Layers(ctx, s.variants[0].graph, last.graph, s.samples[:s.doc.Inputs.Layers], compare.Options{Threads: s.f.data.threads})
	last.setLayers(layers)
	return withCode(exitModel, err)
}

// withdraw takes back the proposal that was made last, for v.
func (s *comparison) withdraw(v *variant, exclude []string) error {
	last := s.variants[len(s.variants)-1]
	s.variants = s.variants[:len(s.variants)-1]
	a := s.doc.Advice
	a.Withdrawn, a.Exclusions.Proposal = exclude, nil
	a.Commands = []string{s.quantizeCommand(v, nil)}
	if last.File == "" {
		return nil
	}
	return withCode(exitOutput, os.Remove(last.File))
}

// quantizeCommand is the command line that makes v, with some layers in float.
func (s *comparison) quantizeCommand(v *variant, exclude []string) string {
	float, calibration := "FLOAT.pth", "DATA"
	switch {
	case s.float != nil:
		float = s.float.path
	case strings.HasPrefix(v.path, zooPrefix):
		if w, err := getWeights(strings.TrimPrefix(v.path, zooPrefix)); err == nil && w.Unquantized != "" {
			float = zooPrefix + w.Unquantized
		}
	}
	if s.f.calibration != "" {
		calibration = s.f.calibration
	}
	words := []string{"octet", "quantize", float}
	add := func(flag, value string) { words = append(words, flag, value) }
	if !strings.HasPrefix(float, zooPrefix) {
		add("--arch", v.model.Arch())
	}
	add("--backend", v.Backend)
	if v.QConfig != "" && v.QConfig != octet.DefaultQConfig {
		add("--qconfig", v.QConfig)
	}
	if v.Made {
		words = append(words, "--"+v.Weights)
	}
	add("--calibration", calibration)
	if s.f.calibrationLimit > 0 {
		add("--limit", fmt.Sprint(s.f.calibrationLimit))
	}
	if s.f.data.batchSize != octet.DefaultBatchSize {
		add("--batch-size", fmt.Sprint(s.f.data.batchSize))
	}
	for _, pattern := range slices.Concat(v.Excluded, exclude) {
		add("--exclude", pattern)
	}
	add("--output", "INT8.pth")
	for i, w := range words {
		words[i] = shell.Quote(w)
	}
	return strings.Join(words, " ")
}

// choose picks the variant for every purpose, with the command that makes it.
func (s *comparison) choose() {
	s.doc.Choose()
	for i, choice := range s.doc.Choices {
		for _, v := range s.variants {
			if v.Name == choice.Variant && v.Made {
				s.doc.Choices[i].Command = s.quantizeCommand(v, nil)
			}
		}
	}
}
