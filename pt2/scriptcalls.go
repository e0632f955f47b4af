package pt2

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/script"
	"github.com/octet-ml/octet/tensor"
)

// Do does what an operator does: it adds a node, or answers what is known of tensors.
func (m *scriptMachine) Do(c *script.Call) (script.Value, error) {
	if m.scouting != nil {
		return m.scouting.do(m, c)
	}
	if name, ok := strings.CutPrefix(c.Name, "ops.quantized."); ok {
		return m.quantized(name, c)
	}
	name, ok := strings.CutPrefix(c.Name, "torch.")
	if !ok {
		name, ok = strings.CutPrefix(c.Name, "ops.aten.")
	}
	if sym, isSym := strings.CutPrefix(c.Name, "sym."); isSym {
		return m.symbolic(sym, c)
	}
	if answer := answers[c.Name]; answer != nil {
		return answer(m, c)
	}
	if answer := answers[name]; ok && answer != nil {
		return answer(m, c)
	}
	if !ok || strings.Contains(name, ".") {
		m.fail(c, strings.TrimPrefix(c.Name, "ops."), errors.New("there is no such operator here"), customAdvice)
		return m.fresh(c, 1)[0], nil
	}
	return m.aten(name, c)
}

// fail notes an operator that has no counterpart.
func (m *scriptMachine) fail(c *script.Call, target string, err error, advice string) {
	record, line := m.eval.Where()
	u := unsupported(strings.Join(c.Names, ","), target, fmt.Sprintf("%v (record %s, line %d)", err, record, line), advice)
	m.b.failed = append(m.b.failed, u)
}

// fresh are tensors for the results of a node.
func (m *scriptMachine) fresh(c *script.Call, count int) []*script.Tensor {
	list := make([]*script.Tensor, count)
	for i := range list {
		name := ""
		if i < len(c.Names) && len(c.Names) == count {
			name = c.Names[i]
		} else if len(c.Names) == 1 {
			name = c.Names[0]
		}
		if strings.Trim(name, "_0123456789") == "" { // the serializer's own names say nothing
			name = strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(c.Name, "torch."), "ops.quantized."), "_")
		}
		list[i] = &script.Tensor{Name: m.unique(name)}
	}
	return list
}

// aten adds a node of an operator of ATen.
func (m *scriptMachine) aten(name string, c *script.Call) (script.Value, error) {
	args := slices.Clone(c.Args)
	if name == "_convolution" && len(args) >= 9 {
		name, args = "convolution", args[:9]
	}
	if name == "_convolution_mode" && len(args) > 1 { // a traced one with padding="same"
		if w, ok := args[1].(*script.Tensor); ok {
			sizes, err := m.sizes(w)
			if err != nil {
				return nil, err
			}
			name = fmt.Sprintf("conv%dd", len(sizes)-2)
		}
	}
	if name == "to" && len(args) > 1 {
		_, device := args[1].(script.Type)
		if _, dtype := valueAt(args, 2).(int64); device && !dtype {
			return args[0], nil
		}
	}
	if renamed := otherNames[name]; renamed != "" {
		name = renamed
	}
	plain, inPlace := strings.CutSuffix(name, "_")
	if strings.HasSuffix(name, "__") {
		plain, inPlace = name, false
	}
	overload, named, err := m.overload(plain, args, c.Named)
	if err != nil {
		advice := formAdvice
		if isDynamic(name) {
			advice = dynamicInstead
		}
		m.fail(c, name, err, advice)
		return m.fresh(c, max(1, several[plain]))[0], nil
	}
	target := plain + "." + overload
	call := *c
	call.Named = named
	if target == "to.device" || target == "to.dtype" || target == "to.dtype_layout" || target == "to.other" || target == "type_as.default" {
		same, err := m.sameType(target, named)
		if err != nil {
			return nil, err
		}
		if same {
			return named["self"], nil
		}
	}
	count, isList, err := m.count(target, named)
	if err != nil {
		return nil, err
	}
	if inPlace {
		target = plain + "_." + overload
	}
	return m.node("torch.ops.aten."+target, &call, count, isList)
}

