package engine

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/arena"
	"github.com/octet-ml/octet/internal/kernel/layout"
	"github.com/octet-ml/octet/internal/slab"
	"github.com/octet-ml/octet/tensor"
)

// plan is a program for inputs of one list of shapes.
type plan struct {
	lowered []lowered
	shapes  []tensor.Shape
	types   []graph.Type   // by number of value, with shapes
	blocks  []*arena.Block // by number of value; aliased values share one
	steps   []fixed        // by node; nil where the result is the operand's memory
	arena   int            // bytes
	work    int            // words of scratch memory for each worker
	inputs  []arrival
	free    frames
}

// aliaser is an operation that may leave its operand as it is.
type aliaser interface {
	aliases(in, out graph.Type) bool
}

// plan is for the nodes lowered as in list.
func (p *Program) plan(list []lowered, shapes []tensor.Shape) (*plan, error) {
	facts, err := p.g.Infer(shapes...)
	if err != nil {
		return nil, err
	}
	pl := &plan{lowered: list, steps: make([]fixed, len(list))}
	var blocks []*arena.Block
	add := func(t graph.Type, at int) error {
		bytes, err := bytesOf(t)
		if err != nil {
			return err
		}
		b := &arena.Block{Bytes: bytes, First: at, Last: at}
		pl.types, pl.blocks, blocks = append(pl.types, t), append(pl.blocks, b), append(blocks, b)
		return nil
	}
	for i, v := range p.g.Inputs {
		pl.shapes = append(pl.shapes, shapes[i].Clone())
		t := facts[v].Type
		t.Shape = pl.shapes[i]
		if err := add(t, -1); err != nil {
			return nil, err
		}
		pl.inputs = append(pl.inputs, p.arrival(i, t))
	}
	for i, l := range list {
		out := facts[l.result()].Type
		in := make([]graph.Type, len(l.inputs))
		for j, v := range l.inputs {
			in[j] = pl.types[v]
			pl.blocks[v].Last = i
		}
		if a, ok := l.op.(aliaser); ok && a.aliases(in[0], out) {
			pl.types, pl.blocks = append(pl.types, out), append(pl.blocks, pl.blocks[l.inputs[0]])
			continue
		}
		f, err := p.fixed(l, in, out)
		if err == nil {
			err = add(out, i)
		}
		if err != nil {
			return nil, nodeError(p.g, l.node, err)
		}
		pl.steps[i] = f
		pl.work = max(pl.work, f.scratch())
	}
	for _, v := range p.outputs {
		pl.blocks[v].Last = len(list)
	}
	pl.arena = arena.Place(blocks)
	return pl, nil
}

// fixed settles what depends on shapes.
func (p *Program) fixed(l lowered, in []graph.Type, out graph.Type) (fixed, error) {
	if c, ok := l.op.(conversion); ok && p.readsTensor(l.inputs[0], in[0].Shape) {
		return c.fixImage(in[0].Shape, p), nil
	}
	return l.op.fix(in, out, p.Threads())
}

// fits reports whether the plan is for list and inputs of these shapes.
func (pl *plan) fits(list []lowered, inputs []*tensor.Tensor) bool {
	return &pl.lowered[0] == &list[0] && slices.EqualFunc(pl.shapes, inputs, func(s tensor.Shape, t *tensor.Tensor) bool { return s.Equal(t.Shape()) })
}

// overRead is how many bytes kernels may read behind a value, within its capacity.
const overRead = 64

// frame is the memory of one run.
type frame struct {
	plan   *plan
	values []memory // by number
	steps  []step   // by node; nil where nothing is computed

	tensors [][]float32 // by input: those of the caller's that a step reads
	move    layout.Call // of inputs
}

func (p *Program) newFrame(pl *plan) *frame {
	f := &frame{plan: pl, steps: make([]step, len(pl.lowered)), tensors: make([][]float32, len(p.g.Inputs))}
	// Go aligns large allocations to pages, so offsets keep their alignment.
	memories := words[byte](slab.Make[uint64]((max(pl.arena, 1<<16) + overRead) / 8))
	for i, t := range pl.types {
		at := pl.blocks[i].Offset
		n := t.Shape.Numel() * t.DType.Size()
		f.values = append(f.values, memory(memories[at:at+n]))
	}
	scratch := make([][]uint64, p.Threads())
	for i := range scratch {
		scratch[i] = slab.Make[uint64](pl.work)
	}
	for i, l := range pl.lowered {
		if pl.steps[i] == nil {
			continue
		}
		in := make([]memory, len(l.inputs))
		for j, v := range l.inputs {
			in[j] = f.values[v]
		}
		out := f.values[len(p.g.Inputs)+i]
		if c, ok := pl.steps[i].(fixedImage); ok {
			f.steps[i] = c.bindTensor(&f.tensors[l.inputs[0]], out, scratch)
			continue
		}
		f.steps[i] = pl.steps[i].bind(in, out, scratch)
	}
	return f
}
