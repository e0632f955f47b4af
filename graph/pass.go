package graph

import "fmt"

// Pass is a rewriting step. Run changes the graph it is given, which the
// driver has cloned, and reports whether it changed anything.
type Pass struct {
	Name string // for errors and dumps
	Run  func(*Graph) (changed bool, err error)
}

// Rewrite returns a copy of g with the passes applied in order, each once. The
// result is validated after every pass, so that a broken one is named.
func Rewrite(g *Graph, passes ...Pass) (*Graph, error) {
	out := g.Clone()
	for _, p := range passes {
		changed, err := p.Run(out)
		if err == nil && changed {
			out.Prune()
			err = out.Validate()
		}
		if err != nil {
			return nil, fmt.Errorf("pass %s: %w", p.Name, err)
		}
	}
	return out, nil
}
