package onnx

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
)

var pointwise = map[string]importer{
	"Relu":      simple(op.Clamp{Act: quant.ReLU}, 1),
	"Sigmoid":   simple(op.Sigmoid{}, 1),
	"Tanh":      simple(op.Tanh{}, 1),
	"HardSwish": simple(op.Hardswish{}, 1),
	"Add":       simple(op.Add{}, 2),
	"Sub":       simple(op.Sub{}, 2),
	"Mul":       simple(op.Mul{}, 2),
	"Div":       simple(op.Div{}, 2),
	"Sum":       readSum,
	"LeakyRelu": readLeakyRelu,
	"Elu":       readElu,
	"Gelu":      readGelu,

	"HardSigmoid": readHardSigmoid,
	"Clip":        readClip,
}

func readSum(n *node) ([]*graph.Value, error) {
	if err := n.need(max(1, len(n.in))); err != nil {
		return nil, err
	}
	sum := n.in[0]
	for i, v := range n.in[1:] {
		if i == len(n.in)-2 {
			return n.result(op.Add{}, sum, v)
		}
		var err error
		if sum, err = n.step(op.Add{}, sum, v); err != nil {
			return nil, err
		}
	}
	return []*graph.Value{sum}, nil
}

func readLeakyRelu(n *node) ([]*graph.Value, error) {
	slope, err := n.real("alpha", 0.01)
	if err != nil {
		return nil, err
	}
	return simple(op.LeakyReLU{Slope: slope}, 1)(n)
}

func readElu(n *node) ([]*graph.Value, error) {
	alpha, err := n.real("alpha", 1)
	if err != nil {
		return nil, err
	}
	return simple(op.ELU{Alpha: alpha}, 1)(n)
}

func readGelu(n *node) ([]*graph.Value, error) {
	form, err := n.text("approximate", "none")
	if err != nil {
		return nil, err
	}
	if form != "none" && form != "tanh" {
		return nil, fmt.Errorf("approximate is %q; none and tanh are read", form)
	}
	return simple(op.GELU{Tanh: form == "tanh"}, 1)(n)
}

// readHardSigmoid reads PyTorch's, whose slope is 1/6.
func readHardSigmoid(n *node) ([]*graph.Value, error) {
	alpha, err := n.real("alpha", 0.2)
	if err != nil {
		return nil, err
	}
	beta, err := n.real("beta", 0.5)
	if err != nil {
		return nil, err
	}
	if math.Abs(float64(alpha)-1.0/6) > 1e-6 || beta != 0.5 {
		return nil, fmt.Errorf("alpha %v and beta %v; 1/6 and 0.5 are read", alpha, beta)
	}
	return simple(op.Hardsigmoid{}, 1)(n)
}

// readClip reads the bounds that are attributes before operator set 11. Those of ReLU and
// ReLU6 become clamps, which fuse with what is in front of them.
func readClip(n *node) ([]*graph.Value, error) {
	if err := n.need(1); err != nil {
		return nil, err
	}
	lo, err := n.realOf(1, "min", float32(math.Inf(-1)))
	if err != nil {
		return nil, err
	}
	hi, err := n.realOf(2, "max", float32(math.Inf(1)))
	if err != nil {
		return nil, err
	}
	switch {
	case lo == 0 && hi == 6:
		return n.result(op.Clamp{Act: quant.ReLU6}, n.in[0])
	case lo == 0 && hi >= math.MaxFloat32:
		return n.result(op.Clamp{Act: quant.ReLU}, n.in[0])
	}
	return nil, fmt.Errorf("from %v to %v; those of relu and relu6 are read", lo, hi)
}
