package pt2

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/script"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// scripted is what a File of torch.jit.save has beside the program that is made of its code.
type scripted struct {
	archive *torch.Script
	inputs  []scriptInput
	ports   []onnx.Port // what a run takes, before sizes are given
	loaded  map[*torch.Tensor]*tensor.Tensor
	stopped error // where the search for what reads the inputs ended
	failed  error // why there is no program with the sizes that the file tells
}

// exportInstead is the line of PyTorch that exports a model whose code has no graph.
const exportInstead = `export the model itself: torch.export.save(torch.export.export(model.eval(), inputs), "model.pt2")`

// IsScript reports whether the file was written by torch.jit.save.
func (f *File) IsScript() bool { return f.script != nil }

// openScript reads a TorchScript archive: the code of forward becomes a program.
func (f *File) openScript(s *torch.Script) error {
	f.script = &scripted{archive: s, loaded: map[*torch.Tensor]*tensor.Tensor{}}
	inputs, err := f.scriptInputs()
	if err != nil {
		return f.onScript(err, onnx.Given{})
	}
	f.script.inputs = inputs
	f.program = program{}
	f.script.declare(&f.program, nil)
	defer func() { f.script.ports, _ = f.programInputs() }()
	if slices.ContainsFunc(inputs, func(in scriptInput) bool { return in.sizes == nil }) {
		return nil // Graph says that sizes are missing
	}
	made, err := f.translated(onnx.Given{})
	if err != nil {
		f.script.failed = err
		return nil
	}
	f.program, f.state, f.other = made.program, made.state, made.other
	return nil
}

// onScript puts what can be done around an error about code.
func (f *File) onScript(err error, given onnx.Given) error {
	var unsupported *onnx.UnsupportedError
	var code *script.Error
	if errors.As(err, &unsupported) || !errors.As(err, &code) {
		return err
	}
	for _, in := range f.script.inputs { // sizes may be what it lacks
		if given.Shapes == nil && script.OnSizes(err) && slices.ContainsFunc(freeSizes(in), func(e extent) bool { return !e.fixed }) {
			return fmt.Errorf("%w; it may be read for fixed sizes, such as --shape %s=1,3,224,224, in Go octet.WithShape; else %s", err, in.name, exportInstead)
		}
	}
	return fmt.Errorf("%w; %s", err, exportInstead)
}

// scriptGraph is the graph of the code for the inputs that are given.
func (f *File) scriptGraph(given onnx.Given) (*graph.Graph, error) {
	s := f.script
	for _, in := range s.inputs {
		if in.sizes == nil && given.Shapes[in.name] == nil && given.Inputs[in.name] == nil {
			return nil, f.sizesMissing(in)
		}
	}
	if given.Shapes != nil || given.Inputs != nil || s.failed != nil {
		if given.Shapes == nil && given.Inputs == nil {
			return nil, f.named(s.failed, given)
		}
		made, err := f.translated(given)
		if err != nil {
			return nil, f.named(err, given)
		}
		f.program, f.state, f.other = made.program, made.state, made.other
	}
	given.Shapes = nil // the program has them
	g, err := f.programGraph(given)
	if err != nil {
		return nil, err
	}
	if f.Quantized() {
		g.Numerics = f.numerics()
	}
	return g, nil
}

// sizesMissing says of an input that nothing tells how many axes it has.
func (f *File) sizesMissing(in scriptInput) error {
	err := fmt.Errorf("%s: input %q: neither the file nor the first layer that reads it says how many axes it has", f.name, in.name)
	if s := f.script; s.stopped != nil && !errors.Is(s.stopped, errScouted) {
		err = fmt.Errorf("%w (%w)", err, s.stopped)
	}
	return fmt.Errorf("%w: give its sizes, --shape %s=1,3,224,224, in Go octet.WithShape; or %s", err, in.name, exportInstead)
}

// named puts the name of the file around an error that does not have it.
func (f *File) named(err error, given onnx.Given) error {
	var unsupported *onnx.UnsupportedError
	if errors.As(err, &unsupported) {
		return fmt.Errorf("%w\n%s", err, remedy(unsupported))
	}
	return fmt.Errorf("%s: %w", f.name, f.onScript(err, given))
}

// dynamicInstead is how a model that was quantized dynamically gets here.
const dynamicInstead = `the model was quantized dynamically: export the float model, torch.export.save(torch.export.export(model.eval(), inputs), "model.pt2"), ` +
	"and octet quantize model.pt2 --dynamic --backend fbgemm --output int8.onnx; " +
	"or save the state dict of this one, and octet run state.pth --graph-of model.pt2"

