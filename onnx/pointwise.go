package onnx

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
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
	"Sum":       folded(op.Add{}),
	"LeakyRelu": readLeakyRelu,
	"Elu":       readElu,
	"Gelu":      readGelu,

	"Celu":            shaped("celu", "alpha", 1, "", 0),
	"Selu":            shaped("selu", "alpha", 1.6732632423543772848170429916717, "gamma", 1.0507009873554804934193349852946),
	"Shrink":          shaped("shrink", "lambd", 0.5, "bias", 0),
	"Swish":           shaped("swish", "alpha", 1, "", 0),
	"ThresholdedRelu": shaped("threshold", "alpha", 1, "", 0),
	"PRelu":           simple(op.Pairwise{Name: "prelu"}, 2),

	"HardSigmoid": readHardSigmoid,
	"Clip":        readClip,
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

// readHardSigmoid makes PyTorch's operator where the slope is its 1/6, otherwise the
// general one.
func readHardSigmoid(n *node) ([]*graph.Value, error) {
	if err := n.need(1); err != nil {
		return nil, err
	}
	alpha, err := n.real("alpha", 0.2)
	if err != nil {
		return nil, err
	}
	beta, err := n.real("beta", 0.5)
	if err != nil {
		return nil, err
	}
	if math.Abs(float64(alpha)-1.0/6) < 1e-6 && beta == 0.5 {
		return n.result(op.Hardsigmoid{}, n.in[0])
	}
	return n.result(op.Shaped{Name: "hard_sigmoid", A: alpha, B: beta}, n.in[0])
}

// readClip reads bounds that are attributes before operator set 11. Those of ReLU and ReLU6
// become clamps, which fuse with what is in front of them.
func readClip(n *node) ([]*graph.Value, error) {
	if err := n.need(1); err != nil {
		return nil, err
	}
	bounds, err := n.clipBounds()
	if err != nil {
		return nil, err
	}
	if act, ok := clampOf(bounds); ok && n.in[0].Type.DType == tensor.Float32 {
		return n.result(op.Clamp{Act: act}, n.in[0])
	}
	x := n.in[0]
	low, high := op.Pairwise{Name: "maximum"}, op.Pairwise{Name: "minimum"}
	switch {
	case bounds[0] == nil && bounds[1] == nil:
		return n.in[:1], nil
	case bounds[1] == nil:
		return n.result(low, x, bounds[0])
	case bounds[0] != nil:
		if x, err = n.step(low, x, bounds[0]); err != nil {
			return nil, err
		}
	}
	return n.result(high, x, bounds[1])
}

// clipBounds are the lower and the upper bound, nil where there is none.
func (n *node) clipBounds() (bounds [2]*graph.Value, err error) {
	for i, name := range []string{"min", "max"} {
		if n.opset >= 11 {
			if n.has(i + 1) {
				bounds[i] = n.in[i+1]
			}
			continue
		}
		if n.attrs[name] == nil {
			continue
		}
		v, err := n.real(name, 0)
		if err != nil {
			return bounds, err
		}
		bounds[i] = n.scalar(v)
	}
	return bounds, nil
}

// clampOf is the clamp with constant bounds from 0 to 6, or from 0 on.
func clampOf(bounds [2]*graph.Value) (quant.Activation, bool) {
	at := [2]float32{float32(math.Inf(-1)), float32(math.Inf(1))}
	for i, v := range bounds {
		if v == nil {
			continue
		}
		if v.Role != graph.Parameter || v.Type.DType != tensor.Float32 || v.Data.Numel() != 1 {
			return quant.NoActivation, false
		}
		at[i] = v.Data.Float32s()[0]
	}
	switch {
	case at[0] == 0 && at[1] == 6:
		return quant.ReLU6, true
	case at[0] == 0 && at[1] >= math.MaxFloat32:
		return quant.ReLU, true
	}
	return quant.NoActivation, false
}

// shaped reads a function with one or two attributes.
func shaped(name, a string, usualA float32, b string, usualB float32) importer {
	return func(n *node) ([]*graph.Value, error) {
		o := op.Shaped{Name: name}
		var err error
		if o.A, err = n.real(a, usualA); err != nil {
			return nil, err
		}
		if b != "" {
			if o.B, err = n.real(b, usualB); err != nil {
				return nil, err
			}
		}
		return simple(o, 1)(n)
	}
}
