package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// lowerLinear makes a product over plain rows.
func lowerLinear(n *graph.Node, l op.Linear, t target) (operation, string, error) {
	if reason := weightsReason(n); reason != "" {
		return nil, reason, nil
	}
	w := n.Inputs[1].Data
	g := geometry{groups: 1, in: w.Dim(1), out: w.Dim(0), taps: 1}
	other := evaluation{n, graph.Context{Numerics: t.numerics}}
	if w.DType() == tensor.Float32 {
		reals, err := t.reals(w)
		if err != nil {
			return nil, "", err
		}
		return linear{newProduct32(n, g, reals, l.Act, t), other}, "", nil
	}
	f, err := newFinish(n, t, l.Act, true)
	if err != nil {
		return nil, "", err
	}
	codes, err := t.codes(w)
	if err != nil {
		return nil, "", err
	}
	return linear{newProduct8(n, g, codes, f, t), other}, "", nil
}

// linear is a product of rows where features lie next to each other, and is
// left to the operator elsewhere: on images, whose channels come last.
type linear struct {
	operation
	other evaluation
}

func (l linear) fix(in []graph.Type, out graph.Type, threads int) (fixed, error) {
	if !rowMajor(in[0].Shape) || !rowMajor(out.Shape) {
		return l.other.fix(in, out, threads)
	}
	return l.operation.fix(in, out, threads)
}
