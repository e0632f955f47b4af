package zoo

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Place is where in a state dict a network lies: under which prefix of the keys,
// and which of its layers have other names there.
type Place struct {
	// Prefix is what the network's keys have in common, with its last dot:
	// "model.module."; empty where there is nothing.
	Prefix string
	// Archs are the architectures that fit, as Guess names them; empty where none
	// does.
	Archs []string
	// Nearest is the architecture with the most layers in common, and Share the part
	// of the layers of both that are in common.
	Nearest string
	Share   float64
	// Covered says that every layer of Nearest is there, among others.
	Covered bool
	// Notes say, in sentences, what the keys leave open and how it is taken.
	Notes []string
	// Why says what keeps Nearest from fitting where the keys alone do not show it.
	Why string
	// Outside are the keys that belong to something else.
	Outside []string

	naming  naming
	outside map[string]bool
	head    move
	integer bool // the dict of a converted or prepared model
}

// move is a layer with another name in the file.
type move struct{ from, to string }

// Name is what the architecture calls a key of the file; false for a key that
// belongs to something else. A module's path with a dot behind is translated too.
func (p *Place) Name(key string) (string, bool) {
	if p.outside[key] {
		return "", false
	}
	if rest, ok := strings.CutPrefix(key, p.head.from+"."); ok && p.head.from != "" {
		return p.head.to + "." + rest, true
	}
	rest, ok := strings.CutPrefix(key, p.Prefix)
	if !ok {
		return p.stub(key)
	}
	return p.naming.canonical(rest), true
}

// stub finds what a wrapper quantizes in place of the network: its own stub, and
// what FX graph mode keeps beside all modules of what was traced: numbered observers,
// and parameters under the path with underscores. The wrapper may be wrapped in turn.
func (p *Place) stub(key string) (string, bool) {
	if !p.integer {
		return "", false
	}
	for outer := p.Prefix; outer != ""; {
		outer = parent(outer)
		rest, ok := strings.CutPrefix(key, outer)
		if ok && (strings.HasPrefix(rest, "quant.") || strings.HasPrefix(rest, "activation_post_process_")) {
			return rest, true
		}
		rest, within := strings.CutPrefix(rest, strings.ReplaceAll(p.Prefix[len(outer):], ".", "_"))
		if ok && within && !strings.Contains(rest, ".") {
			return rest, true
		}
	}
	return "", false
}

// file is the key in the file of what the architecture calls name.
func (p *Place) file(name string) string {
	if rest, ok := strings.CutPrefix(name, p.head.to+"."); ok && p.head.to != "" {
		return p.head.from + "." + rest
	}
	return p.Prefix + p.naming.file(name)
}

// Find looks for a network in a state dict, under any prefix and for each of the
// architectures, or for the one that is named and its variants. fits are the
// places where one fits; where there is none, nearest is the best of the others.
func Find(keys []string, shapes Shapes, arch string) (fits []Place, nearest Place) {
	f := newFinder(keys, shapes, arch)
	for _, s := range f.spots {
		p := f.place(s)
		if len(p.Archs) > 0 {
			fits = append(fits, p)
		} else if p.Share > nearest.Share {
			nearest = p
		}
	}
	first := func(p Place) int {
		return slices.IndexFunc(keys, func(k string) bool { return strings.HasPrefix(k, p.Prefix) })
	}
	slices.SortStableFunc(fits, func(a, b Place) int { return first(a) - first(b) })
	return fits, nearest
}

// finder looks for networks in the keys of one file.
type finder struct {
	keys    []string
	weights map[string]int // rank by key, of the weights of layers
	shapes  Shapes
	archs   []known
	spots   []spot
	integer bool
}

// spot is a prefix under which names of an architecture occur, in one naming.
type spot struct {
	prefix string
	naming string
	counts map[string]int // by architecture
}

// reasonable is the part of an architecture's layers that must be there for a
// look at the place.
const reasonable = 0.5

