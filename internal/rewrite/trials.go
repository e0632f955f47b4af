package rewrite

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// trial is what is known of values where the inputs have certain sizes.
type trial map[*graph.Value]graph.Fact

// trials returns what is known of a graph's values for inputs of two sizes, which differ in
// every extent that the file leaves open. Shape arithmetic that gives the same in both, or
// follows the inputs in both, does so for all sizes. Values behind a node that does not take
// such inputs are in none.
func trials(g *graph.Graph) (all [2]trial) {
	for k := range all {
		facts, err := g.Facts(trialSizes(g, k)...)
		if err != nil {
			return all
		}
		all[k] = facts
		for _, n := range g.Running().Nodes {
			if g.InferNode(n, all[k]) != nil {
				break
			}
		}
	}
	return all
}

// shape is that of v in a trial, nil where it is not known.
func (t trial) shape(v *graph.Value) []int {
	if f, ok := t[v]; ok && !f.Deferred {
		return f.Shape
	}
	return nil
}

// facts are those of n's inputs in a trial.
func (t trial) facts(n *graph.Node) []graph.Fact {
	all := make([]graph.Fact, len(n.Inputs))
	for i, v := range n.Inputs {
		all[i] = t[v]
	}
	return all
}

// trialSizes are the inputs of a trial: batches of two and three, other extents as
// networks for images take them. Too few are returned where a number of axes is not known.
func trialSizes(g *graph.Graph, k int) []tensor.Shape {
	var all []tensor.Shape
	for _, v := range g.Inputs {
		if v.Sizes == nil {
			return nil
		}
		s := tensor.Shape(slices.Clone(v.Sizes))
		for axis, n := range s {
			switch {
			case n != 0:
			case axis == 0:
				s[axis] = 2 + k
			default:
				s[axis] = 96 + 32*k + 64*(axis%4)
			}
		}
		all = append(all, s)
	}
	return all
}
