package variants

import (
	"context"
	"errors"
	"fmt"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/tensor"
)

// Outputs compares the logits of all variants.
func (s *Comparison) Outputs(ctx context.Context) error {
	set, err := s.inputs()
	if err != nil {
		return err
	}
	defer set.close()
	if err := s.run(ctx, set, "compare", s.Variants); err != nil {
		return err
	}
	s.Doc.Inputs = set.Inputs
	s.Doc.Inputs.Skipped = set.skipped()
	s.Doc.Inputs.Count = s.Variants[0].Outputs.Inputs
	s.Doc.Inputs.Layers = min(s.Options.LayerInputs, len(s.samples))
	return nil
}

// run computes the variants, of which the first is the reference, on a set, and
// keeps some inputs for the comparison of layers.
func (s *Comparison) run(ctx context.Context, set *inputSet, name string, variants []*Variant) error {
	sessions := make([]*octet.Session, len(variants))
	for i, v := range variants {
		var err error
		if sessions[i], err = s.Options.Data.Compile(v.Model); err != nil {
			return err
		}
		v.Outputs = &compare.Outputs{}
	}
	stage := s.Console.Begin(name, "inputs", set.total)
	defer stage.End()
	done := 0
	for b, err := range set.batches(ctx) {
		if err != nil {
			return exit.WithCode(exit.Data, err)
		}
		if set.Kind != report.Labelled {
			b.labels = nil
		}
		var want *tensor.Tensor
		for i, v := range variants {
			y, err := sessions[i].RunAll(ctx, b.inputs...)
			if err != nil {
				return exit.WithCode(exit.Data, err)
			}
			got, err := compare.Answers(y, len(b.names))
			if err != nil {
				return exit.WithCode(exit.Data, fmt.Errorf("%s: %w", v.Name, err))
			}
			if i == 0 {
				want = got
			}
			if err := v.Outputs.Add(b.names, b.labels, want, got); err != nil {
				return exit.WithCode(exit.Data, err)
			}
		}
		s.samples = append(s.samples, b.samples(max(1, s.Options.LayerInputs)-len(s.samples))...)
		done += len(b.names)
		stage.Set(done)
	}
	if done == 0 {
		return exit.WithCode(exit.Data, errors.New("no input could be used"+inputs.SkippedText(set.skipped())))
	}
	return nil
}

// layers compares every layer, and collects what was rounded.
func (s *Comparison) layers(ctx context.Context) error {
	n := s.Doc.Inputs.Layers
	if n == 0 {
		return nil
	}
	stage := s.Console.Begin("layers", "inputs", n)
	defer stage.End()
	var references []*graph.Graph // that of the first variant, and the same equalized
	alike := map[*graph.Graph][]*Variant{}
	for _, v := range s.Variants[1:] {
		if !v.Model.Quantized() {
			continue
		}
		reference, err := s.referenceOf(v)
		if err != nil {
			return err
		}
		if alike[reference] == nil {
			references = append(references, reference)
		}
		alike[reference] = append(alike[reference], v)
	}
	for _, reference := range references {
		var graphs []*graph.Graph
		for _, v := range alike[reference] {
			graphs = append(graphs, v.graph)
		}
		all, err := compare.LayersOf(ctx, reference, graphs, s.samples[:n], compare.Options{Threads: s.Options.Data.Threads, Progress: stage.Set})
		if err != nil {
			return exit.WithCode(exit.Model, err)
		}
		for i, v := range alike[reference] {
			v.setLayers(all[i])
		}
	}
	return nil
}

// referenceOf is the graph whose values are those of v: the first variant's, equalized
// where v is.
func (s *Comparison) referenceOf(v *Variant) (*graph.Graph, error) {
	g, err := s.Variants[0].Model.FusedGraphOf(v.Model)
	return g, exit.WithCode(exit.Model, err)
}

// setLayers puts what was found of layers into the document.
func (v *Variant) setLayers(layers []compare.Layer) {
	v.Layers = nil
	for _, l := range layers {
		v.Layers = append(v.Layers, report.Layer{Layer: l})
	}
}

// rounded collects what was rounded: weights, and values of a float reference.
func (s *Comparison) rounded(ctx context.Context) error {
	reference, int8Graphs := s.Variants[0], s.int8Graphs()
	graphs := make([]*graph.Graph, len(int8Graphs))
	for i, r := range int8Graphs {
		graphs[i] = r.Graph
	}
	var err error
	if s.Doc.Weights, err = compare.WeightsOf(reference.graph, graphs); err != nil {
		return exit.WithCode(exit.Model, err)
	}
	n := s.Doc.Inputs.Layers
	if n == 0 || reference.Model.Quantized() {
		return nil
	}
	s.Doc.Activations, err = compare.Activations(ctx, reference.graph, int8Graphs, s.samples[:n], compare.Options{Threads: s.Options.Data.Threads})
	return exit.WithCode(exit.Data, err)
}
