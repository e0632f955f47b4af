package octet

import (
	"fmt"
	"sync"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/rewrite"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/zoo"
)

// derived is what follows from a float graph, found when it is first asked for. Copies
// of a Model share it. What is found is named by methods, not held as functions: a
// program that quantizes nothing does not link it.
type derived struct {
	arch  string
	graph *graph.Graph

	variant      lazy[*graph.Graph] // the quantizable one
	plain, relu6 lazy[*fused]       // that fused, and the same with its ReLU6
	equal        lazy[*fused]       // the fused one, equalized
	outputs      lazy[int]
}

// lazy is a value that is made once.
type lazy[T any] struct {
	once sync.Once
	v    T
	err  error
}

func (l *lazy[T]) get(find func() (T, error)) (T, error) {
	l.once.Do(func() { l.v, l.err = find() })
	return l.v, l.err
}

func (d *derived) quantizable() (*graph.Graph, error) {
	return d.variant.get(func() (*graph.Graph, error) {
		if d.arch == "" { // a model of one's own has no other variant
			return d.graph, nil
		}
		return rebuild(d.arch, d.graph, zoo.Quantizable)
	})
}

func (d *derived) fused() (*fused, error) {
	return d.plain.get(func() (*fused, error) { return fuse(d.quantizable()) })
}

func (d *derived) clamped() (*fused, error) {
	return d.relu6.get(func() (*fused, error) { return fuse(rebuild(d.arch, d.graph, zoo.Clamped)) })
}

// equalized is fused with the ranges of weights brought together across layers.
func (d *derived) equalized() (*fused, error) {
	return d.equal.get(func() (*fused, error) {
		f, err := d.fused()
		if err != nil {
			return nil, err
		}
		g, scaled, err := rewrite.Equalize(f.graph)
		return &fused{graph: g, scaled: scaled}, err
	})
}

func (d *derived) classes() int {
	n, _ := d.outputs.get(func() (int, error) { return classesOf(d.graph), nil })
	return n
}

// fused is a fused graph and what identifies it with its weights.
type fused struct {
	graph  *graph.Graph
	scaled int // layers that equalization has scaled
	print  lazy[string]
}

func fuse(g *graph.Graph, err error) (*fused, error) {
	if err != nil {
		return nil, err
	}
	if g, _, err = rewrite.Fuse(g); err != nil {
		return nil, err
	}
	return &fused{graph: g}, nil
}

func (f *fused) fingerprint() (string, error) {
	return f.print.get(func() (string, error) { return ptq.Fingerprint(f.graph) })
}

// rebuild returns another variant of the architecture of a float graph, with its
// parameters.
func rebuild(arch string, g *graph.Graph, v zoo.Variant) (*graph.Graph, error) {
	params := make(map[string]*graph.Value, len(g.Params))
	for _, p := range g.Params {
		params[p.Name] = p
	}
	out, err := zoo.Build(arch, func(key string) (tensor.Shape, bool) {
		p, ok := params[key]
		if !ok {
			return nil, false
		}
		return p.Type.Shape, true
	}, v)
	if err != nil {
		return nil, err
	}
	for _, p := range out.Params {
		from, ok := params[p.Name]
		if !ok || !from.Type.Shape.Equal(p.Type.Shape) {
			return nil, fmt.Errorf("the %v variant of %s has a parameter %s of shape %v, the %v one has not", v, arch, p.Name, p.Type.Shape, zoo.Plain)
		}
		p.Data = from.Data
	}
	return out, nil
}

// classesOf is the length of the rows that the graph gives, 0 where it gives none.
func classesOf(g *graph.Graph) int {
	const edge = 224 // enough for every architecture; the answer does not depend on it
	if len(g.Inputs) != 1 || len(g.Inputs[0].Sizes) != 4 {
		return 0
	}
	sizes := g.Inputs[0].Sizes
	shape := tensor.Shape{1, channelsOf(g), edge, edge}
	for i, n := range sizes[2:] {
		if n > 0 {
			shape[2+i] = n
		}
	}
	facts, err := g.Infer(shape)
	if err != nil || len(facts[g.Outputs[0]].Shape) != 2 {
		return 0
	}
	return facts[g.Outputs[0]].Shape[1]
}

// channelsOf is the number of channels that the input is declared with.
func channelsOf(g *graph.Graph) int {
	if len(g.Inputs) == 0 {
		return 0
	}
	if sizes := g.Inputs[0].Sizes; len(sizes) == 4 {
		return sizes[1]
	}
	return 0
}
