package onnx

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
)

// optimized are operators that ONNX Runtime's optimizer of transformers makes of several.
var optimized = map[string]importer{
	"FastGelu":               biasedGelu(op.GELU{Tanh: true}),
	"BiasGelu":               biasedGelu(op.GELU{}),
	"SkipLayerNormalization": readSkipLayerNorm,
}

// biasedGelu reads GELU of x and, where it is there, a bias.
func biasedGelu(gelu op.GELU) importer {
	return func(n *node) ([]*graph.Value, error) {
		f := n.formula(1)
		x := n.in[0]
		if n.has(1) {
			x = f.Do(op.Add{}, x, n.in[1])
		}
		return f.Result(gelu, x)
	}
}

// readSkipLayerNorm normalises x + skip, and a bias where it is there. The sum is its fourth
// result.
func readSkipLayerNorm(n *node) ([]*graph.Value, error) {
	f := n.formula(3)
	sum := f.Do(op.Add{}, n.in[0], n.in[1])
	if n.has(4) {
		sum = f.Do(op.Add{}, sum, n.in[4])
	}
	for _, i := range []int{1, 2} {
		if names := n.proto.GetOutput(); i < len(names) && names[i] != "" {
			f.Refuse("its result %d (%s) is of training, and not computed here", i, names[i])
		}
	}
	in := []*graph.Value{sum, n.in[2]}
	if n.has(3) {
		in = append(in, n.in[3])
	}
	y, err := f.Result(op.LayerNorm{Axis: -1, Eps: float64(f.real("epsilon", 1e-12))}, in...)
	if err != nil {
		return nil, err
	}
	return []*graph.Value{y[0], nil, nil, sum}, nil
}
