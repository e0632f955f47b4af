package engine

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/parallel"
	"github.com/octet-ml/octet/op"
)

// split copies the parts of its operand along an axis.
type split struct {
	withLists
	op.Split
}

func (split) kernel() (string, string) { return "copy", "go" }

func (o split) fix(in, outs []desc, threads int) (fixed, error) {
	s, err := o.Resolve(factsOf(in))
	if err != nil {
		return nil, err
	}
	f := fixedSplit{}
	for i := range outs {
		part, err := slice{Slice: s.Part(i)}.fix(in, outs[i:i+1], threads)
		if err != nil {
			return nil, err
		}
		f.parts = append(f.parts, part)
	}
	return f, nil
}

type fixedSplit struct{ parts []fixed }

func (fixedSplit) macs() int64  { return 0 }
func (fixedSplit) scratch() int { return 0 }

func (f fixedSplit) bind(in, outs []memory, scratch [][]uint64) step {
	var s several
	for i, p := range f.parts {
		s = append(s, p.bind(in, outs[i:i+1], scratch))
	}
	return s
}

// several are steps one after the other.
type several []step

func (s several) exec(p *parallel.Pool) error {
	for _, each := range s {
		if err := each.exec(p); err != nil {
			return err
		}
	}
	return nil
}

// gather copies the slices of its first operand that its second one names.
type gather struct {
	node *graph.Node
	axis int
}

func (gather) kernel() (string, string) { return "copy", "go" }

func (gather) wishes(in, _ []desc) []order { return make([]order, len(in)) }

// orders has everything row-major: axes of the result come from both operands.
func (gather) orders(in, out []desc) (need, give []order) {
	return make([]order, len(in)), make([]order, len(out))
}

func (o gather) fix(in, outs []desc, threads int) (fixed, error) {
	x := in[0].Shape
	axis := axisOf(o.axis, len(x))
	f := fixedGather{gather: o, rows: x[axis], line: x[axis+1:].Numel() * in[0].DType.Size(), indices: in[1].Shape.Numel()}
	f.runs = splitRuns(x[:axis].Numel()*f.indices, divUp(shortest, max(1, f.line)), threads)
	return f, nil
}

type fixedGather struct {
	gather
	runs          // of lines of the result
	rows, indices int
	line          int // bytes
}

func (fixedGather) macs() int64  { return 0 }
func (fixedGather) scratch() int { return 0 }

func (f fixedGather) bind(in, outs []memory, _ [][]uint64) step {
	return &gatherStep{taskGather{f, in[0], outs[0], view[int64](in[1])}}
}

type taskGather struct {
	fixedGather
	in, out memory
	index   []int64
}

// gatherStep checks the indices before anything is copied.
type gatherStep struct{ taskGather }

func (s *gatherStep) exec(p *parallel.Pool) error {
	for _, v := range s.index {
		if v < -int64(s.rows) || v >= int64(s.rows) {
			return fmt.Errorf("index %d is outside the %d elements along axis %d", v, s.rows, s.axis)
		}
	}
	p.Run(s.count, &s.taskGather)
	return nil
}

func (t *taskGather) Do(_, i int) {
	for l, end := t.bounds(i); l < end; l++ {
		outer, row := l/t.indices, int(t.index[l%t.indices])
		if row < 0 {
			row += t.rows
		}
		copy(t.out[l*t.line:][:t.line], t.in[(outer*t.rows+row)*t.line:])
	}
}
