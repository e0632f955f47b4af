package pt2

import (
	"fmt"
	"slices"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/assemble"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// builder makes a graph of a program.
type builder struct {
	assemble.Builder
	file      *File
	values    map[string]*entry // by the names of the program
	names     map[string]int    // of the graph, each given once, with the number that was tried last behind it
	read      map[string]bool   // by nodes and outputs; nil until it is asked for
	calls     map[string]int    // nodes of each module that calls some
	failed    []onnx.Unsupported
	unchecked int
	claims    []claim
	predicted *tensorMeta // of the node that is read, where no program says it
}

// claim is what the program says of a value that was built for it.
type claim struct {
	value *graph.Value
	name  string
	meta  tensorMeta
}

// Graph returns the program as a graph. The error is an *onnx.UnsupportedError that lists every
// node that has no counterpart, or says what is wrong with the file.
func (f *File) Graph(given onnx.Given) (*graph.Graph, error) {
	if f.script != nil {
		return f.scriptGraph(given)
	}
	return f.programGraph(given)
}

// programGraph is the graph of the program.
func (f *File) programGraph(given onnx.Given) (*graph.Graph, error) {
	b := &builder{file: f, Builder: assemble.Builder{Graph: graph.New("model")}, values: map[string]*entry{}, names: map[string]int{}, calls: map[string]int{}}
	g := &f.program.Module.Graph
	if err := b.inputs(given); err != nil {
		return nil, err
	}
	for i := range g.Nodes {
		if _, path := moduleOf(&g.Nodes[i]); path != "" {
			b.calls[path]++
		}
	}
	for i := range g.Nodes {
		if err := b.node(&g.Nodes[i]); err != nil {
			return nil, fmt.Errorf("%s: node %d, %q (%s): %w", f.name, i, g.Nodes[i].Name, g.Nodes[i].Target, err)
		}
	}
	if len(b.failed) > 0 {
		return nil, &onnx.UnsupportedError{File: f.name, Nodes: b.failed, Unchecked: b.unchecked}
	}
	if err := b.outputs(); err != nil {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	b.Graph.Prune()
	if err := b.Graph.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	if given.Shapes == nil && given.Inputs == nil {
		if err := b.check(); err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return b.Graph, nil
}

// inputs enters what the graph takes: parameters and constants by their names, which are read
// where a node asks for them, and what a run gives.
func (b *builder) inputs(given onnx.Given) error {
	f := b.file
	ports, _, err := given.Ports(ofProgram{f})
	if err != nil {
		return err
	}
	taken := map[string]onnx.Port{}
	for _, p := range ports {
		taken[p.Name] = p
	}
	var shapes []tensor.Shape
	for i, s := range f.program.Module.Signature.Inputs {
		arg := f.program.Module.Graph.Inputs[i]
		name := arg.tensorName()
		if name == "" && (s.Parameter != nil || s.Buffer != nil || s.Constant != nil) || b.values[name] != nil {
			return fmt.Errorf("%s: input %d of the graph has no name of its own", f.name, i)
		}
		switch {
		case s.Parameter != nil:
			b.values[name] = b.parameter(s.Parameter.Key)
		case s.Buffer != nil && s.Buffer.Persistent:
			b.values[name] = b.parameter(s.Buffer.Key)
		case s.Buffer != nil:
			b.values[name] = b.stored(s.Buffer.Key, b.constant(s.Buffer.Key))
		case s.Constant != nil:
			b.values[name] = b.stored(s.Constant.Key, b.constant(s.Constant.Key))
		case s.User != nil && name != "":
			if t := given.Inputs[name]; t != nil {
				v, err := b.bound(name, t)
				if err != nil {
					return err
				}
				b.values[name] = fresh(v)
				continue
			}
			p := taken[name]
			kind, err := onnx.TakenType(p.DType)
			if err != nil {
				return fmt.Errorf("%s: input %q: %w", f.name, name, err)
			}
			in := b.Graph.AddInput(b.unique(name), graph.Type{DType: kind})
			in.Sizes = p.Sizes
			b.values[name] = fresh(b.wide(in))
			shapes = append(shapes, p.Sizes)
		case s.User != nil, s.Given != nil: // a number or None, which is written into the nodes
		default:
			return fmt.Errorf("%s: input %d of the graph is an object of Python or a token; tensors are read", f.name, i)
		}
	}
	if !slices.ContainsFunc(shapes, func(s tensor.Shape) bool { return slices.Contains(s, 0) }) {
		b.Facts, _ = b.Graph.Facts(shapes...)
	}
	return nil
}

// wide is an input of integers of eight bits as int64: they may be codes elsewhere, not here.
func (b *builder) wide(in *graph.Value) *graph.Value {
	if in.Type.DType != tensor.UInt8 && in.Type.DType != tensor.Int8 {
		return in
	}
	return b.Graph.AddNode(b.unique(in.Name+"/cast"), op.Cast{To: tensor.Int64}, in)
}

// bound makes an input a constant.
func (b *builder) bound(name string, t *tensor.Tensor) (*graph.Value, error) {
	m := b.file.program.Module.Graph.Tensors[name]
	if d, err := m.dtype(); err != nil || t.DType() != d || len(t.Shape()) != len(m.Sizes) {
		return nil, fmt.Errorf("%s: input %q is given %v; %v of %d axes is expected", b.file.name, name, t, d, len(m.Sizes))
	}
	held, err := onnx.Held(t)
	if err != nil {
		return nil, fmt.Errorf("%s: input %q: %w", b.file.name, name, err)
	}
	return b.Graph.AddConst(b.unique(name), held), nil
}

// stored is a tensor of the file, read when it is first asked for.
func (b *builder) stored(key string, read func() (*tensor.Tensor, error)) *entry {
	return &entry{root: &root{state: key}, load: func() (*graph.Value, error) {
		t, err := read()
		if err == nil && !t.DType().IsQuantized() {
			t, err = onnx.Held(t)
		}
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", key, err)
		}
		return b.Graph.AddConst(b.unique(key), t), nil
	}}
}

// constant reads a tensor that is not in the state dict.
func (b *builder) constant(key string) func() (*tensor.Tensor, error) {
	return func() (*tensor.Tensor, error) { return b.file.at(key, b.file.other) }
}

// parameter is a tensor of the state dict.
func (b *builder) parameter(key string) *entry {
	return b.stored(key, func() (*tensor.Tensor, error) {
		if t := b.file.replaced[key]; t != nil {
			return t, nil
		}
		return b.file.at(key, b.file.state)
	})
}

// unique is a name that the graph has not given yet.
func (b *builder) unique(name string) string {
	free := name
	for {
		if _, given := b.names[free]; !given {
			b.names[free] = 0
			return free
		}
		b.names[name]++
		free = fmt.Sprintf("%s_%d", name, b.names[name])
	}
}

func (b *builder) outputs() error {
	for _, arg := range b.file.userOutputs() {
		name := arg.tensorName()
		e := b.values[name]
		if e == nil {
			return fmt.Errorf("output %q (%s) is no tensor that the graph computes", name, arg.kind)
		}
		out, err := b.current(nil, e)
		if err != nil {
			return fmt.Errorf("output %q: %w", name, err)
		}
		if out.Type.DType.IsQuantized() {
			out = b.Graph.AddNode(b.unique("codes."+name), op.IntRepr{}, out)
		}
		if out.Role != graph.Result || slices.Contains(b.Graph.Outputs, out) {
			// Every output has a node of its own: this one copies.
			out = b.Graph.AddNode(b.unique("output."+name), op.StridedSlice{}, out)
		}
		b.Graph.Outputs = append(b.Graph.Outputs, out)
	}
	if len(b.Graph.Outputs) == 0 {
		return fmt.Errorf("the program has no output")
	}
	return nil
}

// check infers the shapes of all values for the inputs with which the model was exported, and
// compares them with what the program says: a file that means something else than what was built
// is not computed.
func (b *builder) check() error {
	var shapes []tensor.Shape
	for _, in := range b.Graph.Inputs {
		m := b.file.program.Module.Graph.Tensors[in.Name]
		shape := make(tensor.Shape, len(m.Sizes))
		for i, e := range m.Sizes {
			if shape[i] = int(e.size); !e.fixed && e.size == 0 {
				return nil // no example is told
			}
		}
		shapes = append(shapes, shape)
	}
	facts, err := b.Graph.Facts(shapes...)
	for _, n := range b.Graph.Nodes {
		if codes := codesBehind(n.Output()); codes != nil { // a weight, which no node computes
			facts[n.Output()] = graph.Fact{Type: graph.Type{DType: tensor.Float32, Shape: codes.Type.Shape}}
		} else if err == nil {
			err = b.Graph.InferNode(n, facts)
		}
	}
	if err != nil {
		return fmt.Errorf("with the sizes of its export: %w", err)
	}
	for _, c := range b.claims {
		fact, ok := facts[c.value]
		if !ok || fact.Deferred {
			continue
		}
		same := len(fact.Shape) == len(c.meta.Sizes)
		for i, e := range c.meta.Sizes {
			same = same && (!e.fixed && e.size == 0 || int(e.size) == fact.Shape[i])
		}
		if !same {
			return fmt.Errorf("value %q is %v with the sizes of its export, and the program says otherwise", c.name, fact.Type)
		}
	}
	return nil
}

// moduleOf is the class and the path of the module that calls a node; both may be empty.
func moduleOf(p *programNode) (class, path string) {
	stack := strings.Split(p.Metadata["nn_module_stack"], ";")
	parts := strings.Split(stack[len(stack)-1], ",")
	if len(parts) < 3 {
		return "", ""
	}
	path, _, _ = strings.Cut(parts[1], "@")
	return parts[len(parts)-1], path
}

// nodeName is the path of the module that a node computes, or a name behind that of the module
// that calls it.
func (b *builder) nodeName(p *programNode) string {
	class, path := moduleOf(p)
	name := p.Name
	if name == "" {
		if given := p.Outputs; len(given) > 0 && len(given[0].names()) > 0 {
			name = given[0].names()[0]
		}
	}
	switch {
	case path == "":
		return b.unique(name)
	case b.calls[path] == 1 && (strings.HasPrefix(class, "torch.nn.modules.") || strings.HasPrefix(class, "torch.ao.nn.")):
		return b.unique(path)
	}
	return b.unique(path + "." + name)
}
