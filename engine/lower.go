package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel/elementwise32"
	"github.com/octet-ml/octet/internal/slab"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// target is what lowering depends on besides the node.
type target struct {
	cpu      cpu.Features
	numerics quant.Numerics
	memory   *slab.Slab // of packed weights
	weights  *weightBuffers
	packed   packedLayers // by another program
	wide     bool         // see wideCodes
}

// wideCodes is t for a layer whose codes take all of 0..255 in every run: one on dynamic codes.
func (t target) wideCodes() target {
	t.wide = true
	return t
}

// weightBuffers take the weights of one node after the other while they are packed,
// so that no second copy of them is kept.
type weightBuffers struct {
	codes    []int8
	unsigned []uint8
	reals    []float32
}

// codes are the elements of w, [O][tap][channel] where it is a filter, as signed codes:
// those of quint8 are 128 lower, as zeroPoints are.
func (t target) codes(w *tensor.Tensor) ([]int8, error) {
	if w.DType() == tensor.QInt8 {
		return tensor.Elements(w, true, &t.weights.codes)
	}
	unsigned, err := tensor.Elements(w, true, &t.weights.unsigned)
	if err != nil {
		return nil, err
	}
	signed := make([]int8, len(unsigned))
	for i, c := range unsigned {
		signed[i] = int8(c ^ 0x80)
	}
	return signed, nil
}

// reals are the elements of w, [O][tap][channel] where it is a filter.
func (t target) reals(w *tensor.Tensor) ([]float32, error) {
	return tensor.Elements(w, true, &t.weights.reals)
}

