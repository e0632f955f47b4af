package engine

import (
	"cmp"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/parallel"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// topK finds the largest elements of lines, which are shared among threads.
type topK struct {
	lastInnermost
	op.TopK
	dtype tensor.DType
}

func lowerTopK(n *graph.Node, o op.TopK) (operation, string) {
	if !perTensor(n.Output().Type) {
		return nil, "quantized per channel"
	}
	return topK{TopK: o, dtype: n.Output().Type.DType}, ""
}

func (topK) kernel() (string, string) { return "topk", "go" }

func (o topK) fix(in, outs []desc, threads int) (fixed, error) {
	s := in[0].Shape
	axis := axisOf(o.Axis, len(s))
	f := fixedTopK{topK: o, shape: s, axis: axis, n: s[axis], inner: s[axis+1:].Numel(), most: outs[0].Shape[axis]}
	const slow = 16 // times as slow, per element, as an element-wise kernel
	f.split = splitRuns(s[:axis].Numel()*f.inner, divUp(shortest/slow, max(1, f.n)), threads)
	return f, nil
}

type fixedTopK struct {
	topK
	split    runs // of lines
	shape    tensor.Shape
	axis     int
	n, inner int // elements of a line, and how far they are apart
	most     int // the largest k
}

func (fixedTopK) macs() int64    { return 0 }
func (f fixedTopK) scratch() int { return divUp(f.most, 2) }

func (f fixedTopK) bind(in, outs []memory, scratch [][]uint64) step {
	t := &taskTopK{fixedTopK: f, in: in, values: outs[0], places: view[int64](outs[1]), scratch: scratch}
	return &topKStep{t, []tensor.Shape{f.shape.Clone(), f.shape.Clone()}}
}

type topKStep struct {
	task *taskTopK
	size []tensor.Shape
}

func (s *topKStep) shapes() []tensor.Shape { return s.size }

func (s *topKStep) exec(p *parallel.Pool) error {
	t := s.task
	var err error
	if t.k, err = t.Count(view[int64](t.in[1])[0], t.n); err != nil {
		return err
	}
	s.size[0][t.axis], s.size[1][t.axis] = t.k, t.k
	if t.k > 0 {
		p.Run(t.split.count, t)
	}
	return nil
}

type taskTopK struct {
	fixedTopK
	in      []memory
	values  memory
	places  []int64
	scratch [][]uint64
	k       int
}

func (t *taskTopK) Do(worker, i int) {
	from, to := t.split.bounds(i)
	switch t.dtype {
	case tensor.Float32:
		topLines(t, t.values.reals(), t.in[0].reals(), worker, from, to)
	case tensor.Int64:
		topLines(t, view[int64](t.values), view[int64](t.in[0]), worker, from, to)
	default: // codes
		topLines(t, t.values.codes(), t.in[0].codes(), worker, from, to)
	}
}

// topLines computes the results of some lines.
func topLines[T cmp.Ordered](t *taskTopK, values, x []T, worker, from, to int) {
	heap := words[int32](t.scratch[worker])[:t.k]
	for l := from; l < to; l++ {
		line := x[l/t.inner*t.n*t.inner+l%t.inner:]
		// before reports whether element a comes in front of element b.
		before := func(a, b int32) int {
			c := cmp.Compare(line[int(b)*t.inner], line[int(a)*t.inner])
			if t.Smallest {
				c = -c
			}
			if c != 0 {
				return c
			}
			return cmp.Compare(a, b)
		}
		for i := range heap {
			heap[i] = int32(i)
		}
		for i := t.k/2 - 1; i >= 0; i-- {
			sink(heap, i, before)
		}
		for i := int32(t.k); int(i) < t.n; i++ {
			if before(i, heap[0]) < 0 {
				heap[0] = i
				sink(heap, 0, before)
			}
		}
		slices.SortFunc(heap, before)
		for i, place := range heap {
			at := l/t.inner*t.k*t.inner + i*t.inner + l%t.inner
			values[at], t.places[at] = line[int(place)*t.inner], int64(place)
		}
	}
}

// sink restores the heap below element i (sift-down); the root is what comes last.
func sink(heap []int32, i int, before func(a, b int32) int) {
	for {
		child := 2*i + 1
		if child >= len(heap) {
			return
		}
		if child+1 < len(heap) && before(heap[child], heap[child+1]) < 0 {
			child++
		}
		if before(heap[child], heap[i]) < 0 {
			return
		}
		heap[i], heap[child] = heap[child], heap[i]
		i = child
	}
}
