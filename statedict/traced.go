package statedict

import (
	"slices"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/torch"
)

// FX graph mode (prepare_fx, convert_fx) traces a model and keeps the parameters of functions
// as attributes of the root module: layer1_0_relu_scale_0 is the scale of the addition in
// layer1.0, named after layer1.0.relu, the module in which it is used. Eager mode keeps the
// same number at layer1.0.add_relu.scale.

// IsTraced reports whether a state dict is that of a model converted in FX graph
// mode.
func IsTraced(sd *torch.StateDict) bool {
	return slices.ContainsFunc(sd.Keys(), func(k string) bool {
		if !isTracedScale(k) {
			return false
		}
		_, ok := sd.Entry(zeroPointOf(k))
		return ok
	})
}

// isTracedScale reports whether a key is like layer1_0_relu_scale_0.
func isTracedScale(key string) bool {
	const scale = "_scale_"
	at := strings.LastIndex(key, scale)
	if at < 1 {
		return false
	}
	number := key[at+len(scale):]
	return number != "" && strings.Trim(number, "0123456789") == "" && !strings.ContainsFunc(key[:at], func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

// zeroPointOf is the key beside that of a scale.
func zeroPointOf(scale string) string {
	i := strings.LastIndex(scale, "scale")
	return scale[:i] + "zero_point" + scale[i+len("scale"):]
}

// ClampsApart reports whether the clamps of g, built as the quantizable model, were not fused
// when the model was traced: FX fuses ReLU with the convolution in front of it and leaves ReLU6
// alone. The result of a convolution and ReLU is never negative, so that its zero point is 0;
// before conversion, ReLU6 has observers of its own.
func ClampsApart(g *graph.Graph, sd *torch.StateDict) bool {
	if IsNumbered(sd) {
		return clampsObserved(g, sd)
	}
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

// untraced returns the state dict of a model converted in FX graph mode under the keys of eager
// mode, for the fused graph g; others are returned unchanged. The tracer says which nodes FX
// computes in float or on codes other than the keys suggest.
func untraced(g *graph.Graph, sd *torch.StateDict) (*torch.StateDict, *tracer) {
	t := &tracer{g: g, sd: sd, to: map[string]string{}, copies: map[string]string{}, onCodes: map[string]string{}, floats: map[*graph.Value]bool{}}
	if !IsTraced(sd) {
		return sd, t
	}
	for _, n := range g.Nodes {
		t.node(n)
	}
	return t.renamed(), t
}

type tracer struct {
	g      *graph.Graph
	sd     *torch.StateDict
	to     map[string]string // key of a scale -> prefix in eager mode
	copies map[string]string // prefix in eager mode -> that of the same parameters
	float  []string          // nodes between codes that are computed on floats

	floats  map[*graph.Value]bool // results of excluded layers, and values computed from them
	onCodes map[string]string     // node that keeps its input's parameters -> the float value quantized for it
}

// node finds the parameters of one node, whose inputs have theirs.
func (t *tracer) node(n *graph.Node) {
	if _, input := n.Op.(op.Quantize); !input && t.afterExcluded(n) || t.has(n.Name+".scale") {
		return
	}
	path, parent := tracedPath(n.Name), tracedPath(parentOf(n.Name))
	switch o := n.Op.(type) {
	case op.Quantize:
		for _, reader := range t.g.Consumers(n.Output()) {
			t.take(tracedPath(reader.Name)+"_input_scale_0", n.Name)
		}
		if movedStub(t.g, t.sd) == n.Name {
			t.float = append(t.float, n.Name)
			t.floats[n.Output()] = true
		}
	case op.Slice:
		// The parts of a chunk are quantized again, one after the other.
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

// afterExcluded handles nodes that read or return floats: excluded layers, and nodes that read
// their results. It reports whether n stays float.
func (t *tracer) afterExcluded(n *graph.Node) bool {
	if keptFloat(t.sd, n) {
		t.floats[n.Output()] = true
		return true
	}
	float := len(n.Inputs) > 0
	for _, v := range n.Inputs {
		if v.Role == graph.Parameter {
			continue
		}
		if !t.floats[v] {
			float = false
			continue
		}
		for _, key := range []string{tracedPath(n.Name) + "_input_scale_0", tracedPath(parentOf(n.Name)) + "_input_scale_0", tracedPath(parentOf(n.Name)) + "_input_scale_1"} {
			if t.take(key, v.Node.Name+".quant") {
				float = false
				if !observed(n) {
					t.onCodes[n.Name] = v.Node.Name
				}
				break
			}
		}
	}
	if float {
		t.floats[n.Output()] = true
	}
	return float
}

// tracedPath is a module's path in the names of attributes.
func tracedPath(name string) string { return strings.ReplaceAll(name, ".", "_") }

func parentOf(name string) string {
	parent, _ := splitKey(name)
	return parent
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

// origin is the module whose parameters a value has: for pools and the like, that of their
// input.
func (t *tracer) origin(v *graph.Value) string {
	for v.Node != nil && !observed(v.Node) && len(v.Node.Inputs) > 0 {
		if _, ok := v.Node.Op.(op.Slice); ok && slices.Contains(t.float, v.Node.Name) {
			return v.Node.Name + ".quant"
		}
		v = v.Node.Inputs[0]
	}
	switch {
	case v.Node == nil:
		return ""
	case t.floats[v]:
		return v.Node.Name + ".quant"
	}
	if from, ok := t.copies[v.Node.Name]; ok {
		return from
	}
	return v.Node.Name
}

// renamed is the state dict under the new keys.
func (t *tracer) renamed() *torch.StateDict {
	out := &torch.StateDict{Metadata: t.sd.Metadata, Stripped: t.sd.Stripped, Source: t.sd.Source, Extra: t.sd.Extra}
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
