package octet

import (
	"context"
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/tensor"
)

// comparedLayers is the number of inputs on which Compare looks at every layer.
const comparedLayers = 16

// OutputComparison says how far logits are from the reference's.
type OutputComparison = compare.Outputs

// LayerComparison says how far the results of one node are from the reference's.
type LayerComparison = compare.Layer

// Comparison says how far a model is from a reference.
type Comparison struct {
	// Outputs compares the logits, over all inputs.
	Outputs OutputComparison `json:"outputs"`
	// Layers compares node by node, over the first 16 inputs, in order of
	// computation: where the accumulated ratio falls is where the model loses.
	Layers []LayerComparison `json:"layers"`
}

// Compare runs two models of one architecture on the same inputs: an int8 model
// and the float one it was made from, or the same int8 model opened for two
// backends. Changed inputs are named by their number. The models are not changed.
func Compare(ctx context.Context, reference, model *Model, inputs Batches, opts ...CompileOption) (*Comparison, error) {
	for _, m := range []*Model{reference, model} {
		if err := m.check(); err != nil {
			return nil, err
		}
	}
	if inputs == nil {
		return nil, errNil("stream of inputs", "octet.Inputs and octet.FromTensor return one")
	}
	if reference.Arch() != model.Arch() {
		return nil, fmt.Errorf("%s is %s and %s is %s: compare two models of one architecture", reference.name(), reference.Arch(), model.name(), model.Arch())
	}
	want, err := reference.Compile(opts...)
	if err != nil {
		return nil, err
	}
	got, err := model.Compile(opts...)
	if err != nil {
		return nil, err
	}
	c := &Comparison{}
	var samples []*tensor.Tensor
	for x, err := range inputs {
		if err != nil {
			return nil, err
		}
		if err := c.add(ctx, want, got, x); err != nil {
			return nil, err
		}
		samples = append(samples, compare.Split(x, comparedLayers-len(samples))...)
	}
	if len(samples) == 0 {
		return nil, fmt.Errorf("there are no inputs to compare %s and %s on", reference.name(), model.name())
	}
	if err := c.compareLayers(ctx, reference, model, samples, opts); err != nil {
		return nil, err
	}
	return c, nil
}

// add compares the logits of a batch.
func (c *Comparison) add(ctx context.Context, want, got *Session, x *tensor.Tensor) error {
	a, err := want.Run(ctx, x)
	if err != nil {
		return err
	}
	b, err := got.Run(ctx, x)
	if err != nil {
		return err
	}
	names := make([]string, x.Dim(0))
	for i := range names {
		names[i] = fmt.Sprint(c.Outputs.Inputs + i)
	}
	return c.Outputs.Add(names, nil, a, b)
}

func (c *Comparison) compareLayers(ctx context.Context, reference, model *Model, samples []*tensor.Tensor, opts []CompileOption) error {
	want, err := reference.FusedGraphOf(model)
	if err != nil {
		return err
	}
	got, err := model.FusedGraph()
	if err != nil {
		return err
	}
	c.Layers, err = compare.Layers(ctx, want, got, compare.Each(samples), compare.Options{Threads: compileRecipe(opts).threads})
	return err
}

// FusedGraph returns the graph whose nodes correspond, by name, to those of every
// int8 model made of this one: of a float model the fused graph of the variant
// that is quantized, of an int8 model its own. The caller must not change it.
func (m *Model) FusedGraph() (*graph.Graph, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	if m.quantized {
		return m.graph, nil
	}
	f, err := m.fused()
	if err != nil {
		return nil, err
	}
	return f.graph, nil
}
