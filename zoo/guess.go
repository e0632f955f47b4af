package zoo

import (
	"reflect"
	"slices"

	"github.com/octet-ml/octet/graph"
)

// Guess names the architectures whose weights are exactly those of a file, of
// which keys are all keys and shapes their shapes. Where several differ in widths
// only, which the file decides, they are one and the same network, and the one
// closest to torchvision's sizes stands for all. Where several compute different
// functions, all are named. It understands float and converted files. Find looks
// under prefixes too.
func Guess(keys []string, shapes Shapes) []string {
	f := newFinder(keys, shapes, "")
	weights := map[string]bool{}
	for w := range f.weights {
		weights[w] = true
	}
	return f.guess(weights, shapes)
}

// guess is Guess among the architectures that are looked for.
func (f *finder) guess(weights map[string]bool, shapes Shapes) []string {
	var found []candidate
	for _, a := range f.archs {
		if len(a.names) > 2*len(weights) || len(weights) > 2*len(a.names)+8 {
			continue
		}
		c, ok := matches(a.Arch, weights, shapes)
		if !ok {
			continue
		}
		i := slices.IndexFunc(found, func(f candidate) bool { return sameNetwork(f.g, c.g) })
		switch {
		case i < 0:
			found = append(found, c)
		case c.usual > found[i].usual:
			found[i] = c
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return b.usual - a.usual })
	var names []string
	for _, c := range found {
		names = append(names, c.g.Name)
	}
	return names
}

// candidate is an architecture that fits a file, and how many of its weights
// have torchvision's shape.
type candidate struct {
	g     *graph.Graph
	usual int
}

// sameNetwork reports whether two graphs apply the same operators to the same
// values.
func sameNetwork(a, b *graph.Graph) bool {
	return slices.EqualFunc(a.Nodes, b.Nodes, func(m, n *graph.Node) bool {
		return m.Name == n.Name && reflect.DeepEqual(m.Op, n.Op) &&
			slices.EqualFunc(m.Inputs, n.Inputs, func(v, w *graph.Value) bool { return v.Name == w.Name })
	})
}

// matches reports whether the weights of an architecture are those of a file.
func matches(a Arch, weights map[string]bool, shapes Shapes) (c candidate, ok bool) {
	g, err := Build(a.Name, shapes, Quantizable)
	if err != nil {
		return c, false
	}
	c.g = g
	ref, err := Build(a.Name, nil, Quantizable)
	if err != nil {
		return c, false
	}
	n := 0
	for _, p := range g.Params {
		if len(p.Type.Shape) < 2 {
			continue
		}
		found, known := shapes(p.Name)
		if !known || !weights[p.Name] || !found.Equal(p.Type.Shape) {
			return c, false
		}
		if r, ok := ref.Param(p.Name); ok && r.Type.Shape.Equal(found) {
			c.usual++
		}
		n++
	}
	return c, n == len(weights)
}
