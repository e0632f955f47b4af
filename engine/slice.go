package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
)

// slice copies a part of each line of memory.
type slice struct {
	sameOrder
	op.Slice
}

func lowerSlice(n *graph.Node, s op.Slice) (operation, string) {
	if _, reason := uniform(n); reason != "" {
		return nil, reason
	}
	return slice{Slice: s}, ""
}

func (slice) kernel() (string, string) { return "copy", "go" }

func (o slice) fix(in, outs []desc, threads int) (fixed, error) {
	out := outs[0]
	d := in[0]
	at := d.order.place(axisOf(o.Axis, len(d.Shape)))
	stored := d.order.of(d.Shape)
	inner := stored[at+1:].Numel() * out.DType.Size()
	f := fixedSlice{line: stored[at] * inner, start: o.Start * inner, part: (o.End - o.Start) * inner}
	f.runs = splitRuns(stored[:at].Numel(), divUp(shortest, max(1, f.part)), threads)
	return f, nil
}

type fixedSlice struct {
	runs                  // of lines
	line, start, part int // bytes of a line, before the part and of it
}

func (fixedSlice) macs() int64  { return 0 }
func (fixedSlice) scratch() int { return 0 }

func (f fixedSlice) bind(in, outs []memory, _ [][]uint64) step {
	out := outs[0]
	return pieces{f.count, &taskSlice{f, in[0], out}}
}

type taskSlice struct {
	fixedSlice
	in, out memory
}

func (t *taskSlice) Do(_, i int) {
	first, end := t.bounds(i)
	for l := first; l < end; l++ {
		copy(t.out[l*t.part:][:t.part], t.in[l*t.line+t.start:])
	}
}
