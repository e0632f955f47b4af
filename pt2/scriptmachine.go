package pt2

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/assemble"
	"github.com/octet-ml/octet/internal/script"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// Limits of what code becomes: far above what real models need.
const (
	maxScriptNodes  = 1 << 14
	maxScriptSource = 32 << 20
)

// scriptMachine makes nodes of a program of what code calls, and builds the graph of each at once,
// since code asks for the sizes of results.
type scriptMachine struct {
	file    *File
	objects map[*torch.Opaque]*script.Object
	stored  map[*script.Tensor]*storedTensor
	tensors map[*torch.Tensor]*script.Tensor
	keys    map[string]bool
	packed  map[*torch.Opaque]*packed

	b      *builder // nil while the inputs are looked for
	facts  [2]map[*graph.Value]graph.Fact
	nodes  int // of the graph, whose facts are known
	params int
	taken  map[string]int // names of values
	eval   *script.Evaluator

	constants map[string]bool // paths of values of constants.pkl
	scouting  *scouting       // while the inputs are looked for
	depth     int             // of values in values
}

// storedTensor is a tensor of the file.
type storedTensor struct {
	t        *torch.Tensor
	constant bool   // of constants.pkl
	key      string // in the state dict
	declared bool
	made     *tensor.Tensor // what code lists, instead of a tensor of the file
}

func (s *storedTensor) dtype() tensor.DType {
	if s.made != nil {
		return s.made.DType()
	}
	return s.t.DType()
}

func (s *storedTensor) shape() tensor.Shape {
	if s.made != nil {
		return s.made.Shape()
	}
	return s.t.Shape()
}

func newScriptMachine(f *File) *scriptMachine {
	return &scriptMachine{file: f, objects: map[*torch.Opaque]*script.Object{}, stored: map[*script.Tensor]*storedTensor{}, tensors: map[*torch.Tensor]*script.Tensor{}, keys: map[string]bool{}, packed: map[*torch.Opaque]*packed{}, constants: map[string]bool{}, taken: map[string]int{}}
}

// root is the module that was saved.
func (m *scriptMachine) root() (*script.Object, error) {
	o, ok := m.file.script.archive.Root.(*torch.Opaque)
	if !ok {
		return nil, fmt.Errorf("record data.pkl: %s, expected a module", torch.Describe(m.file.script.archive.Root))
	}
	return m.object(o, "")
}

// object is a module or another object of the pickle.
func (m *scriptMachine) object(o *torch.Opaque, path string) (*script.Object, error) {
	if made := m.objects[o]; made != nil {
		return made, nil
	}
	made := &script.Object{Class: o.Global.String(), Path: path, State: o}
	m.objects[o] = made
	if _, isDict := o.State.(*torch.Dict); isDict || o.State == nil || m.eval == nil || strings.HasPrefix(made.Class, torchClasses) {
		return made, nil
	}
	// Its class says how it is filled.
	state, err := m.value(o.State, path, false)
	if err != nil {
		return nil, err
	}
	_, err = m.eval.Method(made, "__setstate__", state)
	return made, err
}

// torchClasses are those that PyTorch has in C++.
const torchClasses = "__torch__.torch.classes."

// value is a value of a pickle as code sees it; path is where it is.
func (m *scriptMachine) value(v torch.Value, path string, constant bool) (script.Value, error) {
	if m.depth++; m.depth > maxDepth {
		return nil, fmt.Errorf("%.100s: values in values are more than %d deep", path, maxDepth)
	}
	defer func() { m.depth-- }()
	switch v := untagged(v).(type) {
	case nil, torch.None:
		return nil, nil
	case torch.Bool:
		return bool(v), nil
	case torch.Int:
		return int64(v), nil
	case torch.Float:
		return float64(v), nil
	case torch.String:
		return string(v), nil
	case *torch.List:
		list := &script.List{Tuple: v.Kind == torch.Tuple}
		if len(v.Items) > 1<<16 {
			return nil, fmt.Errorf("%s: a list of %d items", path, len(v.Items))
		}
		for i, item := range v.Items {
			part, err := m.value(item, fmt.Sprintf("%s.%d", path, i), constant)
			if err != nil {
				return nil, err
			}
			list.Items = append(list.Items, part)
		}
		return list, nil
	case *torch.Dict:
		d := &script.Dict{}
		for i := range v.Len() {
			k, item := v.At(i)
			key, err := m.value(k, path, constant)
			if err != nil {
				return nil, err
			}
			part, err := m.value(item, fmt.Sprintf("%s.%v", path, key), constant)
			if err != nil {
				return nil, err
			}
			d.Keys, d.Values = append(d.Keys, key), append(d.Values, part)
		}
		return d, nil
	case *torch.Tensor:
		if made := m.tensors[v]; made != nil {
			return made, nil
		}
		made := &script.Tensor{}
		m.tensors[v] = made
		m.stored[made] = &storedTensor{t: v, constant: constant, key: path}
		return made, nil
	case *torch.Opaque:
		return m.object(v, path)
	default:
		return nil, fmt.Errorf("%s: %s is not read", path, torch.Describe(v))
	}
}

