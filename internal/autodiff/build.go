package autodiff

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/matmul32"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// builder makes a step.
type builder struct {
	*Step
	types map[*graph.Value]graph.Fact
	at    map[*graph.Value]*value // what has been computed
	fused map[*graph.Node]bool    // nodes that an earlier cell computes
	all   []*value
}

func (p *Program) build(shape tensor.Shape) (*Step, error) {
	types, err := p.g.Infer(shape)
	if err != nil {
		return nil, err
	}
	s := &Step{p: p, shape: shape.Clone(), values: map[string]*value{}, last: map[string]int{}, work: make([]matmul32.Work, p.pool.Threads())}
	b := &builder{Step: s, types: types, at: map[*graph.Value]*value{}, fused: map[*graph.Node]bool{}}
	s.input = b.newValue(p.g.Inputs[0].Name, shape, false)
	s.values[s.input.name] = s.input
	b.at[p.g.Inputs[0]] = s.input
	s.input.data.forward.include(0)
	if fake := p.opts.Activations[s.input.name]; fake != nil { // of a graph without a stub for it
		if b.at[p.g.Inputs[0]], err = b.finish(s.input.name, s.input, finishing{fake: fake}); err != nil {
			return nil, fmt.Errorf("%s: input %q: %w", p.g.Name, s.input.name, err)
		}
	}
	for _, n := range p.g.Nodes {
		if b.fused[n] {
			continue
		}
		if types[n.Output()].Deferred {
			return nil, fmt.Errorf("%s: node %q (%s): only a run tells the size of its result; training needs sizes that follow from those of the inputs", p.g.Name, n.Name, n.Op.Kind())
		}
		if t := types[n.Output()]; t.DType != tensor.Float32 {
			if t.Data == nil && !t.DType.IsQuantized() {
				return nil, fmt.Errorf("%s: node %q (%s): its result is %v of data, and only real numbers have gradients: %s", p.g.Name, n.Name, n.Op.Kind(), t.DType, untrained)
			}
			if t.Data != nil {
				continue
			}
		}
		parts, err := b.parts(n)
		for _, part := range parts {
			if err == nil {
				err = b.node(part)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%s: node %q (%s): %w", p.g.Name, n.Name, n.Op.Kind(), err)
		}
	}
	s.output = b.at[p.g.Outputs[0]]
	if !s.output.trained {
		return nil, fmt.Errorf("%s: the output depends on nothing that is trained", p.g.Name)
	}
	// The loss reads the output and sets its gradient between the two passes.
	last := len(s.cells)
	s.output.data.forward.include(last)
	s.output.grad.backward.include(last)
	b.settle()
	b.recompute()
	s.memory.place(last)
	return s, nil
}

// newValue declares an activation of a shape.
func (b *builder) newValue(name string, shape tensor.Shape, trained bool) *value {
	v := &value{name: name, shape: shape, trained: trained, channels: 1}
	switch axes := len(shape); {
	case axes == 4:
		v.channels = shape[1]
	case axes > 0: // row-major
		v.channels = shape[axes-1]
	}
	v.rows = shape.Numel() / max(1, v.channels)
	v.data = b.memory.newFloats(v.rows * v.channels)
	if trained {
		v.grad = b.memory.newFloats(v.rows * v.channels)
	}
	b.all = append(b.all, v)
	return v
}

// next is the number of the cell that is being built.
func (b *builder) next() int { return len(b.cells) }

// push appends a cell that computes out.
func (b *builder) push(name string, c cell, out *value) {
	out.data.forward.include(b.next())
	if out.trained {
		out.grad.backward.include(b.next())
	}
	b.last[name] = len(b.cells)
	b.cells = append(b.cells, c)
	b.names = append(b.names, name)
}

// read declares that the next cell reads v; with keep, also backward.
func (b *builder) read(v *value, keep bool) *reader {
	r := &reader{v: v, cell: b.next()}
	v.readers = append(v.readers, r)
	v.data.forward.include(r.cell)
	if keep {
		v.data.backward.include(r.cell)
	}
	if v.trained {
		v.grad.backward.include(r.cell)
	}
	return r
}

// scratch declares memory that the next cell uses in both passes, or in one.
func (b *builder) scratch(bytes int, forward, backward bool) *buffer {
	m := b.memory.newBytes(bytes)
	if forward {
		m.forward.include(b.next())
	}
	if backward {
		m.backward.include(b.next())
	}
	return m
}

// settle decides which reader of a value sets its gradient.
func (b *builder) settle() {
	for _, v := range b.all {
		last := -1
		for _, r := range v.readers {
			last = max(last, r.cell)
		}
		first := true
		for _, r := range v.readers {
			r.add = r.cell != last || !first
			if r.cell == last {
				first = false
			}
		}
	}
}

// recompute marks the activations that the backward pass recomputes (checkpointing), and
// when: those that follow from the saved input of a batch norm.
func (b *builder) recompute() {
	if !b.p.opts.Recompute {
		return
	}
	b.recomputed = map[int][]*finish{}
	for _, c := range b.cells {
		f, ok := c.(*finish)
		if !ok || f.norm == nil || f.out.data.backward.hi < f.out.data.backward.lo {
			continue
		}
		f.out.data.recomputed = true
		first := f.out.data.backward.hi
		b.recomputed[first] = append(b.recomputed[first], f)
	}
}

// zeros makes sure that there is a row of n zeros.
func (b *builder) zeros(n int) {
	if n += matmul32.OverRead; len(b.pad) < n {
		b.pad = make([]float32, n)
	}
}

// alias makes out share the memory of in, data and gradient. Nothing else reads in.
func (b *builder) alias(out, in *value) {
	b.drop(out.data)
	out.data = in.data
	if out.trained {
		b.drop(out.grad)
		out.grad = in.grad
	}
}

// drop removes a buffer from the plan.
func (b *builder) drop(m *buffer) {
	for i, other := range b.memory.buffers {
		if other == m {
			b.memory.buffers = append(b.memory.buffers[:i], b.memory.buffers[i+1:]...)
			return
		}
	}
}

// trained reports whether one of the values has a gradient.
func trained(values ...*value) bool {
	for _, v := range values {
		if v.trained {
			return true
		}
	}
	return false
}

// constant is the data of a value that training does not change, nil where it does: that of a parameter,
// and whole numbers that follow from such or from shapes.
func (b *builder) constant(v *graph.Value) *tensor.Tensor {
	switch {
	case v.Role == graph.Parameter:
		return v.Data
	case v.Role == graph.Result && v.Type.DType != tensor.Float32 && !v.Type.DType.IsQuantized():
		return b.types[v].Data
	}
	return nil
}

// activations returns the values that n reads, in order.
func (b *builder) activations(n *graph.Node) []*value {
	var in []*value
	for _, v := range n.Inputs {
		if b.constant(v) == nil {
			in = append(in, b.at[v])
		}
	}
	return in
}

// parts are nodes of one result each that stand for n: the slices of a split, else n itself.
func (b *builder) parts(n *graph.Node) ([]*graph.Node, error) {
	o, ok := n.Op.(op.Split)
	if !ok {
		return []*graph.Node{n}, nil
	}
	facts := make([]graph.Fact, len(n.Inputs))
	for i, v := range n.Inputs {
		if facts[i] = b.types[v]; v.Role == graph.Parameter {
			facts[i] = graph.FactsOf(v.Data)[0]
		}
	}
	o, err := o.Resolve(facts)
	if err != nil {
		return nil, err
	}
	var all []*graph.Node
	for i, v := range n.Outputs {
		all = append(all, &graph.Node{Name: v.Name, Op: o.Part(i), Inputs: n.Inputs[:1], Outputs: []*graph.Value{v}})
	}
	return all, nil
}

// node builds the cells of n, fused with the batch norm, the clamp and the fake
// quantization that follow it and nothing else reads in between.
func (b *builder) node(n *graph.Node) error {
	f := finishing{act: op.ClampOf(n.Op)}
	tail := n
	switch o := n.Op.(type) {
	case op.BatchNorm:
		if f.norm = b.p.normOf[n]; f.norm.Weight == nil || f.norm.Bias == nil {
			return fmt.Errorf("its weight or bias is computed; only parameters can be trained")
		}
	case op.Clamp:
		f.act = o.Act
	}
	if next, ok := b.follower(tail).(op.BatchNorm); ok && f == (finishing{}) {
		tail = b.absorb(tail)
		f.norm, f.act = b.p.normOf[tail], next.Act
	}
	if next, ok := b.follower(tail).(op.Clamp); ok && f.act == quant.NoActivation {
		tail = b.absorb(tail)
		f.act = next.Act
	}
	f.fake = b.p.opts.Activations[tail.Output().Name]
	out, err := b.compute(n, &f)
	if err != nil {
		return err
	}
	if tail != n {
		b.values[n.Name] = out
	}
	if f.any() {
		if out, err = b.finish(tail.Name, out, f); err != nil {
			return err
		}
	}
	b.at[tail.Output()] = out
	b.values[tail.Name] = out
	return nil
}

// follower returns the operator of the only node that reads n's result, or nil if there
// are several or the result is fake-quantized.
func (b *builder) follower(n *graph.Node) graph.Op {
	next := b.p.g.SoleConsumer(n.Output())
	if next == nil || next.Inputs[0] != n.Output() || b.p.opts.Activations[n.Output().Name] != nil {
		return nil
	}
	return next.Op
}

// absorb fuses the node that reads n's result into the same cell, and returns it.
func (b *builder) absorb(n *graph.Node) *graph.Node {
	next := b.p.g.SoleConsumer(n.Output())
	b.fused[next] = true
	return next
}

// compute builds the cell of n without its epilogue f, and adds to f what the epilogue has
// to do for it.
func (b *builder) compute(n *graph.Node, f *finishing) (*value, error) {
	in := b.activations(n)
	switch o := n.Op.(type) {
	case op.Quantize, op.Dequantize, op.Clamp, op.BatchNorm:
		return in[0], nil
	case op.Conv2D:
		if w := b.p.byValue[n.Inputs[1]]; w != nil && len(in) == 1 {
			if o.Auto != "" || o.Uneven != [2]int{} {
				return nil, fmt.Errorf("training has no convolution whose padding differs between the sides: put a pad in front of it")
			}
			return b.conv(n, o, w, f)
		}
	case op.Linear:
		if w := b.p.byValue[n.Inputs[1]]; w != nil && len(in) == 1 && len(in[0].shape) != 4 {
			return b.linear(n, w, f)
		}
	case op.Add:
		if len(in) == 2 && in[0].shape.Equal(in[1].shape) {
			return b.addition(n, in[0], in[1]), nil
		}
	case op.MaxPool2D:
		return b.maxPool(n, o, in[0])
	case op.AdaptiveAvgPool2D:
		return b.average(n, in[0], adaptiveWindows(in[0].shape, b.types[n.Output()].Shape)), nil
	case op.Mean:
		if len(in[0].shape) != 4 || !o.OverImage() {
			break
		}
		return b.average(n, in[0], adaptiveWindows(in[0].shape, tensor.Shape{in[0].shape[0], in[0].shape[1], 1, 1})), nil
	case op.Flatten:
		if b.sameMemory(n, in[0]) {
			return b.view(n, in[0]), nil
		}
	}
	return b.evaluated(n, in)
}
