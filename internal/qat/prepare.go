package qat

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/autodiff"
	"github.com/octet-ml/octet/internal/fakequant"
	"github.com/octet-ml/octet/internal/rewrite"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Options of Prepare.
type Options struct {
	// Numerics are the rules of the converted model.
	Numerics quant.Numerics
	// QConfig says how activations and weights are fake-quantized: default_qat for
	// PyTorch's numbers, octet_qat for octet's own.
	QConfig quant.QConfig
	// Compatible trains with PyTorch's numbers throughout.
	Compatible bool
	// Exclude lists nodes that stay in float, as ptq.Options.Exclude does.
	Exclude []string
	// Rules decides what becomes int8 as that of ptq.Options does.
	Rules bool
	// CodedOutputs is that of ptq.Options.
	CodedOutputs bool
	// Threads, CPU and Recompute are those of autodiff.Options.
	Threads   int
	CPU       string
	Recompute bool
}

// Model is a float graph with fake quantizations, in training. It is used by one
// goroutine at a time.
type Model struct {
	opts    Options
	graph   *graph.Graph // unfused, as prepared
	fused   *ptq.Prepared
	layers  []*layer
	modules map[string]*fakequant.Module // of activations, by module path
	weights map[string]*fakequant.Module
	program *autodiff.Program

	step   *autodiff.Step // of the last forward pass
	frozen *frozen        // the integer forward pass; nil while batch norms train
}

// layer is a convolution or a linear layer with what is fused with it.
type layer struct {
	name         string
	weight, bias *autodiff.Param // bias may be nil
	norm         *autodiff.Norm  // may be nil
}

// Prepare puts fake quantizations into a float graph, unfused and bound, of the
// quantizable architecture. Every convolution and linear layer that will be int8
// has one for its weight; results have one where PyTorch's prepare_qat puts them.
// g is not changed.
func Prepare(g *graph.Graph, opts Options) (*Model, error) {
	if opts.Numerics == quant.NumericsUnset {
		return nil, fmt.Errorf("%s: training for int8 needs a backend: fbgemm, qnnpack or onednn", g.Name)
	}
	m := &Model{opts: opts, graph: g, modules: map[string]*fakequant.Module{}, weights: map[string]*fakequant.Module{}}
	fused, groups, err := rewrite.Fuse(g)
	if err != nil {
		return nil, err
	}
	if m.fused, err = ptq.Prepare(fused, opts.QConfig, ptq.Options{Exclude: opts.Exclude, Rules: opts.Rules, CodedOutputs: opts.CodedOutputs}); err != nil {
		return nil, err
	}
	tails := map[string]string{} // the last member of what is fused, by the first
	for _, group := range groups {
		tails[group.Name] = group.Members[len(group.Members)-1]
	}
	if err := m.place(); err != nil {
		return nil, err
	}
	activations, weights := map[string]*fakequant.Module{}, map[string]*fakequant.Module{}
	for path, f := range m.modules {
		if tail, ok := tails[path]; ok {
			path = tail
		}
		activations[path] = f
	}
	for path, f := range m.weights {
		n, _ := g.Node(path)
		weights[n.Inputs[1].Name] = f
	}
	m.program, err = autodiff.Compile(g, autodiff.Options{Threads: opts.Threads, CPU: opts.CPU, Activations: activations, Weights: weights, Recompute: opts.Recompute})
	if err != nil {
		return nil, err
	}
	m.findLayers(groups)
	for _, l := range m.layers {
		n, _ := g.Node(l.name)
		if _, ok := n.Op.(op.OneScaled); ok && l.norm != nil {
			return nil, fmt.Errorf("%s: node %q (%s): with a batch norm behind it, it is not trained for int8, nor by PyTorch: exclude it, or quantize without training", g.Name, l.name, n.Op.Kind())
		}
	}
	return m, nil
}

// place makes the modules.
func (m *Model) place() error {
	names := slices.Concat(m.fused.Observed, m.graph.Idle)
	for i, n := range m.fused.Graph.Nodes {
		var err error
		switch d := m.fused.Decisions[i]; d.Kind {
		case ptq.Own, ptq.Real:
			if d.Kind == ptq.Own && !slices.Contains(names, n.Name) {
				names = append(names, n.Name) // modules of auxiliary outputs see nothing
			}
			if op.WeightOf(n) != nil {
				spec := m.opts.QConfig.Weight
				if _, ok := n.Op.(op.OneScaled); ok {
					spec = spec.PerTensor() // as PyTorch's has it
				}
				if m.weights[n.Name], err = fakequant.New(spec); err != nil {
					return fmt.Errorf("weight of %q: %w", n.Name, err)
				}
			}
		case ptq.Follow:
			if q := fixedOf(n.Op); q != nil {
				spec := quant.ObserverSpec{Kind: quant.FixedQParams, DType: tensor.QUInt8, Scale: q.Scale(), ZeroPoint: q.ZeroPoint()}
				if m.modules[n.Name], err = fakequant.New(spec); err != nil {
					return fmt.Errorf("%q: %w", n.Name, err)
				}
			}
		}
	}
	for _, name := range names {
		f, err := fakequant.New(m.opts.QConfig.Activation)
		if err != nil {
			return fmt.Errorf("result of %q: %w", name, err)
		}
		f.AllCodes = !m.opts.Compatible
		m.modules[name] = f
	}
	return nil
}

// fixedOf returns the parameters that the quint8 result of an operator always has;
// nil where they are its own, or its operand's.
func fixedOf(o graph.Op) *tensor.QParams {
	for _, s := range o.Signatures() {
		if s.Out == tensor.QUInt8 && s.FixedQ != nil {
			return s.FixedQ
		}
	}
	return nil
}

// findLayers lists what has weights, with the batch norm that is folded into it.
func (m *Model) findLayers(groups []rewrite.Group) {
	params, norms := map[string]*autodiff.Param{}, map[string]*autodiff.Norm{}
	for _, p := range m.program.Params() {
		params[p.Name] = p
	}
	for _, n := range m.program.Norms() {
		norms[n.Name] = n
	}
	members := map[string][]string{}
	for _, g := range groups {
		members[g.Name] = g.Members
	}
	for _, n := range m.graph.Nodes {
		if op.WeightOf(n) == nil || params[n.Inputs[1].Name] == nil {
			continue
		}
		l := &layer{name: n.Name, weight: params[n.Inputs[1].Name]}
		if len(n.Inputs) > 2 {
			l.bias = params[n.Inputs[2].Name]
		}
		for _, member := range members[n.Name] {
			if norm := norms[member]; norm != nil {
				l.norm = norm
			}
		}
		m.layers = append(m.layers, l)
	}
}

// Params lists the trained parameters.
func (m *Model) Params() []*autodiff.Param { return m.program.Params() }

// Norms lists the batch norms.
func (m *Model) Norms() []*autodiff.Norm { return m.program.Norms() }

// Prepared returns where fake quantizations are, and why not elsewhere.
func (m *Model) Prepared() *ptq.Prepared { return m.fused }

// Threads is the number of threads.
func (m *Model) Threads() int { return m.program.Threads() }

// Graph returns the float graph, unfused, with the parameters as they are now.
func (m *Model) Graph() *graph.Graph { return m.program.Graph() }