// valueAt is one of values, nil behind the last.
func valueAt(values []script.Value, i int) script.Value {
	if i < len(values) {
		return values[i]
	}
	return nil
}

// otherNames are operators under names that exported programs do not have.
var otherNames = map[string]string{"concat": "cat", "concatenate": "cat"}

// several are operators with that many results.
var several = map[string]int{
	"max.dim": 2, "min.dim": 2, "topk.default": 2, "sort.default": 2, "lstm.input": 3, "gru.input": 2, "rnn_tanh.input": 2, "rnn_relu.input": 2,
	"max_pool2d_with_indices.default": 2, "native_layer_norm.default": 3,
}

// count is how many results a node has, and whether they are a list.
func (m *scriptMachine) count(target string, named map[string]script.Value) (n int, isList bool, err error) {
	if n := several[target]; n > 0 {
		return n, false, nil
	}
	axis, _ := named["dim"].(int64)
	extent := func() (int64, error) {
		t, ok := named["self"].(*script.Tensor)
		if !ok {
			return 0, errors.New("its operand is no tensor")
		}
		sizes, err := m.sizes(t)
		if err != nil {
			return 0, err
		}
		if axis < 0 {
			axis += int64(len(sizes))
		}
		if axis < 0 || axis >= int64(len(sizes)) || !sizes[axis].fixed {
			return 0, fmt.Errorf("how many results there are is %w", graph.ErrComputed)
		}
		return sizes[axis].size, nil
	}
	parts := func(each int64) (int, bool, error) {
		e, err := extent()
		if err != nil || each < 1 {
			return 0, true, errors.Join(err, errors.New("parts of no size"))
		}
		return int((e + each - 1) / each), true, nil
	}
	switch target {
	case "split_with_sizes.default":
		list, _ := named["split_sizes"].(*script.List)
		if list == nil {
			return 0, true, errors.New("its sizes are no list")
		}
		return len(list.Items), true, nil
	case "unbind.int":
		e, err := extent()
		return int(e), true, err
	case "split.Tensor":
		each, _ := named["split_size"].(int64)
		return parts(each)
	case "chunk.default":
		count, _ := named["chunks"].(int64)
		e, err := extent()
		if err != nil || count < 1 {
			return 0, true, errors.Join(err, errors.New("no parts"))
		}
		return parts(max(1, (e+count-1)/count))
	}
	return 1, false, nil
}

// node adds a node to the program and to the graph.
func (m *scriptMachine) node(target string, c *script.Call, count int, isList bool) (script.Value, error) {
	g := &m.b.file.program.Module.Graph
	if len(g.Nodes) >= maxScriptNodes || count > maxScriptNodes {
		return nil, fmt.Errorf("%w: more than %d operators", script.ErrLimit, maxScriptNodes)
	}
	p := programNode{Target: target, Metadata: map[string]string{}}
	if c.In != nil {
		class := plainClass(c.In.Class)
		p.Metadata["nn_module_stack"] = "," + c.In.Path + "," + class
	}
	short, _ := functional(shortTarget(target))
	for _, name := range []string{"scale", "zero_point"} { // FX graph mode keeps them in buffers
		if t, ok := c.Named[name].(*script.Tensor); ok {
			item, err := m.Item(t)
			if err != nil {
				return nil, err
			}
			if n, real := item.(float64); real && name == "zero_point" && n == float64(int64(n)) {
				item = int64(n)
			}
			c.Named[name] = item
		}
	}
	for _, parameter := range schemas()[short] {
		name := parameter.name
		v, given := c.Named[name]
		if !given {
			continue
		}
		arg, err := m.argument(v)
		if err != nil {
			return nil, err
		}
		p.Inputs = append(p.Inputs, namedArgument{name, arg})
	}
	results := m.fresh(c, count)
	p.Name = results[0].Name
	if isList {
		list := make([]named, count)
		for i, r := range results {
			list[i].Name = r.Name
		}
		p.Outputs = []argument{argumentOf("as_tensors", list)}
	} else {
		for _, r := range results {
			p.Outputs = append(p.Outputs, tensorArgument(r.Name))
		}
	}
	failed := len(m.b.failed)
	predicted, err := m.predicted(short, c.Named)
	if err != nil {
		return nil, err
	}
	m.b.predicted = &predicted
	err = m.b.node(&p)
	m.b.predicted = nil
	if err != nil {
		return nil, err
	}
	if len(m.b.failed) > failed { // say where
		record, line := m.eval.Where()
		u := &m.b.failed[failed]
		u.Reason += fmt.Sprintf(" (record %s, line %d)", record, line)
	}
	g.Nodes = append(g.Nodes, p)
	if err := m.infer(); err != nil {
		return nil, err
	}
	list := &script.List{Tuple: !isList}
	for i, r := range results {
		m.describe(r, predicted.DType, i)
		list.Items = append(list.Items, r)
	}
	if count == 1 && !isList {
		return results[0], nil
	}
	return list, nil
}