// remedy is what can be done about operators of code that have no counterpart. torch.export takes
// no modules that torch.ao has converted: those are quantized here instead.
func remedy(u *onnx.UnsupportedError) string {
	converted := false
	for _, n := range u.Nodes {
		if isDynamic(n.Op) {
			return dynamicInstead
		}
		converted = converted || strings.HasPrefix(n.Op, quantizedSpace)
	}
	if converted {
		return `export the float model, torch.export.save(torch.export.export(model.eval(), inputs), "model.pt2"), and octet quantize model.pt2; or ` + quantizedAdvice
	}
	return exportInstead + ", or write it as ONNX: torch.onnx.export"
}

// isDynamic reports whether an operator computes with codes whose scale it chooses itself.
func isDynamic(target string) bool {
	return strings.HasPrefix(target, quantizedSpace) && strings.Contains(target, "_dynamic") || strings.HasPrefix(target, "quantized_lstm") || strings.HasPrefix(target, "quantized_gru")
}

// Quantized reports whether layers of the program compute on codes: torch.ao has converted them.
func (f *File) Quantized() bool {
	for _, n := range f.program.Module.Graph.Nodes {
		if strings.HasPrefix(n.Target, quantizedSpace) {
			return f.script != nil
		}
	}
	return false
}

// Dynamic reports whether layers of the program quantize what they read by the range that they find.
func (f *File) Dynamic() bool {
	return f.script != nil && slices.ContainsFunc(f.program.Module.Graph.Nodes, func(n programNode) bool { return isDynamic(n.Target) })
}

// numerics are the rules of the backend that weights of this kind are made for: per channel
// those of fbgemm, per tensor of qnnpack. The file does not name it. Dynamic layers have weights
// per tensor for both.
func (f *File) numerics() quant.Numerics {
	n := quant.QNNPACK
	if f.Dynamic() {
		n = quant.FBGEMM
	}
	for _, w := range f.state {
		if w.read != nil && w.perChannel {
			n = quant.FBGEMM
		}
	}
	return n
}

// scriptInput is a parameter of forward.
type scriptInput struct {
	name  string
	dtype tensor.DType
	sizes []int // of an example; nil where nothing says
	// traced says that sizes are those of the example with which the model was traced; otherwise
	// those that are not 0 are fixed by a layer.
	traced bool
	// apart are axes of a traced input whose name stands for another extent in one before it, such
	// as the first of an LSTM's state, which counts layers: they are fixed.
	apart map[int]bool
}

// scriptInputs are the tensors that forward takes.
func (f *File) scriptInputs() ([]scriptInput, error) {
	m := newScriptMachine(f)
	root, err := m.root()
	if err != nil {
		return nil, err
	}
	names, kinds, err := script.New(m).Parameters(root)
	if err != nil {
		return nil, err
	}
	examples := tracedInputs(f.script.archive.Inputs)
	var inputs []scriptInput
	for i, name := range names {
		in := scriptInput{name: name, dtype: tensor.Float32}
		if kinds[i] != "Tensor" && kinds[i] != "" {
			if strings.HasPrefix(kinds[i], "Optional[") || kinds[i] == "NoneType" {
				continue // None
			}
			return nil, fmt.Errorf("input %q of forward is %s; tensors are read: wrap the model in one whose forward takes tensors, or %s", name, kinds[i], exportInstead)
		}
		if i < len(examples) && examples[i] != nil {
			in.dtype, in.traced = examples[i].DType(), true
			in.sizes = append([]int{}, examples[i].Shape()...)
			if len(in.sizes) > maxRank {
				return nil, fmt.Errorf("input %q has %d axes; at most %d are read", name, len(in.sizes), maxRank)
			}
		}
		inputs = append(inputs, in)
	}
	if len(inputs) == 0 {
		return nil, errors.New("forward takes no tensor")
	}
	keepApart(inputs)
	if slices.ContainsFunc(inputs, func(in scriptInput) bool { return in.sizes == nil }) {
		f.scout(root, names, inputs)
	}
	return inputs, nil
}

// keepApart notes the axes of traced inputs that only seem to be the batch, height or width of others.
func keepApart(inputs []scriptInput) {
	first := map[string]int{}
	for i := range inputs {
		in := &inputs[i]
		in.apart = map[int]bool{}
		for axis, e := range freeSizes(*in) {
			if !in.traced || e.fixed || e.name == "" {
				continue
			}
			if n, ok := first[e.name]; !ok {
				first[e.name] = int(e.size)
			} else if n != int(e.size) {
				in.apart[axis] = true
			}
		}
	}
}

// tracedInputs are the examples of forward, nil where there are none.
func tracedInputs(v torch.Value) []*torch.Tensor {
	d, ok := untagged(v).(*torch.Dict)
	if !ok {
		return nil
	}
	forward, _ := d.Get("forward")
	list, ok := untagged(forward).(*torch.List)
	if !ok {
		return nil
	}
	tensors := make([]*torch.Tensor, len(list.Items))
	for i, item := range list.Items {
		tensors[i], _ = item.(*torch.Tensor)
	}
	return tensors
}

