package torch

import (
	"regexp"
	"slices"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
)

// FX graph mode (prepare_fx, convert_fx) traces a model and keeps the parameters of
// what is no module as attributes of the whole: layer1_0_relu_scale_0 is the scale
// of what layer1.0 computed last before the parameters are used, inside its module
// relu. Eager mode keeps the same number at layer1.0.add_relu.scale.

var tracedKey = regexp.MustCompile(`^\w+_scale_\d+$`)

// IsTraced reports whether a state dict is that of a model converted in FX graph
// mode.
func IsTraced(sd *StateDict) bool {
	return slices.ContainsFunc(sd.Keys(), func(k string) bool {
		if !tracedKey.MatchString(k) {
			return false
		}
		_, ok := sd.Entry(zeroPointOf(k))
		return ok
	})
}

// zeroPointOf is the key beside that of a scale.
func zeroPointOf(scale string) string {
	i := strings.LastIndex(scale, "scale")
	return scale[:i] + "zero_point" + scale[i+len("scale"):]
}

// ClampsApart reports whether the clamps of g, built as the quantizable model,
// were modules of their own when the model was traced: FX fuses ReLU with the
// convolution in front of it and leaves ReLU6 alone. The result of a convolution
// and ReLU is never negative, so that its zero point is 0.
func ClampsApart(g *graph.Graph, sd *StateDict) bool {
	return slices.ContainsFunc(g.Nodes, func(n *graph.Node) bool {
		c, ok := n.Op.(op.Clamp)
		if !ok || c.Act != quant.ReLU || n.Inputs[0].Node == nil {
			return false
		}
		p := n.Inputs[0].Node
		if _, norm := p.Op.(op.BatchNorm); norm && p.Inputs[0].Node != nil {
			p = p.Inputs[0].Node
		}
		z, ok := sd.Tensor(p.Name + ".zero_point")
		return ok && z.Numel() == 1 && slices.ContainsFunc(z.Bytes(), func(b byte) bool { return b != 0 })
	})
}

// untraced returns the state dict of a model converted in FX graph mode under the
// keys of eager mode, for the fused graph g; others return as they are. float
// names nodes that FX computes on floats between codes.
func untraced(g *graph.Graph, sd *StateDict) (out *StateDict, float []string) {
	if !IsTraced(sd) {
		return sd, nil
	}
	t := &tracer{g: g, sd: sd, to: map[string]string{}, copies: map[string]string{}}
	for _, n := range g.Nodes {
		t.node(n)
	}
	return t.renamed(), t.float
}

type tracer struct {
	g      *graph.Graph
	sd     *StateDict
	to     map[string]string // key of a scale -> prefix in eager mode
	copies map[string]string // prefix in eager mode -> that of the same parameters
	float  []string
}

// node finds the parameters of one node, whose inputs have theirs.
func (t *tracer) node(n *graph.Node) {
	if t.has(n.Name + ".scale") {
		return
	}
	path := strings.ReplaceAll(n.Name, ".", "_")
	parent, _ := splitKey(n.Name)
	parent = strings.ReplaceAll(parent, ".", "_")
	switch o := n.Op.(type) {
	case op.Quantize:
		for _, reader := range t.g.Consumers(n.Output()) {
			t.take(strings.ReplaceAll(reader.Name, ".", "_")+"_input_scale_0", n.Name)
		}
	case op.Slice:
		// The parts of a chunk are quantized anew, one after the other.
		key := parent[:strings.LastIndexByte(parent, '_')] + "_scale_" + n.Name[len(n.Name)-1:]
		if t.take(key, n.Name+".quant") {
			t.float = append(t.float, n.Name)
		}
	case op.Cat:
		if !t.take(parent+"_scale_0", n.Name) {
			t.copies[n.Name] = t.origin(n.Inputs[0])
		}
	case op.Add, op.Mul:
		keys := []string{path + "_scale_0", parent + "_scale_0"}
		if a, ok := o.(op.Add); ok && a.Act != quant.NoActivation {
			keys = append(keys, parent+"_relu_scale_0")
		}
		for _, k := range keys {
			if t.take(k, n.Name) {
				return
			}
		}
	}
}

func (t *tracer) has(key string) bool {
	_, ok := t.sd.Entry(key)
	return ok
}

func (t *tracer) take(key, prefix string) bool {
	if !t.has(key) || t.to[key] != "" {
		return false
	}
	t.to[key] = prefix
	return true
}

// origin is the module whose parameters a value has: of pools and the like, that
// of their input.
func (t *tracer) origin(v *graph.Value) string {
	for v.Node != nil && !observed(v.Node) && len(v.Node.Inputs) > 0 {
		if _, ok := v.Node.Op.(op.Slice); ok && slices.Contains(t.float, v.Node.Name) {
			return v.Node.Name + ".quant"
		}
		v = v.Node.Inputs[0]
	}
	if v.Node == nil {
		return ""
	}
	if from, ok := t.copies[v.Node.Name]; ok {
		return from
	}
	return v.Node.Name
}

// renamed is the state dict under the new keys.
func (t *tracer) renamed() *StateDict {
	out := &StateDict{Metadata: t.sd.Metadata, Stripped: t.sd.Stripped, Source: t.sd.Source, Extra: t.sd.Extra}
	names := map[string]string{}
	for key, prefix := range t.to {
		names[key], names[zeroPointOf(key)] = prefix+".scale", prefix+".zero_point"
	}
	for _, k := range t.sd.Keys() {
		v, _ := t.sd.Entry(k)
		if name, ok := names[k]; ok {
			k = name
		}
		out.Set(k, v)
	}
	for to, from := range t.copies {
		for _, name := range []string{".scale", ".zero_point"} {
			if v, ok := out.Entry(from + name); ok {
				out.Set(to+name, v)
			}
		}
	}
	return out
}
