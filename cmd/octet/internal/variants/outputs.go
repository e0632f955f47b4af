package variants

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/inputs"
	"github.com/octet-ml/octet/cmd/octet/internal/measure"
	"github.com/octet-ml/octet/dataset"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/tensor"
)

// randomInputs is how many random inputs are used if the user gives none.
const randomInputs = 64

// inputSet holds the inputs that models are compared on. It can be read repeatedly.
type inputSet struct {
	report.Inputs
	total   int
	batches func(context.Context) iter.Seq2[*dataset.Batch, error]
	skipped func() []string
	close   func()
}

// inputs opens what the flags name.
func (s *Comparison) inputs() (*inputSet, error) {
	f, reference := s.Options, s.Variants[0].Model
	set := &inputSet{Inputs: report.Inputs{Source: f.Eval, Kind: report.Labelled}}
	var data *inputs.Data
	var err error
	switch {
	case f.Eval != "":
		flags := inputs.LabelledFlags{Data: f.Data, Truth: f.Truth, Names: f.Names, ClassMap: f.ClassMap}
		data, err = flags.Open(s.Console, reference, f.Eval)
	case f.Inputs != "":
		set.Source, set.Kind = f.Inputs, report.Unlabelled
		data, err = f.Data.Open(s.Console, reference, []string{f.Inputs})
	case f.Calibration != "":
		set.Source, set.Kind = f.Calibration, report.Calibrating
		data, err = f.Data.Open(s.Console, reference, []string{f.Calibration})
	default:
		return s.random(), inputs.TakesImages(reference)
	}
	if err != nil {
		return nil, err
	}
	set.total, set.skipped, set.close = data.Total(), data.Skipped, data.Close
	set.batches = func(ctx context.Context) iter.Seq2[*dataset.Batch, error] { return data.Batches(ctx, f.Data.BatchSize) }
	return set, nil
}

// random is the set of random numbers, always the same.
func (s *Comparison) random() *inputSet {
	s.Console.Warn("compared on random numbers: --eval, --inputs or --calibration name inputs like those that the model will see")
	reference := s.Variants[0].Model
	h, w := (&measure.WorkloadFlags{}).ImageSize(reference)
	n := randomInputs
	if s.Options.Data.Limit > 0 {
		n = min(n, s.Options.Data.Limit)
	}
	return &inputSet{
		Inputs: report.Inputs{Source: "random numbers", Kind: report.Random}, total: n,
		skipped: func() []string { return nil }, close: func() {},
		batches: func(context.Context) iter.Seq2[*dataset.Batch, error] {
			return func(yield func(*dataset.Batch, error) bool) {
				r := rand.New(rand.NewPCG(1, 2))
				for i := range n {
					x := measure.RandomImage(r, reference, h, w)
					if !yield(&dataset.Batch{Input: x, Names: []string{fmt.Sprint(i)}, Labels: []int{-1}}, nil) {
						return
					}
				}
			}
		},
	}
}

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
			b.Labels = nil
		}
		var want *tensor.Tensor
		for i, v := range variants {
			y, err := sessions[i].RunAll(ctx, b.Input)
			if err != nil {
				return exit.WithCode(exit.Data, err)
			}
			got, err := compare.Answers(y, b.Input.Dim(0))
			if err != nil {
				return exit.WithCode(exit.Data, fmt.Errorf("%s: %w", v.Name, err))
			}
			if i == 0 {
				want = got
			}
			if err := v.Outputs.Add(b.Names, b.Labels, want, got); err != nil {
				return exit.WithCode(exit.Data, err)
			}
		}
		s.samples = append(s.samples, compare.Split(b.Input, max(1, s.Options.LayerInputs)-len(s.samples))...)
		done += b.Input.Dim(0)
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
