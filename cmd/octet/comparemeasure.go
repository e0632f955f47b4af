package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/tensor"
)

// randomInputs is how many are compared on where the user has none.
const randomInputs = 64

// inputSet is what the models are compared on. It can be read again.
type inputSet struct {
	report.Inputs
	total   int
	batches func(context.Context) iter.Seq2[batch, error]
	skipped func() []string
	close   func()
}

// inputs opens what the flags name.
func (s *comparison) inputs() (*inputSet, error) {
	f, reference := s.f, s.variants[0].model
	set := &inputSet{Inputs: report.Inputs{Source: f.eval, Kind: report.Labelled}}
	var data *inputData
	var err error
	switch {
	case f.eval != "":
		flags := evalFlags{data: f.data, truth: f.truth, names: f.names, classMap: f.classMap}
		data, err = flags.open(s.c, reference, f.eval)
	case f.inputs != "":
		set.Source, set.Kind = f.inputs, report.Unlabelled
		data, err = f.data.open(s.c, reference, []string{f.inputs})
	case f.calibration != "":
		set.Source, set.Kind = f.calibration, report.Calibrating
		data, err = f.data.open(s.c, reference, []string{f.calibration})
	default:
		return s.random(), nil
	}
	if err != nil {
		return nil, err
	}
	set.total, set.skipped, set.close = data.total(), data.skipped, data.close
	set.batches = func(ctx context.Context) iter.Seq2[batch, error] { return data.batches(ctx, f.data.batchSize) }
	return set, nil
}

// random is the set of random numbers, always the same.
func (s *comparison) random() *inputSet {
	s.c.warn("compared on random numbers: --eval, --inputs or --calibration name inputs like those that the model will see")
	reference := s.variants[0].model
	h, w := (&workloadFlags{}).imageSize(reference)
	n := randomInputs
	if s.f.data.limit > 0 {
		n = min(n, s.f.data.limit)
	}
	return &inputSet{
		Inputs: report.Inputs{Source: "random numbers", Kind: report.Random}, total: n,
		skipped: func() []string { return nil }, close: func() {},
		batches: func(context.Context) iter.Seq2[batch, error] {
			return func(yield func(batch, error) bool) {
				r := rand.New(rand.NewPCG(1, 2))
				for i := range n {
					x := randomInput(r, reference.Channels(), h, w)
					if !yield(batch{x, []string{fmt.Sprint(i)}, []int{-1}}, nil) {
						return
					}
				}
			}
		},
	}
}

// outputs compares the logits of all variants.
func (s *comparison) outputs(ctx context.Context) error {
	set, err := s.inputs()
	if err != nil {
		return err
	}
	defer set.close()
	if err := s.run(ctx, set, "compare", s.variants); err != nil {
		return err
	}
	s.doc.Inputs = set.Inputs
	s.doc.Inputs.Skipped = set.skipped()
	s.doc.Inputs.Count = s.variants[0].Outputs.Inputs
	s.doc.Inputs.Layers = min(s.f.layerInputs, len(s.samples))
	return nil
}

// run computes the variants, of which the first is the reference, on a set, and
// keeps some inputs for the comparison of layers.
func (s *comparison) run(ctx context.Context, set *inputSet, name string, variants []*variant) error {
	sessions := make([]*octet.Session, len(variants))
	for i, v := range variants {
		var err error
		if sessions[i], err = s.f.data.compile(v.model); err != nil {
			return err
		}
		v.Outputs = &compare.Outputs{}
	}
	stage := s.c.begin(name, "inputs", set.total)
	defer stage.end()
	done := 0
	for b, err := range set.batches(ctx) {
		if err != nil {
			return withCode(exitData, err)
		}
		if set.Kind != report.Labelled {
			b.labels = nil
		}
		var want *tensor.Tensor
		for i, v := range variants {
			got, err := sessions[i].Run(ctx, b.x)
			if err != nil {
				return withCode(exitData, err)
			}
			if i == 0 {
				want = got
			}
			if err := v.Outputs.Add(b.names, b.labels, want, got); err != nil {
				return withCode(exitData, err)
			}
		}
		s.samples = append(s.samples, compare.Split(b.x, max(1, s.f.layerInputs)-len(s.samples))...)
		done += b.x.Dim(0)
		stage.set(done)
	}
	if done == 0 {
		return withCode(exitData, errors.New("no input could be used"+skippedText(set.skipped())))
	}
	return nil
}

// layers compares every layer, and collects what was rounded.
func (s *comparison) layers(ctx context.Context) error {
	n := s.doc.Inputs.Layers
	if n == 0 {
		return nil
	}
	stage := s.c.begin("layers", "inputs", n)
	defer stage.end()
	var int8s []*variant
	var graphs []*graph.Graph
	for _, v := range s.variants[1:] {
		if v.model.Quantized() {
			int8s, graphs = append(int8s, v), append(graphs, v.graph)
		}
	}
	all, err := compare.LayersOf(ctx, s.variants[0].graph, graphs, s.samples[:n], compare.Options{Threads: s.f.data.threads, Progress: stage.set})
	if err != nil {
		return withCode(exitModel, err)
	}
	for i, v := range int8s {
		v.setLayers(all[i])
	}
	return nil
}

// setLayers puts what was found of layers into the document.
func (v *variant) setLayers(layers []compare.Layer) {
	v.Layers = nil
	for _, l := range layers {
		v.Layers = append(v.Layers, report.Layer{Layer: l})
	}
}

// rounded collects what was rounded: weights, and values of a float reference.
func (s *comparison) rounded(ctx context.Context) error {
	reference, int8Graphs := s.variants[0], s.int8Graphs()
	graphs := make([]*graph.Graph, len(int8Graphs))
	for i, r := range int8Graphs {
		graphs[i] = r.Graph
	}
	var err error
	if s.doc.Weights, err = compare.WeightsOf(reference.graph, graphs); err != nil {
		return withCode(exitModel, err)
	}
	n := s.doc.Inputs.Layers
	if n == 0 || reference.model.Quantized() {
		return nil
	}
	s.doc.Activations, err = compare.Activations(ctx, reference.graph, int8Graphs, s.samples[:n], compare.Options{Threads: s.f.data.threads})
	return withCode(exitData, err)
}
