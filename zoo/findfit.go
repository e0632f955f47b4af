package zoo

import (
	"fmt"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// fit decides what at a place belongs to the network and which architectures it is.
func (f *finder) fit(p *Place) {
	shapes := func(key string) (tensor.Shape, bool) { return f.shapes(p.file(key)) }
	g, err := Build(p.Nearest, shapes, Quantizable)
	if err != nil {
		return
	}
	siblings, stranger := f.siblings(p, modulesOf(g, p.naming))
	if stranger != "" && p.Why == "" {
		p.Why = fmt.Sprintf("the network has a further layer, %s", stranger)
	}
	if p.Why == "" {
		p.outside = siblings
		p.Archs = f.guess(f.within(p), shapes)
	}
	if len(p.Archs) == 0 {
		p.outside = nil
	} else {
		p.Nearest = p.Archs[0]
		p.Notes = f.notes(p, shapes)
	}
	for _, k := range f.keys {
		if _, ok := p.Name(k); !ok {
			p.Outside = append(p.Outside, k)
		}
	}
}

// siblings are the keys under the prefix of a network that belong to none of its
// modules: loss weights, metrics, counters. stranger is the first of them that
// holds the weight of a layer, which the network may well compute with.
func (f *finder) siblings(p *Place, modules map[string]bool) (keys map[string]bool, stranger string) {
	keys = map[string]bool{}
	for _, k := range f.keys {
		rest, ok := strings.CutPrefix(k, p.Prefix)
		if !ok || modules[topOf(rest)] || p.head.from != "" && strings.HasPrefix(k, p.head.from+".") {
			continue
		}
		aside := beside(topOf(rest)) || f.elsewhere(p, k)
		if f.integer && !aside && (f.rank(layerOf(k)) > 0 || ofQuantization(rest)) {
			continue // of stubs and of FX graph mode; of layers, what does not fit is said
		}
		if f.weights[k] > 0 && !aside && stranger == "" {
			stranger = k
		}
		keys[k] = true
	}
	return keys, stranger
}

// ofQuantization reports whether a key is one that quantization adds to a network:
// the parameters of a result, an observer, a fake quantization, packed weights.
func ofQuantization(key string) bool {
	return strings.HasSuffix(key, "scale") || strings.HasSuffix(key, "zero_point") || isTraced(key) ||
		strings.Contains(key, "activation_post_process") || strings.Contains(key, "fake_quant") || strings.Contains(key, "_packed_params")
}

// isTraced reports whether FX graph mode calls the parameters of what is no module like
// this: layer1_0_relu_scale_0, or _scale_0 in the outermost module.
func isTraced(key string) bool {
	name := strings.TrimRight(key, "0123456789")
	module, scale := strings.CutSuffix(name, "_scale_")
	if !scale {
		var zero bool
		if module, zero = strings.CutSuffix(name, "_zero_point_"); !zero {
			return false
		}
	}
	return name != key && !strings.ContainsFunc(module, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

// layerOf is the weight of the layer that a key belongs to.
func layerOf(key string) string {
	layer, packed := strings.CutSuffix(key, "._packed_params._packed_params")
	if !packed {
		layer = strings.TrimSuffix(parent(key), ".")
	}
	return layer + ".weight"
}

// modulesOf are the outermost modules of a graph, in the names of the file.
func modulesOf(g *graph.Graph, l naming) map[string]bool {
	modules := map[string]bool{}
	for _, n := range g.Nodes {
		modules[topOf(l.file(n.Name+"."))] = true
	}
	for _, p := range g.Params {
		modules[topOf(l.file(p.Name))] = true
	}
	return modules
}

// notes say what the keys of a network leave open.
func (f *finder) notes(p *Place, shapes Shapes) []string {
	var notes []string
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	a := knownArchs(p.Nearest)[0]
	switch p.naming.name {
	case "children":
		note("layers are numbered in the file, as by nn.Sequential(*model.children())")
	case "features":
		note("the file numbers the layers of model.features")
	case "shortcut":
		note("%s of %s is called %s in the file", "downsample", a.Name, "shortcut")
	}
	if a.Base != "" && !a.OnRequest {
		note("the first convolution is 3x3, as in ResNets for CIFAR: stride 1 and no max pooling are taken, which the file does not say; architecture %s_maxpool has the pooling; images are taken for 32x32", a.Name)
	}
	if p.head.from != "" {
		note("the last layer, %s, is %s in the file; modules around it, such as dropout, do nothing in evaluation", p.head.to, p.head.from)
	}
	_, weight := shapes(a.head + ".weight")
	_, bias := shapes(a.head + ".bias")
	switch {
	case !weight:
		note("the file has no layer %s: the outputs are the features in front of it, as with nn.Identity", a.head)
	case !bias:
		note("%s has no bias: the file has none", a.head)
	}
	if a.Name == "mobilenet_v3_large" || a.Name == "mobilenet_v3_small" {
		if _, hidden := shapes("classifier.0.weight"); weight && !hidden {
			note("the classifier is one layer: the file has no hidden one")
		}
	}
	return notes
}