// plainClass is a class as Python names it, without what TorchScript adds.
func plainClass(class string) string {
	parts := strings.Split(strings.TrimPrefix(class, "__torch__."), ".")
	parts = slices.DeleteFunc(parts, func(p string) bool { return strings.HasPrefix(p, "___torch_mangle_") })
	return strings.Join(parts, ".")
}

// infer finds the facts of what was added to the graph, for two examples of the inputs.
func (m *scriptMachine) infer() error {
	g := m.b.Graph
	for i, facts := range m.facts {
		for _, v := range g.Params[m.params:] {
			facts[v] = graph.Fact{Type: v.Type, Data: v.Data}
		}
		for _, n := range g.Nodes[m.nodes:] {
			if codes := codesBehind(n.Output()); codes != nil {
				facts[n.Output()] = graph.Fact{Type: graph.Type{DType: tensor.Float32, Shape: codes.Type.Shape}}
				continue
			}
			if err := g.InferNode(n, facts); err != nil {
				if i == 1 {
					err = fmt.Errorf("with inputs of other sizes: %w", err)
				}
				return err
			}
		}
	}
	m.params, m.nodes = len(g.Params), len(g.Nodes)
	return nil
}

// describe enters what is known of a result.
func (m *scriptMachine) describe(t *script.Tensor, predicted, i int) {
	e := m.b.values[t.Name]
	if e == nil || e.value == nil {
		return
	}
	v := e.value
	a, ok1 := m.facts[0][v]
	b, ok2 := m.facts[1][v]
	if !ok1 || !ok2 || a.Deferred || len(a.Shape) != len(b.Shape) {
		return
	}
	meta := tensorMeta{DType: codeOf(v.Type.DType), Layout: strided, Offset: extent{fixed: true}, Sizes: []extent{}}
	if d, ok := dtypes[predicted]; ok && i == 0 && !v.Type.DType.IsQuantized() {
		if held, err := heldCode(d); err == nil && held == v.Type.DType { // such as int32, which the graph holds as int64
			meta.DType = predicted
		}
	}
	for axis, n := range a.Shape {
		meta.Sizes = append(meta.Sizes, extent{fixed: n == b.Shape[axis], size: int64(n)})
	}
	m.b.file.program.Module.Graph.Tensors[t.Name] = meta
}

// sizes are the extents of a tensor.
func (m *scriptMachine) sizes(t *script.Tensor) ([]extent, error) {
	if err := m.declared(t); err != nil {
		return nil, err
	}
	meta, ok := m.b.file.program.Module.Graph.Tensors[t.Name]
	if !ok {
		return nil, fmt.Errorf("the sizes of %q are %w", t.Name, graph.ErrComputed)
	}
	return meta.Sizes, nil
}

// size is one extent, as a number or as the name of one.
func (m *scriptMachine) size(c *script.Call, t *script.Tensor, axis int) (script.Value, error) {
	sizes, err := m.sizes(t)
	if err != nil {
		return nil, err
	}
	if axis < 0 {
		axis += len(sizes)
	}
	if axis < 0 || axis >= len(sizes) {
		return nil, fmt.Errorf("axis %d of %d axes", axis, len(sizes))
	}
	if e := sizes[axis]; e.fixed {
		return e.size, nil
	}
	return m.number("sym_size.int", []namedArgument{{"self", tensorArgument(t.Name)}, {"dim", argumentOf("as_int", axis)}})
}

