package quant

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/tensor"
)

// RequantRule selects the formula of a Requant.
type RequantRule uint8

// The rules; v is the real-valued step before the final rounding.
const (
	// AddBias: v = (f32(acc) + Bias[c]) * Mult[c], with Bias already divided by
	// the accumulator's scale. fbgemm with per-channel weights, and without bias.
	AddBias RequantRule = iota
	// FusedBias: v = fma(Bias[c], BiasMul, f32(acc)) * Mult[c]. fbgemm with
	// per-tensor weights.
	FusedBias
	// IntBias: v = f32(acc + BiasInt[c]) * Mult[c]. qnnpack, and ONNX's operators.
	IntBias
	// RealBias: v = (f32(acc)*Mult[c] + Bias[c]) * BiasMul, and the zero point is
	// added before rounding. oneDNN.
	RealBias
)

// Requant turns the int32 accumulators of a convolution or a linear layer into
// output codes. acc is the exact sum of (x - x_zero)*(w - w_zero). Slices have
// one entry per output channel.
type Requant struct {
	Rule    RequantRule // which of the formulas above holds
	Mult    []float32   // the factor of a sum, in every rule
	Bias    []float32   // of the rules with a float32 bias
	BiasInt []int32     // of IntBias
	BiasMul float32     // of RealBias
	Zero    int32       // zero point of the output
	Lo, Hi  int32       // range of the output type, narrowed by the activation
}

// NewRequant prepares the rule of a convolution under preset n, for an input
// quantized by in, weights by w (per tensor or per axis 0), an output of type
// dtype quantized by out, and channels output channels. bias may be nil.
func NewRequant(n Numerics, in, w, out *tensor.QParams, dtype tensor.DType, bias []float32, act Activation, channels int) (*Requant, error) {
	return newRequant(n, in, w, out, dtype, bias, act, channels, float32Of)
}

// NewLinearRequant is NewRequant for a linear layer. They differ under OneDNN
// only, which also inverts a linear layer's weight scales twice.
func NewLinearRequant(n Numerics, in, w, out *tensor.QParams, dtype tensor.DType, bias []float32, act Activation, channels int) (*Requant, error) {
	weightScale := reciprocalTwice
	if !w.IsPerTensor() {
		weightScale = func(v float64) float32 { return reciprocalTwice(float64(float32(v))) }
	}
	return newRequant(n, in, w, out, dtype, bias, act, channels, weightScale)
}

func float32Of(v float64) float32 { return float32(v) }

func newRequant(n Numerics, in, w, out *tensor.QParams, dtype tensor.DType, bias []float32, act Activation, channels int, weightScale func(float64) float32) (*Requant, error) {
	if bias != nil && len(bias) != channels {
		return nil, fmt.Errorf("bias has %d elements for %d output channels", len(bias), channels)
	}
	if !w.IsPerTensor() && len(w.Scales) != channels {
		return nil, fmt.Errorf("weight has %d scales for %d output channels", len(w.Scales), channels)
	}
	r := &Requant{Mult: make([]float32, channels), Zero: int32(out.ZeroPoint())}
	z := NewQuantizer(out, dtype)
	r.Lo, r.Hi = act.Bounds(z)
	si, so := in.Scale(), out.Scale()
	switch n {
	case FBGEMM:
		r.fbgemm(si, so, w, bias)
	case QNNPACK:
		r.qnnpack(si, so, w, bias)
	case OneDNN:
		r.onednn(si, so, w, bias, weightScale)
	case ONNX:
		r.onnx(si, so, w, bias)
	default:
		return nil, fmt.Errorf("no numerics: an int8 graph must say which backend's rules it follows (fbgemm, qnnpack, onednn)")
	}
	return r, nil
}

// scaleOf returns the scale of output channel c.
func scaleOf(w *tensor.QParams, c int) float64 {
	if w.IsPerTensor() {
		return w.Scales[0]
	}
	return w.Scales[c]
}

