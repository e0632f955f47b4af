package zoo

import (
	"slices"
	"strings"
	"sync"

	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// naming is a way to name the layers of an architecture other than torchvision's,
// which says the same.
type naming struct {
	name  string
	pairs []move // of prefixes: in the file, in the architecture
	inner move   // of an element in the middle
}

var namings = []naming{
	{},
	// nn.Sequential(*model.children()), with or without the classifier.
	{name: "children", pairs: []move{{"0.", "conv1."}, {"1.", "bn1."}, {"4.", "layer1."}, {"5.", "layer2."}, {"6.", "layer3."}, {"7.", "layer4."}, {"9.", "fc."}}},
	// model.features alone.
	{name: "features", pairs: []move{{"", "features."}}},
	// ResNets of CIFAR repositories.
	{name: "shortcut", inner: move{".shortcut.", ".downsample."}},
}

func namingCalled(name string) naming {
	return namings[slices.IndexFunc(namings, func(l naming) bool { return l.name == name })]
}

// namingsOf are those that make sense for an architecture with these names.
func namingsOf(names []string) []naming {
	return slices.DeleteFunc(slices.Clone(namings), func(l naming) bool {
		switch l.name {
		case "children":
			return !slices.Contains(names, "layer4.0.conv1.weight")
		case "features":
			return !slices.Contains(names, "features.0.0.weight")
		case "shortcut":
			return !slices.ContainsFunc(names, func(n string) bool { return strings.Contains(n, ".downsample.") })
		}
		return false
	})
}

// canonical is what the architecture calls a name of the file.
func (l naming) canonical(name string) string {
	for _, m := range l.pairs {
		if rest, ok := strings.CutPrefix(name, m.from); ok {
			return m.to + rest
		}
	}
	if l.inner.from != "" {
		return strings.Replace(name, l.inner.from, l.inner.to, 1)
	}
	return name
}

// file is the opposite of canonical.
func (l naming) file(name string) string {
	for _, m := range l.pairs {
		if rest, ok := strings.CutPrefix(name, m.to); ok {
			return m.from + rest
		}
	}
	if l.inner.from != "" {
		return strings.Replace(name, l.inner.to, l.inner.from, 1)
	}
	return name
}

// known is an architecture with its weights as torchvision sizes them.
type known struct {
	Arch
	names  []string
	shapes []tensor.Shape
	head   string // the last linear layer
	owned  map[string]bool
	tops   map[string]bool // the outermost modules
}

// owns reports whether a weight belongs to the architecture by its name: the file
// decides which blocks of the features have a convolution on their shortcut.
func (k known) owns(name string) bool {
	top := topOf(name)
	return k.owned[name] || k.tops[top] && top != topOf(k.head)
}

// cached holds what was derived of architectures, by name.
var cached sync.Map

func knownOf(a Arch) known {
	if k, ok := cached.Load(a.Name); ok {
		return k.(known)
	}
	k := known{Arch: a, owned: map[string]bool{}, tops: map[string]bool{}}
	g, err := Build(a.Name, nil, Quantizable)
	if err != nil {
		return k // a test builds every row of the table
	}
	for _, p := range g.Params {
		if len(p.Type.Shape) >= 2 {
			k.names, k.shapes = append(k.names, p.Name), append(k.shapes, p.Type.Shape)
			k.owned[p.Name], k.tops[topOf(p.Name)] = true, true
		}
	}
	for _, n := range g.Nodes {
		if _, ok := n.Op.(op.Linear); ok {
			k.head = n.Name
		}
	}
	cached.Store(a.Name, k)
	return k
}

// knownArchs are the architectures to look for: all, or one and its variants.
func knownArchs(name string) []known {
	var all []known
	for _, a := range architectures {
		if a.Name == name || !a.OnRequest && (name == "" || a.Base == name) {
			all = append(all, knownOf(a))
		}
	}
	return all
}
