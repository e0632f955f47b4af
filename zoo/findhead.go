package zoo

import (
	"fmt"
	"slices"
	"strings"
)

// findHead finds the classifier's last layer where it does not have the
// architecture's name: because it is inside a Sequential with dropout (fc.1),
// because it is called otherwise (head.fc), or because it is not there at all.
func (f *finder) findHead(p *Place, a known) {
	if _, ok := f.shapes(p.file(a.head + ".weight")); ok || a.head == "" {
		return
	}
	linear := f.strangers(p, a, p.Prefix)
	scope := p.Prefix
	if len(linear) == 0 {
		scope = parent(p.Prefix)
		linear = f.strangers(p, a, scope)
	}
	// Where layers in front of the last one have their names, the last one lies
	// where it belongs: classifier.3.1 behind classifier.0.
	if f.hasHidden(p, a) {
		linear = slices.DeleteFunc(linear, func(w string) bool { return !strings.HasPrefix(w, p.file(a.head+".")) })
	}
	switch {
	case len(linear) > 1:
		p.Why = fmt.Sprintf("behind the features there are %d layers (%s), and the functions between them are not in the file", len(linear), shorten(linear))
	case len(linear) == 1 && f.rank(linear[0]) == 2:
		layer := strings.TrimSuffix(linear[0], ".weight")
		if other := f.partner(p, a, layer, scope); other != "" {
			p.Why = fmt.Sprintf("%s is a part of the classifier beside %s, and how they are connected is not in the file", other, layer)
			return
		}
		p.head = move{layer, a.head}
	case len(linear) == 1:
		p.Why = fmt.Sprintf("the network goes on behind the features, with %s", linear[0])
	}
}

// strangers are the weights below a prefix that have no name of the architecture.
func (f *finder) strangers(p *Place, a known, below string) []string {
	var out []string
	for _, k := range f.keys {
		w, _ := strings.CutSuffix(k, "._packed_params._packed_params")
		if w != k {
			w += ".weight"
		}
		if f.rank(w) == 0 || !strings.HasPrefix(w, below) || f.elsewhere(p, w) || beside(topOf(w[len(below):])) {
			continue
		}
		if name, ok := strings.CutPrefix(w, p.Prefix); ok && a.owns(p.naming.canonical(name)) {
			continue
		}
		out = append(out, w)
	}
	return out
}

func (f *finder) rank(w string) int { return f.weights[w] }

// elsewhere reports whether a key belongs to another network of the file.
func (f *finder) elsewhere(p *Place, key string) bool {
	return slices.ContainsFunc(f.spots, func(s spot) bool {
		if s.prefix == p.Prefix || strings.HasPrefix(p.Prefix, s.prefix) {
			return false
		}
		up := parent(s.prefix)
		return strings.HasPrefix(key, s.prefix) || up != "" && !strings.HasPrefix(p.Prefix, up) && strings.HasPrefix(key, up)
	})
}

// hasHidden reports whether the classifier's other layers have their names.
func (f *finder) hasHidden(p *Place, a known) bool {
	return slices.ContainsFunc(a.names, func(n string) bool {
		_, ok := f.shapes(p.file(n))
		return ok && topOf(n) == topOf(a.head)
	})
}

// partner returns a key of the classifier that is no part of its one layer.
func (f *finder) partner(p *Place, a known, layer, scope string) string {
	if f.integer {
		return "" // observers and scales of modules that do nothing in evaluation
	}
	group := scope + topOf(layer[len(scope):]) + "."
	for _, k := range f.keys {
		rest, _ := strings.CutPrefix(k, p.Prefix)
		module := rest[:strings.LastIndexByte(rest, '.')+1]
		if strings.HasPrefix(k, group) && !strings.HasPrefix(k, layer+".") && !a.owns(p.naming.canonical(module+"weight")) {
			return k
		}
	}
	return ""
}

// parent cuts the last element of a prefix: model.backbone. is in model.
func parent(prefix string) string {
	return prefix[:strings.LastIndexByte(strings.TrimSuffix(prefix, "."), '.')+1]
}

func topOf(key string) string {
	top, _, _ := strings.Cut(key, ".")
	return top
}

// beside reports whether a module is one that training keeps beside networks.
func beside(module string) bool {
	module = strings.ToLower(module)
	for _, word := range []string{"criterion", "loss", "metric", "accuracy", "ema", "queue", "n_averaged"} {
		if strings.Contains(module, word) {
			return true
		}
	}
	return false
}

// shorten lists the first names.
func shorten(names []string) string {
	const most = 4
	if n := len(names) - most; n > 1 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), n)
	}
	return strings.Join(names, ", ")
}
