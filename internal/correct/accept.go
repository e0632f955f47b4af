package correct

import (
	"context"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Judge says how close the outputs of a corrected graph come to those of the float graph, by
// one measure or several, always as many; more is closer.
type Judge func(ctx context.Context, g *graph.Graph) ([]float64, error)

const (
	// judgments bounds how many graphs are judged.
	judgments = 24
	// gain is what a correction has to bring by every measure: less may be chance. In the unit
	// of the Judge.
	gain = 0.05
)

// accepting looks for the layers whose corrected biases bring the outputs closer: all
// together, or else one half of them and then the other.
type accepting struct {
	made  *Corrected // with all biases corrected
	judge Judge
	left  int
	best  []float64
	taken map[*layer]bool
}

// accept leaves the biases of layers as they were where correcting them brings nothing.
func (c *Corrected) accept(ctx context.Context, layers []*layer, judge Judge) error {
	a := &accepting{made: c, judge: judge, left: judgments, taken: map[*layer]bool{}}
	var err error
	if a.best, err = judge(ctx, a.graph()); err != nil {
		return err
	}
	if err := a.try(ctx, layers); err != nil {
		return err
	}
	c.Graph, c.Biases, c.BiasLayers = a.graph(), 0, nil
	for _, l := range layers {
		if !a.taken[l] {
			continue
		}
		c.BiasLayers = append(c.BiasLayers, l.node.Name)
		if l.bias == nil {
			c.Biases += int64(4 * l.node.Inputs[2].Data.Numel())
		}
	}
	return nil
}

// try takes the corrections of a run of layers if they bring the outputs closer.
func (a *accepting) try(ctx context.Context, block []*layer) error {
	if len(block) == 0 || a.left == 0 {
		return nil
	}
	a.left--
	for _, l := range block {
		a.taken[l] = true
	}
	got, err := a.judge(ctx, a.graph())
	if err != nil {
		return err
	}
	if a.gains(got) {
		a.best = got
		return nil
	}
	for _, l := range block {
		a.taken[l] = false
	}
	if len(block) == 1 {
		return nil
	}
	if err := a.try(ctx, block[:len(block)/2]); err != nil {
		return err
	}
	return a.try(ctx, block[len(block)/2:])
}

// gains reports whether got is better than the best so far by every measure.
func (a *accepting) gains(got []float64) bool {
	for i, v := range got {
		if !(v > a.best[i]+gain) {
			return false
		}
	}
	return true
}

// graph is the corrected graph with the biases of the layers that are taken, and those of the
// others as they were.
func (a *accepting) graph() *graph.Graph {
	g := a.made.Graph.Clone()
	for _, l := range a.made.layers {
		if a.taken[l] {
			continue
		}
		n, _ := g.Node(l.node.Name)
		if l.bias != nil {
			n.Inputs[2].Data = l.bias
			continue
		}
		v := n.Inputs[2]
		n.Inputs = n.Inputs[:2]
		g.Params = slices.DeleteFunc(g.Params, func(p *graph.Value) bool { return p == v })
	}
	return g
}

// biasOf is that of a layer before it is corrected; nil where it has none.
func biasOf(n *graph.Node) *tensor.Tensor {
	if len(n.Inputs) < 3 {
		return nil
	}
	return n.Inputs[2].Data
}
