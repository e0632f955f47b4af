package compare

import (
	"bytes"
	"context"
	"fmt"
	"reflect"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// weighted computes layers in float on what the reference computes in front of them,
// but with the weights that rivals have, dequantized. Most rivals differ only in their
// activations; what they have in common is computed once, since it takes most of the
// time.
type weighted struct {
	b       aloneBuilder
	layers  map[string][]*weightedLayer // by node
	session *engine.Session             // nil where there is nothing to run
	inputs  []string
	results map[string]*weightedLayer // by name of the result
}

// weightedLayer is a layer with certain weights.
type weightedLayer struct {
	of     *node
	name   string // of the result
	noises []*Noise
}

func newWeighted(want *graph.Graph) *weighted {
	return &weighted{
		b:      aloneBuilder{want: want, g: graph.New(want.Name), values: map[string]*graph.Value{}},
		layers: map[string][]*weightedLayer{}, results: map[string]*weightedLayer{},
	}
}

// node adds the layer of a rival, and returns the name of its result.
func (w *weighted) node(n *node) (string, error) {
	noise := &n.weights
	if !n.Output().Type.DType.IsQuantized() { // without codes of the result that is all it adds
		noise = &n.introduced
	}
	for _, l := range w.layers[n.Name] {
		if sameLayer(l.of.Node, n.Node) && w.b.source(l.of.Inputs[0]) == w.b.source(n.Inputs[0]) {
			l.noises = append(l.noises, noise)
			return l.name, nil
		}
	}
	data, err := quant.Dequantize(op.WeightOf(n.Node).Data)
	if err != nil {
		return "", err
	}
	l := &weightedLayer{of: n, name: fmt.Sprintf("weights %d of %s", len(w.layers[n.Name])+1, n.Name), noises: []*Noise{noise}}
	in := []*graph.Value{w.b.as(w.b.source(n.Inputs[0]), graph.Float32), w.b.g.AddConst("real "+l.name, data)}
	for i, v := range n.Inputs[2:] {
		in = append(in, w.b.g.AddConst(fmt.Sprintf("input %d of %s", i+2, l.name), v.Data))
	}
	w.b.g.AddNode(l.name, n.Op, in...)
	w.layers[n.Name], w.results[l.name] = append(w.layers[n.Name], l), l
	return l.name, nil
}

// sameLayer reports whether two layers compute the same of the same input.
func sameLayer(a, b *graph.Node) bool {
	if len(a.Inputs) != len(b.Inputs) || !reflect.DeepEqual(a.Op, b.Op) {
		return false
	}
	for i := 1; i < len(a.Inputs); i++ {
		if !sameData(a.Inputs[i].Data, b.Inputs[i].Data) {
			return false
		}
	}
	return a.Output().Type.DType.IsQuantized() == b.Output().Type.DType.IsQuantized()
}

func sameData(a, b *tensor.Tensor) bool {
	if a == b || a == nil || b == nil {
		return a == b
	}
	same := a.DType() == b.DType() && a.Shape().Equal(b.Shape()) && (a.QParams() == nil) == (b.QParams() == nil)
	return same && (a.QParams() == nil || a.QParams().Equal(b.QParams())) && bytes.Equal(a.Bytes(), b.Bytes())
}

func (w *weighted) compile(opts Options) (err error) {
	g, inputs := w.b.finish()
	if w.inputs = inputs; len(g.Nodes) > 0 {
		w.session, err = session(g, opts, nil)
	}
	return err
}

// add computes the layers for an input, and adds their results to values.
func (w *weighted) add(ctx context.Context, values map[string]*tensor.Tensor) error {
	if w.session == nil {
		return nil
	}
	inputs := make([]*tensor.Tensor, len(w.inputs))
	for i, name := range w.inputs {
		inputs[i] = values[name]
	}
	_, err := w.session.RunTapped(ctx, func(v *graph.Value, t *tensor.Tensor) error {
		l, ok := w.results[v.Name]
		if !ok {
			return nil
		}
		values[v.Name] = t
		want := values[l.of.Name]
		if err := sameShape(l.of.Name, want, t); err != nil {
			return err
		}
		var seen Noise
		if err := addNoise(&seen, want, t); err != nil {
			return err
		}
		for _, n := range l.noises {
			n.Signal, n.Noise = n.Signal+seen.Signal, n.Noise+seen.Noise
		}
		return nil
	}, inputs...)
	return err
}
