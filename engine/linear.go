package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// lowerLinear makes a product over plain rows.
func lowerLinear(n *graph.Node, l op.Linear, t target) (operation, string, error) {
	if reason := weightsReason(n, t); reason != "" {
		return nil, reason, nil
	}
	w := n.Inputs[1].Data
	g := geometry{groups: 1, in: w.Dim(1), out: w.Dim(0), taps: 1}
	if w.DType() == tensor.Float32 {
		reals, err := t.reals(w)
		if err != nil {
			return nil, "", err
		}
		return linear32{newProduct32(n, g, reals, l.Act, t)}, "", nil
	}
	f, err := newFinish(n, t, l.Act, true)
	if err != nil {
		return nil, "", err
	}
	codes, err := t.codes(w)
	if err != nil {
		return nil, "", err
	}
	return linear8{newProduct8(n, g, codes, f, t)}, "", nil
}

// lastInnermost is for operations on the last axis, which has to be innermost in memory,
// and whose results are row-major.
type lastInnermost struct{}

func (lastInnermost) wishes(in, _ []desc) []order {
	wishes := make([]order, len(in))
	for i, d := range in {
		wishes[i] = order(nil).axes(len(d.Shape))
	}
	return wishes
}

func (lastInnermost) orders(in, out []desc) (need, give []order) {
	return make([]order, len(in)), make([]order, len(out))
}

// linear32 and linear8 are products over rows.
type (
	linear32 struct{ product32 }
	linear8  struct{ product8 }
)

func (linear32) wishes(in, out []desc) []order              { return lastInnermost{}.wishes(in, out) }
func (linear32) orders(in, out []desc) (need, give []order) { return lastInnermost{}.orders(in, out) }
func (linear8) wishes(in, out []desc) []order               { return lastInnermost{}.wishes(in, out) }
func (linear8) orders(in, out []desc) (need, give []order)  { return lastInnermost{}.orders(in, out) }

// with keeps the order of a linear layer where an addition follows.
func (o linear32) with(a adding) operation { return linear32{o.product32.with(a).(product32)} }
func (o linear8) with(a adding) operation  { return linear8{o.product8.with(a).(product8)} }
