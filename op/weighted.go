package op

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// epilogue turns the accumulators of an output channel of conv2d and linear into results.
type epilogue struct {
	act  quant.Activation
	bias []float32 // nil, or one per output channel

	// For integer accumulators: the rule to codes, or, for a float32 result, the scale of the
	// accumulators of each output channel.
	requant *quant.Requant
	scales  []float32
}

// requantizer is quant.NewRequant or quant.NewLinearRequant.
type requantizer func(n quant.Numerics, in, w, out *tensor.QParams, dtype tensor.DType, bias []float32, act quant.Activation, channels int) (*quant.Requant, error)

// newEpilogue checks the inputs x, w and optionally bias of an integer node with the given
// number of output channels.
func newEpilogue(ctx graph.Context, in []*tensor.Tensor, out graph.Type, act quant.Activation, requant requantizer, channels int) (epilogue, error) {
	e := epilogue{act: act, bias: biasOf(in)}
	x, w := in[0].QParams(), in[1].QParams()
	if err := needIntegerRules(ctx, graph.TypeOf(in[0]), out); err != nil {
		return e, err
	}
	if !w.IsPerTensor() && w.Axis != 0 {
		return e, fmt.Errorf("weight is quantized along axis %d; it must be per tensor or along axis 0", w.Axis)
	}
	if ctx.Numerics == quant.OneDNN {
		for c, z := range w.ZeroPoints {
			if z != 0 {
				return e, fmt.Errorf("weight has zero point %d in channel %d; onednn has no rule for weights with zero points", z, c)
			}
		}
	}
	if out.DType == f32 {
		e.scales = make([]float32, channels)
		for c := range e.scales {
			e.scales[c] = float32(x.Scale() * w.Scales[channelOf(w, c)])
		}
		return e, nil
	}
	var err error
	e.requant, err = requant(ctx.Numerics, x, w, out.Q, out.DType, e.bias, act, channels)
	return e, err
}

// real is the float32 result of an int32 accumulator of channel c:
//
//	act(f32(f32(sum) * f32(s_x*s_w[c])) + bias[c])
//
// It is the rule of PyTorch's dynamic linear layers under qnnpack, and holds
// here under every preset.
func (e epilogue) real(sum int32, c int) float32 {
	return e.finish(float32(float32(sum)*e.scales[c]), c)
}

// finish adds the bias of channel c, with a rounding of its own, and applies the activation.
func (e epilogue) finish(v float32, c int) float32 {
	if e.bias != nil {
		v += e.bias[c]
	}
	return e.act.Float(v)
}

// checkZeroPoints is checkProducts for a weight with reductions over k elements, needed only if
// its zero points are not in the middle of the range of codes: otherwise products are half as
// large.
func checkZeroPoints(w graph.Fact, k int) error {
	if w.Q == nil {
		return nil
	}
	lo, hi := w.DType.CodeRange()
	for _, z := range w.Q.ZeroPoints {
		if z != (lo+hi+1)/2 {
			return checkProducts(w.DType, k)
		}
	}
	return nil
}

// biasOf returns the optional third input.
func biasOf(in []*tensor.Tensor) []float32 {
	if len(in) < 3 {
		return nil
	}
	return in[2].Float32s()
}

// channelOf is the index of output channel c in the quantization parameters: 0 per tensor.
func channelOf(q *tensor.QParams, c int) int {
	if q.IsPerTensor() {
		return 0
	}
	return c
}

// centred returns codes minus zero point, for a per-channel weight that of each channel.
func centred(t *tensor.Tensor) []int32 {
	codes, q := codesOf(t), t.QParams()
	for i := range codes {
		channel := 0
		if !q.IsPerTensor() {
			channel = i / (len(codes) / t.Dim(0))
		}
		codes[i] -= int32(q.ZeroPoints[channel])
	}
	return codes
}

// SumsOfRows are the sums of the codes of a weight, minus their zero points, by output channel.
func SumsOfRows(w *tensor.Tensor) []int32 {
	sums := make([]int32, w.Dim(0))
	for i, c := range centred(w) {
		sums[i/(w.Numel()/len(sums))] += c
	}
	return sums
}

// float64s returns the elements of a Float32 tensor, widened.
func float64s(t *tensor.Tensor) []float64 {
	wide := make([]float64, t.Numel())
	for i, v := range t.Float32s() {
		wide[i] = float64(v)
	}
	return wide
}