// lower chooses how n is computed. A node that a lowering function refuses, with a
// reason, is evaluated by its operator.
func lower(n *graph.Node, t target) (lowered, error) {
	var o operation
	var reason string
	var err error
	switch attrs := n.Op.(type) {
	case op.Conv2D:
		o, reason, err = lowerConv(n, attrs, t)
	case op.ConvTranspose2D:
		o, reason, err = lowerConvTranspose(n, attrs, t)
	case op.Linear:
		o, reason, err = lowerLinear(n, attrs, t)
	case op.WeightOnlyLinear:
		o, reason, err = lowerWeightOnly(n, attrs, t)
	case op.WeightOnlyEmbedding:
		o, reason, err = lowerEmbedding(n, t)
	case op.MaxPool2D:
		o, reason = lowerMaxPool(n, attrs, t)
	case op.AvgPool2D:
		o, reason = lowerAvgPool(n, attrs, t)
	case op.AdaptiveAvgPool2D:
		o, reason = lowerAdaptive(n, attrs, t)
	case op.Mean:
		o, reason = lowerMean(n, attrs, t)
	case op.Reduce:
		o, reason = lowerReduce(n, attrs)
	case op.Expand, op.Tile:
		o = repeat{op: attrs}
	case op.Paired:
		o, reason = lowerPaired(n, attrs)
	case op.Where:
		o, reason = lowerWhere(n)
	case op.Cast:
		o = lowerCast(n, attrs, t)
	case op.Not:
		o = lowerNot(n)
	case op.IsNaN:
		o = mapped[float32, uint8]{f: func(x float32) uint8 { return truth(x != x) }}
	case op.IsInf:
		o = mapped[float32, uint8]{f: func(x float32) uint8 { return truth(attrs.Test(x)) }}
	case op.Add:
		o, reason = lowerAdd(n, attrs, t)
	case op.Mul:
		o, reason = lowerMul(n, attrs, t)
	case op.BatchNorm:
		o, reason = lowerBatchNorm(n, attrs, t)
	case op.Cat:
		o, reason = lowerCat(n, attrs, t)
	case op.Slice:
		o, reason = lowerSlice(n, attrs)
	case op.LSTM:
		o, reason, err = lowerRecurrence(n, attrs.Recurrence, 4, lstmCell, t)
	case op.GRU:
		cell := gruCellFirst
		if attrs.LinearBeforeReset {
			cell = gruCell
		}
		o, reason, err = lowerRecurrence(n, attrs.Recurrence, 3, cell, t)
	case op.RNN:
		o, reason, err = lowerRecurrence(n, attrs.Recurrence, 1, rnnCell, t)
	case op.StridedSlice:
		o, reason = lowerPlaced(n, attrs)
	case op.CenterCropPad:
		o, reason = lowerPlaced(n, attrs)
	case op.Interpolate:
		o, reason = lowerInterpolate(n, attrs, t)
	case op.DepthToSpace:
		o = blocks{attrs, t.cpu}
	case op.SpaceToDepth:
		o = blocks{attrs, t.cpu}
	case op.ChannelShuffle:
		o, reason = lowerShuffle(n, attrs, t)
	case op.Affine:
		o, reason = lowerAffine(n, attrs, t)
	case op.Quantize:
		o, reason = lowerQuantize(n, t)
	case op.Dequantize:
		o, reason = lowerDequantize(n, t)
	case op.QuantizeWhole:
		o = lowerQuantizeWhole(attrs)
	case op.DequantizeWhole:
		o = lowerDequantizeWhole(attrs)
	case op.IntRepr, op.FromIntRepr:
		o = lowerIntRepr(n)
	case op.DynamicQuantize:
		if o = newDynamicQuantize(t); attrs.ByRow {
			o = newDynamicRows(t)
		}
	case op.DynamicConv2D:
		o, reason, err = lowerDynamicConv(n, attrs, t.wideCodes())
	case op.DynamicLinear:
		o, reason, err = lowerDynamicLinear(n, attrs, t.wideCodes())
	case op.DynamicLSTM:
		o, reason, err = lowerDynamicLSTM(n, attrs, t)
	case op.DynamicGRU:
		o, reason, err = lowerDynamicGRU(n, attrs, t)
	case op.DynamicMatMul:
		o = newDynamicMatMul(t)
	case op.Sub:
		o, reason = lowerReal(n, elementwise32.Sub, attrs, t)
	case op.Div:
		o, reason = lowerReal(n, elementwise32.Div, attrs, t)
	case op.MatMul:
		o, reason, err = lowerMatMul(n, t)
	case op.Softmax:
		o, reason = lowerSoftmax(n, attrs, t)
	case op.LayerNorm:
		o, reason = lowerLayerNorm(n, attrs, t)
	case op.Flatten, op.Reshape, op.Squeeze, op.Unsqueeze:
		o = reshape{}
	case op.Transpose:
		o = transpose{perm: attrs.Axes()}
	case op.Split:
		o = split{Split: attrs}
	case op.Pad:
		o, reason = lowerPad(n, attrs)
	case op.Resize:
		o, reason = lowerResize(n, attrs, t)
	case op.NonZero:
		o = newNonZero(n)
	case op.NonMaxSuppression:
		o = suppression{NonMaxSuppression: attrs}
	case op.TopK:
		o, reason = lowerTopK(n, attrs)
	case op.Gather:
		o = gather{n, attrs.Axis}
	case op.Unary:
		o, reason = lowerUnary(n, attrs, t)
	default:
		reason = "no kernel for " + n.Op.Kind()
	}
	if err != nil {
		return lowered{}, err
	}
	if o == nil {
		o = evaluation{n, graph.Context{Numerics: t.numerics}}
		for _, v := range n.Inputs {
			if v.Role == graph.Parameter {
				if err := v.Data.Load(); err != nil {
					return lowered{}, err
				}
			}
		}
	}
	return lowered{node: n, op: o, reason: reason}, nil
}

// uniform returns the element type that the result and all operands of n have,
// or the reason why no kernel covers them.
func uniform(n *graph.Node) (tensor.DType, string) {
	d := n.Output().Type.DType
	for _, v := range n.Inputs {
		if v.Type.DType != d || !perTensor(v.Type) {
			return d, "operands of mixed types"
		}
	}
	if !perTensor(n.Output().Type) {
		return d, "quantized per channel"
	}
	return d, ""
}

// arithmetic is uniform for types that kernels compute with.
func arithmetic(n *graph.Node) (tensor.DType, string) {
	d, reason := uniform(n)
	if reason == "" && d != tensor.Float32 && !d.IsQuantized() {
		reason = "values of type " + d.String()
	}
	return d, reason
}

func perTensor(t graph.Type) bool { return t.Q == nil || t.Q.IsPerTensor() }

// clampOf returns the bounds of act for float kernels.
func clampOf(act quant.Activation) (lo, hi float32) {
	lo, hi = -inf, inf
	if act != quant.NoActivation {
		lo = 0
	}
	if act == quant.ReLU6 {
		hi = 6
	}
	return lo, hi
}
