package statedict

import (
	"fmt"
	"slices"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// ExportStateDict returns the state dict that PyTorch's model of the same
// architecture has: of a float graph the float one; of a converted graph that
// of torch.ao's converted model, with its keys, order, element types and
// shapes, which load_state_dict(strict=True) accepts.
//
// In a converted graph the layers that stayed float keep their float keys
// (weight and bias, batch norms folded), and the parameters of a Quantize that
// was inserted behind a value lie under the value's name (conv1.quant.scale);
// no model of PyTorch has such keys.
func ExportStateDict(g *graph.Graph) (*torch.StateDict, error) {
	e := &exporter{g: g, sd: &torch.StateDict{Metadata: map[string]int{"": 1}, Source: g.Name}}
	for _, p := range g.Params {
		if p.Data == nil {
			return nil, fmt.Errorf("%s: parameter %q is not bound", g.Name, p.Name)
		}
	}
	converted := slices.ContainsFunc(g.Nodes, func(n *graph.Node) bool { return n.Output().Type.DType.IsQuantized() })
	if converted && g.Numerics == quant.NumericsUnset {
		return nil, fmt.Errorf("%s: the converted graph does not say which numerics it follows", g.Name)
	}
	nodes, stubs := g.Nodes, []*graph.Node(nil)
	if converted {
		nodes, stubs = moduleOrder(g)
	}
	for i, n := range nodes {
		if err := e.node(n); err != nil {
			return nil, err
		}
		if converted {
			e.idle(n, nodes[i+1:])
		}
	}
	for _, n := range stubs {
		if err := e.node(n); err != nil {
			return nil, err
		}
	}
	return e.sd, nil
}

// FloatNodes names the nodes of a converted graph that compute in float and own
// no key by which a file could say so: excluded additions and stubs. They are
// what BindQuantized needs as QuantizedOptions.Float to read the file back.
func FloatNodes(g *graph.Graph) []string {
	var names []string
	for _, n := range g.Nodes {
		_, boundary := n.Op.(op.Dequantize)
		parameters := slices.ContainsFunc(n.Inputs, func(v *graph.Value) bool { return v.Role == graph.Parameter })
		own := slices.ContainsFunc(n.Op.Signatures(), func(s graph.Signature) bool { return s.Gives(tensor.QUInt8) && !s.SameQ })
		if n.Output().Type.DType == tensor.Float32 && own && !boundary && !parameters {
			names = append(names, n.Name)
		}
	}
	return names
}

// moduleOrder splits the nodes into those in PyTorch's order of registration,
// which in these models is that of computation, and the stubs at the inputs,
// which are registered last.
func moduleOrder(g *graph.Graph) (nodes, stubs []*graph.Node) {
	for _, n := range g.Nodes {
		if _, ok := n.Op.(op.Quantize); ok && fromInput(n.Inputs[0]) {
			stubs = append(stubs, n)
		} else {
			nodes = append(nodes, n)
		}
	}
	return nodes, stubs
}

// fromInput reports whether v is an input of the graph, possibly after the model's own
// preprocessing.
func fromInput(v *graph.Value) bool {
	for v.Node != nil {
		if _, ok := v.Node.Op.(op.Affine); !ok {
			return false
		}
		v = v.Node.Inputs[0]
	}
	return v.Role == graph.Input
}

type exporter struct {
	g  *graph.Graph
	sd *torch.StateDict
}

func (e *exporter) node(n *graph.Node) error {
	e.version(n.Name, 1)
	quantized := n.Output().Type.DType.IsQuantized()
	switch n.Op.(type) {
	case op.Conv2D:
		if n.Inputs[1].Type.DType.IsQuantized() {
			return e.conv(n)
		}
	case op.Linear:
		if n.Inputs[1].Type.DType.IsQuantized() {
			return e.linear(n)
		}
	case op.Quantize:
		if quantized {
			e.params(n.Name, n.Output().Type.Q, 1)
		}
		return nil
	case op.BatchNorm:
		e.floats(n)
		e.version(n.Name, 2)
		e.sd.SetTensor(n.Name+".num_batches_tracked", tensor.New(tensor.Int64))
		return nil
	default:
		if _, prescribed := n.Prescribed(); quantized && !prescribed {
			e.params(n.Name, n.Output().Type.Q)
		}
	}
	e.floats(n)
	return nil
}

// floats stores the float parameters of a node.
func (e *exporter) floats(n *graph.Node) {
	for _, v := range n.Inputs {
		if v.Role != graph.Parameter {
			continue
		}
		t := torch.NewParameter(v.Data, true)
		if strings.HasSuffix(v.Name, ".running_mean") || strings.HasSuffix(v.Name, ".running_var") {
			t = torch.NewTensor(v.Data)
		}
		e.sd.Set(v.Name, t)
	}
}

func (e *exporter) conv(n *graph.Node) error {
	if !n.Output().Type.DType.IsQuantized() {
		return e.noForm(n)
	}
	e.sd.SetTensor(n.Name+".weight", n.Inputs[1].Data)
	switch {
	case len(n.Inputs) > 2:
		e.sd.Set(n.Name+".bias", torch.NewParameter(n.Inputs[2].Data, true))
	case e.g.Numerics == quant.QNNPACK:
		// qnnpack's packed weights always have a bias.
		e.sd.SetTensor(n.Name+".bias", tensor.New(tensor.Float32, n.Inputs[1].Type.Shape[0]))
	default:
		e.sd.Set(n.Name+".bias", torch.None{})
	}
	e.params(n.Name, n.Output().Type.Q)
	return nil
}

func (e *exporter) linear(n *graph.Node) error {
	if !n.Output().Type.DType.IsQuantized() {
		return e.noForm(n)
	}
	packed := &torch.PackedLinear{Weight: torch.NewTensor(n.Inputs[1].Data)}
	qnnpack := e.g.Numerics == quant.QNNPACK
	switch {
	case len(n.Inputs) > 2 && qnnpack:
		packed.Bias = &torch.Tensor{Data: n.Inputs[2].Data, RequiresGrad: true}
	case len(n.Inputs) > 2:
		packed.Bias = torch.NewParameter(n.Inputs[2].Data, true)
	case qnnpack:
		packed.Bias = torch.NewTensor(tensor.New(tensor.Float32, n.Inputs[1].Type.Shape[0]))
	}
	e.params(n.Name, n.Output().Type.Q)
	e.sd.Set(n.Name+"._packed_params.dtype", torch.DType(tensor.QInt8))
	e.sd.Set(n.Name+"._packed_params._packed_params", packed)
	e.version(n.Name, 3)
	e.version(n.Name+"._packed_params", 3)
	return nil
}

func (e *exporter) noForm(n *graph.Node) error {
	return fmt.Errorf("%s: node %q computes on integers with a float result; PyTorch's state dicts have no form for that", e.g.Name, n.Name)
}

// params stores scale and zero point; scalars, or of shape [1] as QuantStubs
// have them.
func (e *exporter) params(prefix string, q *tensor.QParams, shape ...int) {
	e.sd.SetTensor(prefix+".scale", tensor.Of([]float32{float32(q.Scale())}, shape...))
	e.sd.SetTensor(prefix+".zero_point", tensor.Of([]int64{q.ZeroPoint()}, shape...))
}

// idle stores the parameters of modules that are never called.
func (e *exporter) idle(n *graph.Node, rest []*graph.Node) {
	e.each(n, rest, func(name string) { e.params(name, tensor.Affine(1, 0)) })
}

// each calls store for the uncalled modules that are stored behind node n, the last of the same
// parent module.
func (e *exporter) each(n *graph.Node, rest []*graph.Node, store func(name string)) {
	for _, name := range e.g.Idle {
		parent := name[:strings.LastIndexByte(name, '.')+1]
		last := strings.HasPrefix(n.Name, parent) && !slices.ContainsFunc(rest, func(m *graph.Node) bool {
			return strings.HasPrefix(m.Name, parent)
		})
		if last {
			store(name)
			e.version(name, 1)
		}
	}
}

// version records the layout version of a module, and version 1 of those above.
func (e *exporter) version(path string, v int) {
	e.sd.Metadata[path] = v
	for dot := strings.LastIndexByte(path, '.'); dot >= 0; dot = strings.LastIndexByte(path, '.') {
		path = path[:dot]
		if _, ok := e.sd.Metadata[path]; !ok {
			e.sd.Metadata[path] = 1
		}
	}
}
