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

// derived is what follows from a graph, found when it is first asked for. Copies of
// a Model share it.
type derived struct {
	quantizable    func() (*graph.Graph, error)
	fused, clamped func() (*fused, error) // the quantizable variant, and the same with its ReLU6
	classes        func() int
}

// fused is a fused graph and what identifies it with its weights.
type fused struct {
	graph       *graph.Graph
	fingerprint func() (string, error)
}

func derive(arch string, g *graph.Graph) *derived {
	variant := func(v zoo.Variant) func() (*graph.Graph, error) {
		return sync.OnceValues(func() (*graph.Graph, error) { return rebuild(arch, g, v) })
	}
	d := &derived{quantizable: variant(zoo.Quantizable)}
	d.fused, d.clamped = fuse(d.quantizable), fuse(variant(zoo.Clamped))
	d.classes = sync.OnceValue(func() int { return classesOf(g) })
	return d
}

func fuse(variant func() (*graph.Graph, error)) func() (*fused, error) {
	return sync.OnceValues(func() (*fused, error) {
		g, err := variant()
		if err != nil {
			return nil, err
		}
		if g, _, err = rewrite.Fuse(g); err != nil {
			return nil, err
		}
		return &fused{g, sync.OnceValues(func() (string, error) { return ptq.Fingerprint(g) })}, nil
	})
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
	facts, err := g.Infer(tensor.Shape{1, channelsOf(g), edge, edge})
	if err != nil || len(facts[g.Outputs[0]].Shape) != 2 {
		return 0
	}
	return facts[g.Outputs[0]].Shape[1]
}

// channelsOf is the number of channels that the input is declared with.
func channelsOf(g *graph.Graph) int {
	if sizes := g.Inputs[0].Sizes; len(sizes) == 4 {
		return sizes[1]
	}
	return 0
}
