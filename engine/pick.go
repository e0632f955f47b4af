package engine

import (
	"bytes"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
)

// pick copies elements whose source indices are computed axis by axis: padding, and
// nearest-neighbour resizing.
type pick struct {
	sameOrder
	// place returns the index in the operand of index i of the result along an axis, which
	// has from elements in the operand and to in the result; -1 stands for value.
	place func(axis, i, from, to int) int
	value []byte // the bytes of one element
}

// padding is a pick whose places and value may depend on the data of further operands.
type padding struct {
	withLists
	op.Pad
}

func lowerPad(n *graph.Node, p op.Pad) (operation, string) {
	if t := n.Output().Type; !perTensor(t) || !perTensor(n.Inputs[0].Type) {
		return nil, "quantized per channel"
	}
	return padding{Pad: p}, ""
}

func (padding) kernel() (string, string) { return "copy", "go" }

func (o padding) fix(in, outs []desc, threads int) (fixed, error) {
	facts := factsOf(in)
	p, err := o.Resolve(facts)
	if err != nil {
		return nil, err
	}
	value, err := o.Filling(facts)
	if err != nil {
		return nil, err
	}
	value = slices.Clone(value)
	flip(value, in[0].DType)
	place := func(axis, i, from, _ int) int { return p.Place(axis, i, from) }
	return pick{value: value, place: place}.fix(in[:1], outs, threads)
}

func lowerResize(n *graph.Node, r op.Resize, t target) (operation, string) {
	d, reason := uniform(n)
	switch {
	case reason != "":
		return nil, reason
	case r.Mode != "nearest":
		return newInterpolation(r, t), ""
	}
	return pick{value: make([]byte, d.Size()), place: func(axis, i, from, to int) int {
		if axis < 2 {
			return i
		}
		return r.Taps(axis-2, i, from, to)[0].At
	}}, ""
}

func (pick) kernel() (string, string) { return "copy", "go" }

func (o pick) fix(in, outs []desc, threads int) (fixed, error) {
	x, y, size := in[0], outs[0], outs[0].DType.Size()
	f := fixedPick{pick: o, unit: size}
	strides := x.order.strides(x.Shape)
	axes := y.order.axes(len(y.Shape))
	for len(axes) > 0 {
		a := axes[len(axes)-1]
		axes = axes[:len(axes)-1]
		sources := o.sources(a, x.Shape[a], y.Shape[a])
		if len(sources) == x.Shape[a] && slices.Equal(sources, span(0, len(sources))) {
			f.unit *= len(sources)
			continue
		}
		f.stretches = stretchesOf(sources)
		break
	}
	if f.stretches == nil {
		f.stretches = []stretch{{0, 1}}
	}
	for _, s := range f.stretches {
		f.line += s.n * f.unit
		f.blank = max(f.blank, s.n*f.unit)
	}
	lines := 1
	for _, a := range axes {
		f.outer = append(f.outer, outerAxis{o.sources(a, x.Shape[a], y.Shape[a]), strides[a] * size})
		lines *= y.Shape[a]
	}
	f.filling = bytes.Repeat(o.value, divUp(f.blank, size))
	f.runs = splitRuns(lines, divUp(shortest, max(1, f.line)), threads)
	return f, nil
}

// sources lists place for all indices of the result along an axis.
func (o pick) sources(axis, from, to int) order {
	sources := make(order, to)
	for i := range sources {
		sources[i] = o.place(axis, i, from, to)
	}
	return sources
}

// stretch is n units that are contiguous in the operand, from unit from on; where from is
// -1, they are the value.
type stretch struct{ from, n int }

func stretchesOf(sources []int) []stretch {
	list := []stretch{}
	for _, p := range sources {
		if last := len(list) - 1; last >= 0 {
			if s := &list[last]; p < 0 && s.from < 0 || s.from >= 0 && p == s.from+s.n {
				s.n++
				continue
			}
		}
		list = append(list, stretch{p, 1})
	}
	return list
}

// outerAxis is an axis outside the lines.
type outerAxis struct {
	sources []int
	stride  int // bytes
}

type fixedPick struct {
	pick
	runs                  // of lines of the result
	unit, line, blank int // bytes: of what moves as one, of a line, of the longest stretch
	stretches         []stretch
	outer             []outerAxis // the outermost first
	filling           []byte      // a stretch of the value
}

func (fixedPick) macs() int64  { return 0 }
func (fixedPick) scratch() int { return 0 }

func (f fixedPick) bind(in, outs []memory, _ [][]uint64) step {
	return pieces{f.count, &taskPick{f, in[0], outs[0]}}
}

type taskPick struct {
	fixedPick
	in, out memory
}

func (t *taskPick) Do(_, i int) {
	for l, end := t.bounds(i); l < end; l++ {
		out, at := t.out[l*t.line:][:t.line], t.source(l)
		for _, s := range t.stretches {
			n := s.n * t.unit
			switch {
			case at < 0 || s.from < 0:
				copy(out[:n], t.filling)
			case n == 4: // too short for a call
				*(*[4]byte)(out) = [4]byte(t.in[at+s.from*t.unit:])
			default:
				copy(out[:n], t.in[at+s.from*t.unit:])
			}
			out = out[n:]
		}
	}
}

// source is the offset in the operand, in bytes, of line l of the result; -1 stands for value.
func (t *taskPick) source(l int) int {
	at := 0
	for _, a := range slices.Backward(t.outer) {
		place := a.sources[l%len(a.sources)]
		if place < 0 {
			return -1
		}
		at += place * a.stride
		l /= len(a.sources)
	}
	return at
}