func (r *Requant) fbgemm(si, so float64, w *tensor.QParams, bias []float32) {
	r.Rule = AddBias
	r.Bias = make([]float32, len(r.Mult))
	if bias != nil && w.IsPerTensor() {
		r.Rule = FusedBias
		aw := float32(float32(si) * float32(w.Scales[0]))
		r.BiasMul = float32(1 / float64(aw))
	}
	for c := range r.Mult {
		aw := float32(float32(si) * float32(scaleOf(w, c)))
		r.Mult[c] = aw / float32(so)
		switch {
		case bias == nil:
		case r.Rule == FusedBias:
			r.Bias[c] = bias[c]
		default:
			r.Bias[c] = bias[c] / aw
		}
	}
}

func (r *Requant) qnnpack(si, so float64, w *tensor.QParams, bias []float32) {
	r.Rule = IntBias
	r.BiasInt = make([]int32, len(r.Mult))
	inv := 1 / float32(so)
	for c := range r.Mult {
		sw := scaleOf(w, c)
		r.Mult[c] = float32(float32(float32(sw)*float32(si)) * inv)
		if bias != nil {
			b := float32(bias[c] * (1 / float32(sw*si)))
			r.BiasInt[c] = saturate32(b)
		}
	}
}

// onnx computes the factor as ONNX Runtime does, and finds the int32 bias that a file
// stores from the number it stands for.
func (r *Requant) onnx(si, so float64, w *tensor.QParams, bias []float32) {
	r.Rule = IntBias
	r.BiasInt = make([]int32, len(r.Mult))
	for c := range r.Mult {
		sw := float32(scaleOf(w, c))
		r.Mult[c] = float32(float32(si)*sw) / float32(so)
		if bias != nil {
			r.BiasInt[c] = saturate32(float64(bias[c]) / (float64(float32(si)) * float64(sw)))
		}
	}
}

// saturate32 rounds to the nearest integer and limits to int32; NaN gives 0.
func saturate32[T float32 | float64](x T) int32 {
	f := math.RoundToEven(float64(x))
	switch {
	case math.IsNaN(f):
		return 0
	case f <= math.MinInt32:
		return math.MinInt32
	case f >= math.MaxInt32:
		return math.MaxInt32
	}
	return int32(f)
}

func (r *Requant) onednn(si, so float64, w *tensor.QParams, bias []float32, weightScale func(float64) float32) {
	r.Rule = RealBias
	r.Bias = make([]float32, len(r.Mult))
	copy(r.Bias, bias)
	s := reciprocalTwice(si)
	r.BiasMul = 1 / reciprocalTwice(so)
	for c := range r.Mult {
		r.Mult[c] = float32(s * weightScale(scaleOf(w, c)))
	}
}

// reciprocalTwice is 1f / f32(1/v): a scale after oneDNN has inverted it twice.
func reciprocalTwice(v float64) float32 { return 1 / float32(1/v) }

// Code turns one accumulator of output channel c into an output code.
func (r *Requant) Code(acc int32, c int) int32 {
	var v float32
	switch r.Rule {
	case AddBias:
		v = float32((float32(acc) + r.Bias[c]) * r.Mult[c])
	case FusedBias:
		v = float32(FMA32(r.Bias[c], r.BiasMul, float32(acc)) * r.Mult[c])
	case IntBias:
		v = float32(float32(acc+r.BiasInt[c]) * r.Mult[c])
	case RealBias:
		return r.realBias(acc, c)
	}
	return clamp(sat16(sat16(ToInt32(v))+r.Zero), r.Lo, r.Hi)
}

func (r *Requant) realBias(acc int32, c int) int32 {
	y := float32(float32(acc)*r.Mult[c]) + r.Bias[c]
	v := float32(y*r.BiasMul) + float32(r.Zero)
	switch {
	case v >= float32(r.Hi):
		return r.Hi
	case !(v > float32(r.Lo)): // also NaN
		return r.Lo
	}
	return clamp(ToInt32(v), r.Lo, r.Hi)
}
