package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// weightsReason says why no kernel covers the operands of a convolution or a
// linear layer, or "".
func weightsReason(n *graph.Node) string {
	x, w, out := n.Inputs[0], n.Inputs[1], n.Output.Type
	switch {
	case x.Role == graph.Parameter:
		return "its operand is a parameter"
	case w.Role != graph.Parameter || len(n.Inputs) > 2 && n.Inputs[2].Role != graph.Parameter:
		return "its weights are computed"
	case w.Type.DType == tensor.Float32:
		return ""
	case out.DType != tensor.QUInt8:
		return "no kernel from codes to " + out.DType.String()
	case !perTensor(x.Type) || !perTensor(out):
		return "activations are quantized per channel"
	case !perTensor(w.Type) && w.Type.Q.Axis != 0:
		return "weights are quantized along another axis than 0"
	}
	for _, z := range w.Type.Q.ZeroPoints {
		if z != 0 {
			return "weights have zero points"
		}
	}
	return ""
}

func biasOf(n *graph.Node) []float32 {
	if len(n.Inputs) < 3 {
		return nil
	}
	return n.Inputs[2].Data.Float32s()
}

// requantOf prepares the rule by which the sums of n become codes.
func requantOf(n *graph.Node, t target, act quant.Activation, linear bool) (*quant.Requant, error) {
	x, w, out := n.Inputs[0].Type, n.Inputs[1], n.Output.Type
	rule := quant.NewRequant
	if linear {
		rule = quant.NewLinearRequant
	}
	return rule(t.numerics, x.Q, w.Type.Q, out.Q, out.DType, biasOf(n), act, w.Type.Shape[0])
}

func zeroOf(n *graph.Node) uint8 { return uint8(n.Inputs[0].Type.Q.ZeroPoint()) }