// Source returns code of the archive.
func (m *scriptMachine) Source(module string) (record, text string, err error) {
	record = path.Join("code", strings.ReplaceAll(module, ".", "/")) + ".py"
	data, ok, err := m.file.script.archive.Record(record, maxScriptSource)
	if !ok || err != nil {
		return "", "", err
	}
	return record, string(data), nil
}

// Attribute returns what the pickle has of an object.
func (m *scriptMachine) Attribute(of *script.Object, name string) (script.Value, bool, error) {
	o, _ := of.State.(*torch.Opaque)
	if o == nil {
		return nil, false, nil
	}
	d, ok := o.State.(*torch.Dict)
	if !ok {
		return nil, false, nil
	}
	stored, ok := d.Get(name)
	if !ok {
		return nil, false, nil
	}
	v, err := m.value(stored, joined(of.Path, name), false)
	return v, true, err
}

func joined(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// Constant returns one of constants.pkl.
func (m *scriptMachine) Constant(n int) (script.Value, error) {
	list := m.file.script.archive.Constants
	if n < 0 || n >= len(list) {
		return nil, fmt.Errorf("CONSTANTS.c%d: record constants.pkl has %d constants", n, len(list))
	}
	path := fmt.Sprintf("c%d", n)
	m.constants[path] = true
	return m.value(list[n], path, true)
}

// load reads the elements of a tensor of the file.
func (f *File) load(s *storedTensor) (*tensor.Tensor, error) {
	if s.made != nil {
		return s.made, nil
	}
	if t := f.script.loaded[s.t]; t != nil {
		return t, nil
	}
	if err := f.script.archive.LoadTensor(s.t, s.constant); err != nil {
		return nil, err
	}
	f.script.loaded[s.t] = s.t.Data
	return s.t.Data, nil
}

// declared enters a tensor of the file into the program, where code first reads it.
func (m *scriptMachine) declared(t *script.Tensor) error {
	s := m.stored[t]
	if s == nil || s.declared || m.b == nil {
		return nil
	}
	s.declared = true
	for key, n := s.key, 1; m.keys[s.key]; n++ {
		s.key = fmt.Sprintf("%s_%d", key, n)
	}
	m.keys[s.key] = true
	t.Name = m.unique("p_" + strings.ReplaceAll(s.key, ".", "_"))
	w := weight{dtype: s.dtype(), shape: s.shape(), read: func() (*tensor.Tensor, error) { return m.file.load(s) }}
	data, err := w.read()
	if err != nil {
		return err
	}
	if q := data.QParams(); q != nil {
		w.perChannel = !q.IsPerTensor()
	}
	p := &m.b.file.program
	p.Module.Graph.Inputs = append(p.Module.Graph.Inputs, tensorArgument(t.Name))
	p.Module.Signature.Inputs = append(p.Module.Signature.Inputs, m.spec(t.Name, s, w))
	meta := tensorMeta{DType: codeOf(w.dtype), Layout: strided, Offset: extent{fixed: true}, Sizes: []extent{}}
	for _, n := range w.shape {
		meta.Sizes = append(meta.Sizes, extent{fixed: true, size: int64(n)})
	}
	p.Module.Graph.Tensors[t.Name] = meta
	if m.b.values[t.Name] = m.b.parameter(s.key); s.made != nil {
		m.b.values[t.Name] = m.b.stored(s.key, m.b.constant(s.key))
	}
	return nil
}

// spec enters a tensor into the state dict, or, if the code lists its numbers, among the constants,
// and says of the program's input that it is there.
func (m *scriptMachine) spec(name string, s *storedTensor, w weight) inputSpec {
	if s.made != nil {
		m.b.file.other[s.key] = w
		return inputSpec{Constant: &struct {
			Arg named  `json:"arg"`
			Key string `json:"tensor_constant_name"`
		}{named{name}, s.key}}
	}
	m.b.file.state[s.key] = w
	return inputSpec{Parameter: &struct {
		Arg named  `json:"arg"`
		Key string `json:"parameter_name"`
	}{named{name}, s.key}}
}

// unique is a name of a value that the program has not given yet.
func (m *scriptMachine) unique(name string) string {
	if name == "" {
		name = "value"
	}
	for {
		n := m.taken[name]
		m.taken[name]++
		free := name
		if n > 0 {
			free = fmt.Sprintf("%s_%d", name, n)
		}
		if n == 0 {
			return free
		}
		if _, taken := m.taken[free]; !taken {
			m.taken[free] = 1
			return free
		}
	}
}

// Item is the number in a tensor of one element.
func (m *scriptMachine) Item(t *script.Tensor) (script.Value, error) {
	if s := m.stored[t]; s != nil {
		if s.shape().Numel() != 1 || s.dtype().IsQuantized() {
			return script.Unknown{Why: "a tensor"}, nil
		}
		data, err := m.file.load(s)
		if err != nil {
			return nil, err
		}
		return itemOf(data)
	}
	if m.b == nil {
		return script.Unknown{Why: "a tensor"}, nil
	}
	e := m.b.values[t.Name]
	if e == nil || e.value == nil || e.stamp != e.root.stamp {
		return script.Unknown{Why: "a tensor"}, nil
	}
	data := e.value.Data
	if e.value.Role != graph.Parameter {
		data = m.facts[0][e.value].Data
		if other := m.facts[1][e.value].Data; data == nil || other == nil || !sameNumber(data, other) {
			return script.Unknown{Why: script.FromData}, nil
		}
	}
	if data == nil || data.Numel() != 1 {
		return script.Unknown{Why: "a tensor"}, nil
	}
	return itemOf(data)
}

func itemOf(t *tensor.Tensor) (script.Value, error) {
	if t.DType() == tensor.Float64 {
		return tensor.Data[float64](t)[0], nil
	}
	held, err := onnx.Held(t)
	if err != nil {
		return nil, err
	}
	switch held.DType() {
	case tensor.Int64:
		return held.Int64s()[0], nil
	case tensor.Bool:
		return held.Uint8s()[0] != 0, nil
	}
	return float64(held.Float32s()[0]), nil
}

// followed is a file with the program of forward for inputs of these extents.
func (f *File) followed(ports []scriptPort) (*File, error) {
	work := &File{name: f.name, script: f.script, state: map[string]weight{}, other: map[string]weight{}, replaced: f.replaced}
	f.script.declare(&work.program, ports)
	m := newScriptMachine(f)
	m.b = &builder{file: work, Builder: assemble.Builder{Graph: graph.New("model")}, values: map[string]*entry{}, names: map[string]int{}, calls: map[string]int{}}
	var shapes [2][]tensor.Shape
	var args []script.Value
	for i, in := range f.script.inputs {
		m.taken[in.name] = 1
		args = append(args, &script.Tensor{Name: in.name})
		shape := tensor.Shape{}
		for _, e := range ports[i].sizes {
			shape = append(shape, int(e.size))
		}
		shapes[0], shapes[1] = append(shapes[0], shape), append(shapes[1], ports[i].other)
	}
	if err := m.b.inputs(onnx.Given{}); err != nil {
		return nil, err
	}
	for i := range m.facts {
		var err error
		if m.facts[i], err = m.b.Graph.Facts(shapes[i]...); err != nil {
			return nil, err
		}
	}
	m.eval = script.New(m)
	root, err := m.root()
	if err != nil {
		return nil, err
	}
	names, kinds, err := m.eval.Parameters(root)
	if err != nil {
		return nil, err
	}
	all := []script.Value{}
	for i := range names {
		if strings.HasPrefix(kinds[i], "Optional[") || kinds[i] == "NoneType" {
			all = append(all, nil)
			continue
		}
		all, args = append(all, args[0]), args[1:]
	}
	if err := m.infer(); err != nil {
		return nil, err
	}
	out, err := m.eval.Forward(root, all)
	if len(m.b.failed) > 0 {
		for i, u := range m.b.failed {
			if !strings.HasPrefix(u.Op, quantizedSpace) && !isDynamic(u.Op) {
				m.b.failed[i].Advice += "; or " + exportInstead
			}
		}
		return nil, &onnx.UnsupportedError{File: f.name, Nodes: m.b.failed, Unchecked: m.b.unchecked}
	}
	if err != nil {
		return nil, err
	}
	if err := m.outputs(out, "", maxDepth); err != nil {
		return nil, err
	}
	p := &work.program
	p.Module.Graph.pruneSizes()
	if len(p.Module.Graph.Outputs) == 0 {
		return nil, errors.New("forward returns no tensor")
	}
	return work, nil
}

// outputs enters what forward returns: a tensor, or tuples, lists and dicts of them. name is that
// which keys of dicts and fields of named tuples give it.
func (m *scriptMachine) outputs(v script.Value, name string, depth int) error {
	if depth == 0 {
		return fmt.Errorf("forward returns tuples in tuples more than %d deep", maxDepth)
	}
	p := &m.b.file.program
	switch v := v.(type) {
	case nil:
		return nil
	case *script.Tensor:
		if err := m.declared(v); err != nil {
			return err
		}
		arg := tensorArgument(v.Name)
		p.Module.Graph.Outputs = append(p.Module.Graph.Outputs, arg)
		p.Module.Signature.Outputs = append(p.Module.Signature.Outputs, outputSpec{User: &struct {
			Arg argument `json:"arg"`
		}{arg}})
		p.outputNames = append(p.outputNames, name)
		return nil
	case *script.List:
		for i, item := range v.Items {
			part := name
			if i < len(v.Fields) {
				part = joined(name, v.Fields[i])
			}
			if err := m.outputs(item, part, depth-1); err != nil {
				return err
			}
		}
		return nil
	case *script.Dict:
		for i, item := range v.Values {
			part := name
			switch key := v.Keys[i].(type) {
			case string:
				part = joined(name, key)
			case int64:
				part = joined(name, fmt.Sprint(key))
			}
			if err := m.outputs(item, part, depth-1); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("forward returns %s; tensors are read", script.Describe(v))
}