func newFinder(keys []string, shapes Shapes, arch string) *finder {
	f := &finder{keys: keys, weights: map[string]int{}, shapes: shapes, archs: knownArchs(arch)}
	for _, k := range keys {
		f.integer = f.integer || strings.HasSuffix(k, "zero_point") || strings.Contains(k, "_zero_point_") || strings.Contains(k, "activation_post_process")
		name := k
		if p, ok := strings.CutSuffix(k, "._packed_params._packed_params"); ok { // a converted linear layer
			name = p + ".weight"
		}
		if s, ok := shapes(name); ok && strings.HasSuffix("."+name, ".weight") && len(s) >= 2 {
			f.weights[name] = len(s)
		}
	}
	f.tally()
	return f
}

// tally counts, for each prefix, naming and architecture, the weights that have
// their names there.
func (f *finder) tally() {
	type owner struct{ naming, arch string }
	owners := map[string][]owner{}
	for _, a := range f.archs {
		for _, l := range namingsOf(a.names) {
			for _, n := range a.names {
				owners[l.file(n)] = append(owners[l.file(n)], owner{l.name, a.Name})
			}
		}
	}
	at := map[[2]string]*spot{}
	for w := range f.weights {
		for start := 0; ; {
			for _, o := range owners[w[start:]] {
				id := [2]string{w[:start], o.naming}
				if at[id] == nil {
					at[id] = &spot{w[:start], o.naming, map[string]int{}}
				}
				at[id].counts[o.arch]++
			}
			dot := strings.IndexByte(w[start:], '.')
			if dot < 0 {
				break
			}
			start += dot + 1
		}
	}
	for _, s := range at {
		f.spots = append(f.spots, *s)
	}
	best := func(s spot) int { return slices.Max(slices.Collect(maps.Values(s.counts))) }
	slices.SortFunc(f.spots, func(a, b spot) int {
		return cmp.Or(best(b)-best(a), len(a.naming)-len(b.naming), strings.Compare(a.prefix, b.prefix))
	})
	// Blocks of a network look a little like one: only the best are looked at.
	f.spots = slices.DeleteFunc(f.spots, func(s spot) bool { return 4*best(s) < best(f.spots[0]) })
	f.dropInner()
}

// dropInner leaves out a spot that is a part of another one's network, such as
// the bare features of a whole one.
func (f *finder) dropInner() {
	var kept []spot
	for _, s := range f.spots {
		if !slices.ContainsFunc(kept, func(k spot) bool {
			return k.naming != s.naming && strings.HasPrefix(s.prefix, k.prefix) && k.naming == ""
		}) {
			kept = append(kept, s)
		}
	}
	f.spots = kept
}

// place judges a spot: the architectures that fit there, else the nearest.
func (f *finder) place(s spot) Place {
	var best Place
	for _, a := range f.archs {
		count := s.counts[a.Name]
		if count == 0 {
			continue
		}
		p := Place{Prefix: s.prefix, Nearest: a.Name, naming: namingCalled(s.naming), integer: f.integer}
		if float64(count) >= reasonable*float64(len(a.names)) {
			f.findHead(&p, a)
		}
		within := f.within(&p)
		p.Share = share(count, len(a.names), len(within))
		p.Covered = count == len(a.names)
		// Where names are alike, shapes tell: resnet50 and its wide form.
		p.Share += 1e-3 * f.alike(&p, a)
		if p.Share > best.Share {
			best = p
		}
	}
	f.fit(&best)
	return best
}

func share(common, ours, theirs int) float64 {
	return float64(common) / float64(max(ours+theirs-common, 1))
}

// alike is the part of an architecture's weights that have torchvision's shape.
func (f *finder) alike(p *Place, a known) float64 {
	n := 0
	for i, name := range a.names {
		if s, ok := f.shapes(p.file(name)); ok && s.Equal(a.shapes[i]) {
			n++
		}
	}
	return float64(n) / float64(len(a.names))
}

// within are the weights below the prefix, in the names of the architecture.
func (f *finder) within(p *Place) map[string]bool {
	out := map[string]bool{}
	for w := range f.weights {
		if name, ok := p.Name(w); ok && (strings.HasPrefix(w, p.Prefix) || name == p.head.to+".weight") {
			out[name] = true
		}
	}
	return out
}
