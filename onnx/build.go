package onnx

import (
	"errors"
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/assemble"
	"github.com/octet-ml/octet/onnx/internal/onnxpb"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// builder makes a graph of a model.
type builder struct {
	scope
	assemble.Builder
	file    *File
	called  map[functionID]*onnxpb.FunctionProto
	inlined int // nodes of functions
	failed  []Unsupported
	// unchecked counts nodes of known operators that were not read: they compute with results
	// of nodes that were not.
	unchecked int
	*standIns // nil until one is needed
	// stored are constants as the file stores them: their element type says what the
	// codes of quantized tensors are.
	stored map[*graph.Value]*tensor.Tensor
	// declared are the element types of values as a file has them, where that is known and
	// another than the graph's.
	declared map[*graph.Value]tensor.DType
	ranks    map[*graph.Value]int // found so far, -1 where it does not follow
	// sequences are the tensors of lists, which are no values of a graph: another value stands for each.
	sequences map[*graph.Value][]*graph.Value
}

// Graph returns the model as a graph. The error is an *UnsupportedError that lists every
// node that has no counterpart, or says what is wrong with the file.
func (f *File) Graph(given Given) (*graph.Graph, error) {
	b := &builder{file: f, Builder: assemble.Builder{Graph: graph.New(f.graphName())}, scope: scope{opset: f.opset, values: map[string]*graph.Value{}}, stored: map[*graph.Value]*tensor.Tensor{}, declared: map[*graph.Value]tensor.DType{}}
	ports, err := f.Inputs()
	if err != nil {
		return nil, err
	}
	p := f.model.GetGraph()
	if b.called, err = f.functions(); err != nil {
		return nil, f.wrong(err)
	}
	if err := b.initializers(p); err != nil {
		return nil, f.wrong(err)
	}
	if err := b.inputs(ports, given); err != nil {
		return nil, f.wrong(err)
	}
	for i, n := range p.GetNode() {
		if err := b.node(i, n); err != nil {
			return nil, f.wrong(err)
		}
	}
	if len(b.failed) > 0 {
		return nil, &UnsupportedError{File: f.name, Nodes: b.failed, Unchecked: b.unchecked}
	}
	if err := b.outputs(p); err != nil {
		return nil, f.wrong(err)
	}
	b.Graph.Prune()
	if err := b.Graph.Validate(); err != nil {
		return nil, f.wrong(err)
	}
	return b.Graph, nil
}

func (f *File) wrong(err error) error { return fmt.Errorf("%s: %w", f.name, err) }

func (f *File) graphName() string {
	if name := f.model.GetGraph().GetName(); name != "" {
		return name
	}
	return "model"
}

// initializers notes the tensors of the file by name. They are decoded where a node asks
// for them.
func (b *builder) initializers(p *onnxpb.GraphProto) error {
	b.weights = make(map[string]*onnxpb.TensorProto, len(p.GetInitializer()))
	if n := len(p.GetSparseInitializer()); n > 0 {
		return fmt.Errorf("%d sparse initializers: sparse tensors are not read; store them as dense ones", n)
	}
	for _, t := range p.GetInitializer() {
		if b.weights[t.GetName()] != nil {
			return fmt.Errorf("initializer %q is there twice", t.GetName())
		}
		b.weights[t.GetName()] = t
	}
	return nil
}

func (b *builder) inputs(ports []Port, given Given) error {
	if err := given.check(ports); err != nil {
		return err
	}
	var shapes []tensor.Shape
	for _, port := range ports {
		if _, twice := b.values[port.Name]; twice {
			return fmt.Errorf("input %q is there twice", port.Name)
		}
		kind, err := TakenType(port.DType)
		if err != nil {
			return fmt.Errorf("input %q: %w", port.Name, err)
		}
		if t := given.Inputs[port.Name]; t != nil {
			if err := b.bindInput(port, t); err != nil {
				return fmt.Errorf("input %q: %w", port.Name, err)
			}
			continue
		}
		in := b.Graph.AddInput(port.Name, graph.Type{DType: kind})
		if port, err = given.input(port); err != nil {
			return err
		}
		in.Sizes = port.Sizes
		b.values[port.Name], b.declared[in] = in, port.DType
		shapes = append(shapes, port.Sizes)
	}
	known := func(s tensor.Shape) bool { return s != nil && !slices.Contains(s, 0) }
	if !slices.ContainsFunc(shapes, func(s tensor.Shape) bool { return !known(s) }) {
		b.Facts, _ = b.Graph.Facts(shapes...)
	}
	return nil
}

// bindInput makes an input a constant.
func (b *builder) bindInput(port Port, t *tensor.Tensor) error {
	if brief := port.DType == tensor.BFloat16 || port.DType.IsSmallFloat(); brief && t.DType() == tensor.Float32 { // as arrays have it
		var err error
		if t, err = Convert(t, port.DType); err != nil {
			return err
		}
	}
	if t.DType() != port.DType || port.Sizes != nil && len(port.Sizes) != len(t.Shape()) {
		return fmt.Errorf("it is %v; %v is expected", t, port)
	}
	kept, err := Held(t)
	if err != nil {
		return err
	}
	v := b.Graph.AddConst(port.Name, kept)
	b.values[port.Name], b.stored[v] = v, t
	return nil
}

func (b *builder) outputs(p *onnxpb.GraphProto) error {
	for _, v := range p.GetOutput() {
		out, err := b.value(v.GetName())
		if err != nil {
			return fmt.Errorf("output %w", err)
		}
		if _, ok := b.sequences[out]; ok {
			return fmt.Errorf("output %q is a list of tensors; give the tensors themselves as outputs", v.GetName())
		}
		if out.Type.DType.IsQuantized() && out.Role == graph.Result {
			out = b.Graph.AddNode("codes/"+v.GetName(), op.IntRepr{}, out)
		}
		if out.Role != graph.Result || slices.Contains(b.Graph.Outputs, out) {
			// Every output has a node of its own: this one copies.
			out = b.Graph.AddNode("output/"+v.GetName(), op.StridedSlice{}, out)
		}
		b.Graph.Outputs = append(b.Graph.Outputs, out)
	}
	if len(b.Graph.Outputs) == 0 {
		return fmt.Errorf("the model has no output")
	}
	return nil
}

// value returns the value of a name, nil for a result of a node that was not read.
func (b *builder) value(name string) (*graph.Value, error) {
	if v, ok := b.values[name]; ok {
		return v, nil
	}
	if p := b.weights[name]; p != nil {
		stored, err := b.file.decode(p)
		t := stored
		if err == nil {
			t, err = Held(stored)
		}
		if err != nil {
			return nil, fmt.Errorf("initializer %q: %w", name, err)
		}
		v := b.Graph.AddConst(name, t)
		b.values[name], b.stored[v] = v, stored
		return v, nil
	}
	return nil, fmt.Errorf("%q is computed by no node in front of this place: the nodes form a cycle, or their order or a name is wrong", name)
}

// node reads one node: its results, or why not, are in b afterwards.
func (b *builder) node(i int, p *onnxpb.NodeProto) error {
	n := &node{builder: b, proto: p}
	if err := n.attributes(); err != nil {
		return fmt.Errorf("node %d, %s: %w", i, n.title(), err)
	}
	blocked := false
	for _, name := range p.GetInput() {
		var v *graph.Value
		if name != "" && !b.absent[name] {
			var err error
			if v, err = b.value(name); err != nil {
				return fmt.Errorf("node %d, %s: input %w", i, n.title(), err)
			}
			blocked = blocked || v == nil
		}
		n.in = append(n.in, v)
	}
	o := operator{domain(p.GetDomain()), p.GetOpType()}
	read, doubts := importers[o], n.doubts() // before a reader puts other values in the place of inputs
	var results []*graph.Value
	var err error
	local := n.functionOf()
	switch {
	case read == nil && local != nil && !blocked:
		if results, err = n.call(local); err != nil {
			return fmt.Errorf("%s: %w", n.title(), err)
		}
	case read == nil && local != nil:
	case b.opset > 0 && b.opset < minOpset && domain(p.GetDomain()) == "" && !slices.Contains(settled, p.GetOpType()):
		err = fmt.Errorf("of operator set %d it is not read: those from %d to %d are, and onnx.version_converter.convert_version(model, 17) converts it", b.opset, minOpset, maxOpset)
	case read == nil:
		err = fmt.Errorf("there is no such operator here")
	case blocked:
		b.unchecked++
	default:
		if err = n.listed(); err == nil {
			results, err = n.believe(read, doubts)
		}
	}
	if err != nil {
		b.failed = append(b.failed, Unsupported{
			Node: p.GetName(), Op: n.opName(), Output: n.first(), Reason: err.Error(), Advice: adviceOn(o, read != nil, err),
			Computed: errors.Is(err, graph.ErrComputed), behind: doubts,
		})
		results = nil
	}
	return b.bind(n, results)
}

// bind gives the results of a node their names.
func (b *builder) bind(n *node, results []*graph.Value) error {
	for i, name := range n.proto.GetOutput() {
		if name == "" {
			continue
		}
		if _, twice := b.values[name]; twice || b.weights[name] != nil {
			return fmt.Errorf("%s: result %q is there already: every name is given once", n.title(), name)
		}
		var v *graph.Value
		if i < len(results) {
			v = results[i]
		} else if results != nil {
			b.failed = append(b.failed, Unsupported{Node: n.proto.GetName(), Op: n.opName(), Output: name, Reason: fmt.Sprintf("its result %d is not computed here", i), Advice: formAdvice})
		}
		if v == nil {
			v = b.standIn(name)
		}
		b.values[name] = v
		n.declare(i, v)
	}
	return nil
}
