package statedict

import (
	"fmt"
	"math"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/fakequant"
	passes "github.com/octet-ml/octet/internal/rewrite"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// Prepared is the state of a model in quantization-aware training beside the float parameters
// of its graph.
type Prepared struct {
	// Weights and Activations have the fake quantizations by the path of the module that owns
	// them: the first member of a fused group. Activations include the graph's Idle modules.
	Weights, Activations map[string]*fakequant.Module
	// Batches is num_batches_tracked of each batch norm, by the name of its node.
	Batches map[string]int64
}

// ExportPrepared returns the state dict of torch.ao's prepare_qat of the model
// of g, which is unfused and bound: with its keys, element types and shapes, so
// that load_state_dict(strict=True) accepts it.
func ExportPrepared(g *graph.Graph, p Prepared) (*torch.StateDict, error) {
	for _, v := range g.Params {
		if v.Data == nil {
			return nil, fmt.Errorf("%s: parameter %q is not bound", g.Name, v.Name)
		}
	}
	e := &preparedExporter{exporter{g: g, sd: &torch.StateDict{Metadata: map[string]int{"": 1}, Source: g.Name}}, p, partsOf(g)}
	nodes, stubs := moduleOrder(g)
	for i, n := range nodes {
		e.module(n)
		e.each(n, nodes[i+1:], func(name string) { e.fake(name+actQuant, p.Activations[name]) })
	}
	for _, n := range stubs {
		e.module(n)
	}
	return e.sd, nil
}

// part says of which fused module a node is part: the path of its first member.
type part struct {
	first *graph.Node
	norm  bool // a batch norm, which is a module of first's, bn
}

// partsOf says which nodes are parts of which modules in training: the batch norm
// and the clamp behind a convolution or a linear layer, the clamp behind an
// addition.
func partsOf(g *graph.Graph) map[*graph.Node]part {
	parts := map[*graph.Node]part{}
	structure := g.Clone()
	for _, v := range structure.Params {
		v.Data = nil // only names are needed
	}
	_, groups, err := passes.Fuse(structure)
	if err != nil {
		return parts // a graph that Fuse refuses has no fused modules
	}
	for _, group := range groups {
		first, _ := g.Node(group.Members[0])
		for _, name := range group.Members[1:] {
			n, _ := g.Node(name)
			_, norm := n.Op.(op.BatchNorm)
			parts[n] = part{first, norm}
		}
	}
	return parts
}

type preparedExporter struct {
	exporter
	p     Prepared
	parts map[*graph.Node]part
}

// module stores what the module of a node holds.
func (e *preparedExporter) module(n *graph.Node) {
	if _, ok := e.parts[n]; ok {
		return
	}
	e.version(n.Name, 1)
	if _, ok := n.Op.(op.BatchNorm); ok {
		e.norm(n, n.Name)
	} else {
		e.floats(n)
	}
	for _, m := range e.g.Nodes {
		if part, ok := e.parts[m]; ok && part.norm && part.first == n {
			e.norm(m, n.Name+".bn")
			e.version(n.Name, 2)
		}
	}
	e.fake(n.Name+weightQuant, e.p.Weights[n.Name])
	e.fake(n.Name+actQuant, e.p.Activations[n.Name])
}

// norm stores a batch norm at a path.
func (e *preparedExporter) norm(n *graph.Node, path string) {
	for i, name := range []string{"weight", "bias", "running_mean", "running_var"} {
		t := torch.NewTensor(n.Inputs[i+1].Data)
		if i < 2 {
			t = torch.NewParameter(n.Inputs[i+1].Data, true)
		}
		e.sd.Set(path+"."+name, t)
	}
	e.sd.SetTensor(path+".num_batches_tracked", tensor.Of([]int64{e.p.Batches[n.Name]}))
	e.version(path, 2)
}

// fake stores a fake quantization at a path; nil stores nothing.
func (e *preparedExporter) fake(path string, m *fakequant.Module) {
	if m == nil {
		return
	}
	spec := m.Spec()
	flag := func(name string, on bool) {
		v := uint8(0)
		if on {
			v = 1
		}
		if spec.FakeQuant == quant.FusedFakeQuant {
			e.sd.SetTensor(path+name, tensor.Of([]int64{int64(v)}, 1))
		} else {
			e.sd.SetTensor(path+name, tensor.Of([]uint8{v}, 1))
		}
	}
	e.version(path, 1)
	if spec.FakeQuant == quant.LearnableFakeQuant {
		e.sd.Set(path+".scale", torch.NewParameter(tensor.Of(slices.Clone(m.Scale), len(m.Scale)), m.Learning))
		e.sd.Set(path+".zero_point", torch.NewParameter(tensor.Of(slices.Clone(m.ZeroPoint), len(m.ZeroPoint)), m.Learning))
		flag(".fake_quant_enabled", m.Enabled)
		flag(".observer_enabled", true) // PyTorch looks at static_enabled instead
		flag(".static_enabled", m.ObserverEnabled)
		flag(".learning_enabled", m.Learning)
		e.sd.SetTensor(path+".eps", tensor.Of([]float32{quant.DefaultEps}, 1))
		e.observer(path+observerOf, m)
		return
	}
	flag(".fake_quant_enabled", m.Enabled)
	flag(".observer_enabled", m.ObserverEnabled)
	e.qparams(path, m)
	e.observer(path+observerOf, m)
}

// qparams stores scale and zero point.
func (e *preparedExporter) qparams(path string, m *fakequant.Module) {
	zeros := make([]int32, len(m.ZeroPoint))
	for i, z := range m.ZeroPoint {
		zeros[i] = int32(z)
	}
	e.sd.SetTensor(path+".scale", tensor.Of(slices.Clone(m.Scale), len(m.Scale)))
	e.sd.SetTensor(path+".zero_point", tensor.Of(zeros, len(zeros)))
}

// observer stores the observer of a fake quantization.
func (e *preparedExporter) observer(path string, m *fakequant.Module) {
	if m.Fixed() {
		e.version(path, 1)
		e.qparams(path, m)
		return
	}
	e.version(path, 3)
	e.sd.SetTensor(path+".eps", tensor.Of([]float32{m.Spec().WithDefaults().Eps}, 1))
	lo, hi := m.Ranges()
	shape := tensor.Shape{}
	if m.PerChannel() {
		shape = tensor.Shape{len(lo)}
	}
	e.sd.SetTensor(path+".min_val", tensor.Of(lo, shape...))
	e.sd.SetTensor(path+".max_val", tensor.Of(hi, shape...))
}

// LoadPrepared binds g, unfused, to the state dict of a model in
// quantization-aware training, and sets the modules of p to its state. Keys and
// shapes must agree exactly; the error is a *MismatchError that lists every key
// that does not fit.
func LoadPrepared(g *graph.Graph, sd *torch.StateDict, p *Prepared) (*graph.Graph, error) {
	if !IsPrepared(sd) {
		return nil, &torch.Error{File: sd.Source, Err: fmt.Errorf("the file holds no fake quantizations; expected a model in quantization-aware training"),
			Remedy: "open it as the float or int8 model that it is"}
	}
	float, rest := splitPrepared(g, upToDate(sd))
	bound, err := Bind(g, float)
	if err != nil {
		return nil, err
	}
	l := &preparedLoader{newBinder(g, rest)}
	for _, m := range sortedModules(p.Weights) {
		l.fake(m+weightQuant, p.Weights[m])
	}
	for _, m := range sortedModules(p.Activations) {
		l.fake(m+actQuant, p.Activations[m])
	}
	p.Batches = map[string]int64{}
	for _, n := range g.Nodes {
		if t, ok := float.Tensor(n.Name + ".num_batches_tracked"); ok && t.DType() == tensor.Int64 && t.Numel() == 1 {
			p.Batches[n.Name] = t.Int64s()[0]
		}
	}
	return bound, l.finish()
}

func sortedModules(m map[string]*fakequant.Module) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

type preparedLoader struct{ *binder }

// fake sets the state of a module to what the file holds at a path.
func (l *preparedLoader) fake(path string, m *fakequant.Module) {
	scale, zero := l.numbers(path+".scale"), l.numbers(path+".zero_point")
	if scale == nil || zero == nil {
		return
	}
	m.Enabled = l.flag(path + ".fake_quant_enabled")
	if m.Spec().FakeQuant == quant.LearnableFakeQuant {
		m.ObserverEnabled, m.Learning = l.flag(path+".static_enabled"), l.flag(path+".learning_enabled")
		l.flag(path + ".observer_enabled")
		l.numbers(path + ".eps")
	} else {
		m.ObserverEnabled = l.flag(path + ".observer_enabled")
	}
	if len(scale) != len(zero) || len(scale) > 1 && !m.PerChannel() {
		l.differ(path+".scale", WrongShape, "one scale and zero point, or one for each channel", fmt.Sprintf("%d scales, %d zero points", len(scale), len(zero)))
		return
	}
	path += observerOf
	if m.Fixed() {
		l.numbers(path + ".scale")
		l.numbers(path + ".zero_point")
		if scale[0] != m.Scale[0] || zero[0] != m.ZeroPoint[0] {
			l.differ(path+".scale", BadValue, "", fmt.Sprintf("%v and %v where the parameters are fixed at %v and %v", scale[0], zero[0], m.Scale[0], m.ZeroPoint[0]))
		}
		return
	}
	m.SetScales(scale, zero)
	eps, lo, hi := l.numbers(path+".eps"), l.numbers(path+".min_val"), l.numbers(path+".max_val")
	if eps == nil || lo == nil || hi == nil {
		return
	}
	if t, _ := l.sd.Tensor(path + ".min_val"); (len(t.Shape()) == 1) != m.PerChannel() {
		l.differ(path+".min_val", WrongShape, fmt.Sprintf("ranges as a %v observer keeps them", m.Spec().Kind), t.Shape().String())
		return
	}
	for i, v := range lo {
		if i < len(hi) && (v != v || hi[i] != hi[i] || v > hi[i] && !math.IsInf(float64(v), 1)) {
			l.differ(path+".min_val", BadValue, "", fmt.Sprintf("a range from %v to %v", v, hi[i]))
			return
		}
	}
	if err := m.SetRanges(lo, hi); err != nil {
		l.differ(path+".min_val", WrongShape, "", err.Error())
	}
}

// numbers reads a float32 or int32 tensor; nil, with a difference, when there is
// none. A tensor without elements gives an empty slice.
func (l *preparedLoader) numbers(key string) []float32 {
	t, ok := l.sd.Tensor(key)
	if !ok {
		l.differ(key, Missing, "a number for each channel, or one", "")
		return nil
	}
	l.use(key)
	switch t.DType() {
	case tensor.Float32:
		return append([]float32{}, t.Float32s()...)
	case tensor.Int32:
		out := make([]float32, t.Numel())
		for i, v := range t.Int32s() {
			out[i] = float32(v)
		}
		return out
	}
	l.differ(key, WrongType, "float32 or int32", t.String())
	return nil
}

// flag reads a switch.
func (l *preparedLoader) flag(key string) bool {
	l.use(key)
	t, ok := l.sd.Tensor(key)
	if !ok || t.Numel() != 1 {
		l.differ(key, Missing, "an integer, 0 or 1", "")
		return false
	}
	return slices.ContainsFunc(t.Bytes(), func(b byte) bool { return b != 0 })
}
