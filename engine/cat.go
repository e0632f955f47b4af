package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/elementwise8"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// cat joins its operands. Codes pass through a table each, which is nil where
// the parameters are the result's.
type cat struct {
	sameOrder
	axis   int
	k      *elementwise8.Kernel
	dtype  tensor.DType
	tables []*elementwise8.Unary
}

func lowerCat(n *graph.Node, c op.Cat, t target) (operation, string) {
	d, reason := uniform(n)
	if reason != "" {
		return nil, reason
	}
	o := cat{axis: c.Axis, dtype: d, k: elementwise8.Select(elementwise8.Table, elementwise8.Map, t.cpu)}
	for _, v := range n.Inputs {
		var table *elementwise8.Unary
		if d.IsQuantized() && !v.Type.Q.Equal(n.Output().Type.Q) {
			table = elementwise8.NewUnary(d == tensor.QInt8, c.Rescale(t.numerics, v.Type.Q, n.Output().Type.Q, d).Code)
		}
		o.tables = append(o.tables, table)
	}
	return o, ""
}

func (o cat) kernel() (string, string) {
	if !o.dtype.IsQuantized() {
		return "copy", "go"
	}
	return o.k.Name, o.k.ISA
}

func (o cat) fix(in, outs []desc, threads int) (fixed, error) {
	out := outs[0]
	axis := out.order.place(axisOf(o.axis, len(out.Shape)))
	f := fixedCat{cat: o, outer: out.order.of(out.Shape)[:axis].Numel(), line: out.order.of(out.Shape)[axis:].Numel()}
	for _, d := range in {
		f.parts = append(f.parts, d.order.of(d.Shape)[axis:].Numel())
	}
	f.runs = splitRuns(f.outer, divUp(shortest, max(1, f.line)), threads)
	return f, nil
}

// axisOf is an axis that counts from the end when negative.
func axisOf(axis, rank int) int {
	if axis < 0 {
		return axis + rank
	}
	return axis
}

type fixedCat struct {
	cat
	runs              // of lines
	outer, line int   // lines of the result and their length
	parts       []int // of a line, by operand
}

func (fixedCat) macs() int64  { return 0 }
func (fixedCat) scratch() int { return 0 }

func (f fixedCat) bind(in, outs []memory, scratch [][]uint64) step {
	out := outs[0]
	return pieces{f.runs.count, &taskCat{f, in, out, make([]elementwise8.Call, len(scratch))}}
}

type taskCat struct {
	fixedCat
	in    []memory
	out   memory
	calls []elementwise8.Call
}

func (t *taskCat) Do(worker, piece int) {
	c := &t.calls[worker]
	size := t.dtype.Size()
	from, to := t.bounds(piece)
	for o := from; o < to; o++ {
		line := t.out[o*t.line*size:][:t.line*size]
		for i, part := range t.parts {
			n := part * size
			t.part(c, i, line[:n], t.in[i][o*n:][:n])
			line = line[n:]
		}
	}
}

// part brings elements of operand i to the result.
func (o *cat) part(c *elementwise8.Call, i int, dst, src []byte) {
	if o.tables[i] == nil {
		copy(dst, src)
		return
	}
	c.A, c.Out, c.Unary = src, dst, o.tables[i]
	o.k.Run(c)
}