// untagged is what TorchScript's pickles put a type around.
func untagged(v torch.Value) torch.Value {
	for range 8 {
		o, ok := v.(*torch.Opaque)
		if !ok || o.Global.Module != "torch.jit._pickle" || len(o.Args) == 0 {
			break
		}
		v = o.Args[0]
	}
	return v
}

// declare enters the inputs into a program. free says of each which axes a run may change; nil
// for all whose extent is 0.
func (s *scripted) declare(p *program, ports []scriptPort) {
	g := &p.Module.Graph
	g.Tensors = map[string]tensorMeta{}
	for i, in := range s.inputs {
		arg := tensorArgument(in.name)
		g.Inputs = append(g.Inputs, arg)
		p.Module.Signature.Inputs = append(p.Module.Signature.Inputs, inputSpec{User: &struct {
			Arg argument `json:"arg"`
		}{arg}})
		m := tensorMeta{DType: codeOf(in.dtype), Layout: strided, Offset: extent{fixed: true}}
		if ports != nil {
			m.Sizes = ports[i].sizes
		} else {
			m.Sizes = freeSizes(in)
		}
		g.Tensors[in.name] = m
	}
}

// scriptPort is an input with the extents of one attempt.
type scriptPort struct {
	sizes []extent
	other tensor.Shape // another example, with other extents where they are free
}

// axisNames are those of the free extents of an input.
func axisName(rank, axis int) string {
	switch {
	case axis == 0:
		return "batch"
	case rank == 4:
		return [...]string{"", "channels", "height", "width"}[axis]
	}
	return ""
}

// freeSizes are the extents of an input as a run may give them, as far as is known.
func freeSizes(in scriptInput) []extent {
	if in.sizes == nil {
		return nil
	}
	sizes := []extent{}
	for axis, n := range in.sizes {
		if in.apart[axis] || in.traced && axis > 0 && !(len(in.sizes) == 4 && axis > 1) && !(in.dtype != tensor.Float32 && axis == 1) || n > 0 && !in.traced {
			sizes = append(sizes, extent{fixed: true, size: int64(n)})
			continue
		}
		sizes = append(sizes, extent{size: int64(n), name: axisName(len(in.sizes), axis)})
	}
	return sizes
}

// attempts are the inputs with more and more extents fixed: a program is read with the first that
// its code can be followed with.
func (s *scripted) attempts(given onnx.Given) ([][]scriptPort, error) {
	var list [][]scriptPort
	for try := range 3 {
		var ports []scriptPort
		for _, in := range s.inputs {
			shape := given.Shapes[in.name]
			if t := given.Inputs[in.name]; t != nil {
				shape = t.Shape()
			}
			sizes := freeSizes(in)
			if shape != nil {
				sizes = nil
				for _, n := range shape {
					sizes = append(sizes, extent{fixed: true, size: int64(n)})
				}
			}
			p := scriptPort{other: tensor.Shape{}}
			for axis, e := range sizes {
				usual, second := in.usual(axis)
				if e.size == 0 {
					e.size = usual
				}
				if n, ok := given.Shapes[e.name]; ok && e.name != "" && !e.fixed && len(n) == 1 {
					e = extent{fixed: true, size: int64(n[0])}
				}
				if !e.fixed && (try == 2 || try == 1 && axis > 0) {
					if !in.traced {
						return list, nil // nothing says what they are
					}
					e = extent{fixed: true, size: e.size}
				}
				if n := e.size; e.fixed {
					p.other = append(p.other, int(n))
				} else {
					p.other = append(p.other, second(int(n)))
				}
				p.sizes = append(p.sizes, e)
			}
			if p.sizes == nil {
				p.sizes = []extent{}
			}
			ports = append(ports, p)
		}
		list = append(list, ports)
	}
	return list, nil
}

// usual is an example of a free extent, and how another one follows from it.
func (in scriptInput) usual(axis int) (int64, func(int) int) {
	switch {
	case axis == 0:
		return 2, func(n int) int { return n + 1 }
	case len(in.sizes) == 4:
		return 256, func(n int) int { return 8 * n }
	}
	return 16, func(n int) int { return 3*n + 1 }
}

// translated follows forward, and returns a file with the program that it is.
func (f *File) translated(given onnx.Given) (*File, error) {
	attempts, err := f.script.attempts(given)
	if err != nil {
		return nil, err
	}
	var last error
	for _, ports := range attempts {
		made, err := f.followed(ports)
		if err == nil {
			return made, nil
		}
		if last = err; errors.Is(err, script.ErrLimit) {
			break
		}
	}
	return nil, last // with most extents fixed: the model as it was traced
}