// sameNumber reports whether two tensors hold one number each, the same.
func sameNumber(a, b *tensor.Tensor) bool {
	return a.Numel() == 1 && b.Numel() == 1 && a.DType() == b.DType() && slices.Equal(a.Bytes(), b.Bytes())
}

// symbolic computes with numbers of which some depend on the sizes of inputs.
func (m *scriptMachine) symbolic(name string, c *script.Call) (script.Value, error) {
	args := slices.Clone(c.Args)
	switch name {
	case "floor_divide", "div":
		mode, _ := c.Named["rounding_mode"].(string)
		if len(args) > 2 {
			mode, _ = args[2].(string)
			args = args[:2]
		}
		if name == "div" && mode != "floor" && mode != "trunc" {
			return script.Unknown{Why: "a quotient of sizes of the inputs"}, nil
		}
		name = "floordiv"
	case "remainder":
		name = "mod"
	case "rsub":
		name = "sub"
		args[0], args[1] = args[1], args[0]
	case "max", "min":
		return script.Unknown{Why: "a size of the inputs"}, nil
	}
	if len(args) != 2 {
		return nil, fmt.Errorf("%s of %d numbers", name, len(args))
	}
	if a, ok := args[0].(script.Sym); ok { // x * 1, x + 0
		if b, known := args[1].(int64); known && (b == 1 && (name == "mul" || name == "floordiv") || b == 0 && (name == "add" || name == "sub")) {
			return a, nil
		}
	}
	var in []namedArgument
	for i, a := range args {
		switch a.(type) {
		case script.Sym, int64:
		default:
			return script.Unknown{Why: "a number that depends on sizes of the inputs"}, nil
		}
		arg, err := m.argument(a)
		if err != nil {
			return nil, err
		}
		in = append(in, namedArgument{[]string{"a", "b"}[i], arg})
	}
	return m.number("_operator."+name, in)
}

// number adds a node that gives a whole number.
func (m *scriptMachine) number(target string, in []namedArgument) (script.Value, error) {
	g := &m.b.file.program.Module.Graph
	if len(g.Nodes) >= maxScriptNodes {
		return nil, fmt.Errorf("%w: more than %d operators", script.ErrLimit, maxScriptNodes)
	}
	name := m.unique("size")
	full := target
	if target == "sym_size.int" {
		full = "torch.ops.aten.sym_size.int"
	}
	p := programNode{Target: full, Name: name, Inputs: in, Outputs: []argument{argumentOf("as_sym_int", symEntry{Name: name})}}
	failed := len(m.b.failed)
	if err := m.b.node(&p); err != nil {
		return nil, err
	}
	if len(m.b.failed) > failed {
		return nil, fmt.Errorf("a size: %s", m.b.failed[failed].Reason)
	}
	if err := m.infer(); err != nil {
		return nil, err
	}
	if e := m.b.values[name]; e != nil && e.value != nil {
		a, b := m.facts[0][e.value].Data, m.facts[1][e.value].Data
		if e.value.Role == graph.Parameter {
			a, b = e.value.Data, e.value.Data
		}
		if a != nil && b != nil && a.DType() == tensor.Int64 && sameNumber(a, b) {
			return a.Int64s()[0], nil // known all the same; nobody reads the node
		}
	}
	g.Nodes = append(g.Nodes, p)
	return script.Sym{Name: name}, nil
}

// pruneSizes leaves out the sizes that nothing reads: code asks for many to check its inputs.
func (g *programGraph) pruneSizes() {
	read := map[string]bool{}
	kept := []programNode{}
	for _, n := range slices.Backward(g.Nodes) {
		if len(n.Outputs) == 1 && n.Outputs[0].kind == "as_sym_int" && !read[n.Outputs[0].symName()] {
			continue
		}
		for _, a := range n.Inputs {
			for _, name := range slices.Concat(a.Arg.names(), listed(a.Arg)) {
				read[name] = true
			}
		}
		kept = append(kept, n)
	}
	slices.Reverse(kept)
	g.Nodes = kept
}
