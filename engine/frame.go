package engine

import (
	"sync"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel/layout"
	"github.com/octet-ml/octet/internal/slab"
	"github.com/octet-ml/octet/tensor"
)

// overRead is how many bytes kernels may read past the end of a value, within its capacity.
const overRead = 64

// frame is the memory of one run.
type frame struct {
	plan   *plan
	values []memory // by number of the plan's values
	steps  []step

	tensors [][]float32 // by input: the caller's data, where a step reads it in place
	cpu     cpu.Features
	move    layout.Call // transposes inputs, and values that are observed
	viewed  memory      // of a value in row-major order, see view
	tails   []*frame    // memory of the same run for the following segments, the most recently used last
}

// newFrame makes memory for runs of a plan; front is that of the segment before it, or nil.
func (p *Program) newFrame(pl *plan, front *frame) *frame {
	f := &frame{plan: pl, steps: make([]step, len(pl.steps)), cpu: p.cpu}
	if front != nil {
		f.tensors = front.tensors
	} else {
		f.tensors = make([][]float32, len(p.g.Inputs))
	}
	// Go aligns large allocations to pages, so offsets keep their alignment.
	memories := words[byte](slab.Make[uint64]((max(pl.arena, 1<<16) + overRead) / 8))
	for _, v := range pl.values {
		m := v.memory
		switch {
		case v.block != nil:
			at := v.block.Offset
			m = memories[at : at+v.Shape.Numel()*v.DType.Size()]
		case v.before > 0:
			m = front.values[v.before-1][:v.Shape.Numel()*v.DType.Size()]
		}
		f.values = append(f.values, m)
	}
	scratch := make([][]uint64, p.Threads())
	for i := range scratch {
		scratch[i] = slab.Make[uint64](pl.work)
	}
	for i, s := range pl.steps {
		if c, ok := s.fixed.(fixedImage); ok {
			f.steps[i] = c.bindTensor(&f.tensors[s.in[0]], f.values[s.out[0]], scratch)
			continue
		}
		f.steps[i] = s.bind(f.memories(s.in), f.memories(s.out), scratch)
	}
	return f
}

func (f *frame) memories(values []int) []memory {
	m := make([]memory, len(values))
	for i, v := range values {
		m[i] = f.values[v]
	}
	return m
}

// tensor returns a copy of a value as a row-major tensor.
func (f *frame) tensor(v int) *tensor.Tensor {
	p := &f.plan.values[v]
	if p.known != nil {
		return p.known.Clone()
	}
	out := newTensor(p.Type)
	m := newMover(p.Shape, p.order, nil, p.DType.Size(), f.cpu)
	m.all(&f.move, elementsOf(out), f.values[v])
	flip(elementsOf(out), p.DType)
	return out
}

// view returns a value as a row-major tensor, in its own memory or in memory for one
// value that is viewed.
func (f *frame) view(v int) *tensor.Tensor {
	p := &f.plan.values[v]
	if p.known != nil || p.DType != tensor.QUInt8 && p.DType != tensor.Float32 {
		return f.tensor(v)
	}
	m := f.values[v]
	if !sameMemory(p.Shape, p.order, nil) {
		if len(f.viewed) < len(m) {
			f.viewed = words[byte](slab.Make[uint64]((len(m) + 7) / 8))
		}
		to := newMover(p.Shape, p.order, nil, p.DType.Size(), f.cpu)
		m = f.viewed[:len(m)]
		to.all(&f.move, m, f.values[v])
	}
	if p.DType == tensor.QUInt8 {
		return tensor.OfQuantized(m.codes(), p.Q, p.Shape...)
	}
	return tensor.Of(m.reals(), p.Shape...)
}

// usual returns a value in its usual order of axes, see the function usual: its own
// memory, or a copy.
func (f *frame) usual(v int) memory {
	p := &f.plan.values[v]
	m, own := f.values[v], p.order
	if p.known != nil {
		m, own = elementsOf(p.known), nil
	}
	if sameMemory(p.Shape, own, usual(p.Shape)) {
		return m
	}
	c := make(memory, len(m))
	to := newMover(p.Shape, own, usual(p.Shape), p.DType.Size(), f.cpu)
	to.all(&f.move, c, m)
	return c
}

// frames keeps memory between runs.
type frames struct {
	mu    sync.Mutex
	idle  []*frame
	limit int
}

func (l *frames) get() *frame {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.idle) == 0 {
		return nil
	}
	f := l.idle[len(l.idle)-1]
	l.idle = l.idle[:len(l.idle)-1]
	return f
}

func (l *frames) put(f *frame) {
	clear(f.tensors) // they are the caller's
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.idle) < l.limit {
		l.idle = append(l.idle, f)
	}
}
