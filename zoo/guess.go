package zoo

import (
	"strings"
)

// Guess names the architectures whose weights are exactly those of a file, of
// which keys are all keys and shapes their shapes, best first: where several
// fit, because they differ in widths only, the one closest to torchvision's
// sizes leads. It understands float and converted files.
func Guess(keys []string, shapes Shapes) []string {
	weights := map[string]bool{}
	for _, k := range keys {
		// A converted linear layer holds its weight packed.
		if p, ok := strings.CutSuffix(k, "._packed_params._packed_params"); ok {
			k = p + ".weight"
		}
		if s, ok := shapes(k); ok && strings.HasSuffix(k, ".weight") && len(s) >= 2 {
			weights[k] = true
		}
	}
	var names []string
	best := -1
	for _, a := range architectures {
		usual, ok := matches(a, weights, shapes)
		switch {
		case !ok:
		case usual > best:
			best = usual
			names = append([]string{a.Name}, names...)
		default:
			names = append(names, a.Name)
		}
	}
	return names
}

// matches reports whether the weights of an architecture are those of a file,
// and how many of them have torchvision's shape.
func matches(a Arch, weights map[string]bool, shapes Shapes) (usual int, ok bool) {
	g, err := Build(a.Name, shapes, Quantizable)
	if err != nil {
		return 0, false
	}
	ref, err := Build(a.Name, nil, Quantizable)
	if err != nil {
		return 0, false
	}
	n := 0
	for _, p := range g.Params {
		if len(p.Type.Shape) < 2 {
			continue
		}
		found, known := shapes(p.Name)
		if !known || !weights[p.Name] || !found.Equal(p.Type.Shape) {
			return 0, false
		}
		if r, ok := ref.Param(p.Name); ok && r.Type.Shape.Equal(found) {
			usual++
		}
		n++
	}
	return usual, n == len(weights)
}
