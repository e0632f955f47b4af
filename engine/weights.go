package engine

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/requant8"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// weightsReason says why no kernel covers the operands of a convolution or a
// linear layer, or "".
func weightsReason(n *graph.Node, t target) string {
	x, w, out := n.Inputs[0], n.Inputs[1], n.Output().Type
	switch {
	case x.Role == graph.Parameter:
		return "its operand is a parameter"
	case w.Role != graph.Parameter || len(n.Inputs) > 2 && n.Inputs[2].Role != graph.Parameter:
		return "its weights are computed"
	case w.Type.DType == tensor.Float32:
		return ""
	case !perTensor(x.Type) || !perTensor(out):
		return "activations are quantized per channel"
	case !perTensor(w.Type) && w.Type.Q.Axis != 0:
		return "weights are quantized along another axis than 0"
	case t.numerics == quant.OneDNN && (w.Type.DType != tensor.QInt8 || zeroPoints(w.Type, w.Type.Shape[0]) != nil):
		return "onednn has no rule for weights with zero points"
	}
	return ""
}

// zeroPoints are those of n output channels, of signed codes; nil where all are 0.
func zeroPoints(w graph.Type, n int) []int32 {
	lo, _ := w.DType.CodeRange()
	zeros, some := make([]int32, n), false
	for c := range zeros {
		zeros[c] = int32(w.Q.ZeroPoints[c%len(w.Q.ZeroPoints)] - (lo + 128))
		some = some || zeros[c] != 0
	}
	if !some {
		return nil
	}
	return zeros
}

func biasOf(n *graph.Node) []float32 {
	if len(n.Inputs) < 3 {
		return nil
	}
	return n.Inputs[2].Data.Float32s()
}

// finish is the epilogue of a node: it requantizes accumulators to codes, or scales them to float32.
type finish struct {
	k           *requant8.Kernel
	rule        *quant.Requant
	signed      bool // the rule gives codes of qint8, which are flipped to unsigned ones afterwards
	scale, bias []float32
	lo, hi      float32
	rows        *byRow // or nil

	// zeros are the zero points of the weights, by output channel; nil where all are 0.
	// Otherwise ones is one output channel of weights 1, which sums each row of the input.
	zeros []int32
	ones  []int8
}

// inRegisters is the rule for kernels that requantize accumulators in registers, or nil
// where the epilogue does more than that.
func (f *finish) inRegisters() *quant.Requant {
	if f.zeros != nil || f.signed {
		return nil
	}
	return f.rule
}

// centre subtracts from the accumulators of a call what zero points of weights contribute:
// the sum over k of (x-zero)*(w-z) is the sum of (x-zero)*w minus z times the sum of
// x-zero, and rows holds the latter for each row.
func (f *finish) centre(c *requant8.Call, rows []int32) {
	zeros := f.zeros[c.First:][:c.N]
	for m, x := range rows[:c.M] {
		acc := c.Acc[m*c.N:][:len(zeros)]
		for n, z := range zeros {
			acc[n] -= z * x
		}
	}
}

// centreEach is centre for depthwise convolutions: rows has the sum of x-zero for each
// accumulator of c, since every channel reads a window of its own.
func (f *finish) centreEach(c *requant8.Call, rows []int32) {
	zeros := f.zeros[c.First:][:c.N]
	for m := range c.M {
		acc, each := c.Acc[m*c.N:][:len(zeros)], rows[m*c.N:][:len(zeros)]
		for n, z := range zeros {
			acc[n] -= z * each[n]
		}
	}
}

// outputChannels is the number of output channels of a layer.
func outputChannels(n *graph.Node) int {
	w := n.Inputs[1].Type.Shape
	if c, ok := n.Op.(op.ConvTranspose2D); ok {
		return w[1] * c.Groups
	}
	return w[0]
}

// newFinish prepares the result of a convolution or a linear layer on codes.
func newFinish(n *graph.Node, t target, act quant.Activation, linear bool) (finish, error) {
	x, w, out := n.Inputs[0].Type, n.Inputs[1].Type, n.Output().Type
	channels := outputChannels(n)
	toReal := out.DType == tensor.Float32
	f := finish{k: requant8.Select(requant8.Table, toReal, t.cpu), zeros: zeroPoints(w, channels)}
	if f.zeros != nil {
		f.ones = slices.Repeat([]int8{1}, w.Shape[1:].Numel())
	}
	if toReal {
		f.lo, f.hi = clampOf(act)
		f.scale, f.bias = make([]float32, channels), make([]float32, channels)
		copy(f.bias, biasOf(n))
		for c := range f.scale {
			f.scale[c] = float32(x.Q.Scale() * w.Q.Scales[c%len(w.Q.Scales)])
		}
		return f, nil
	}
	newRule := quant.NewRequant
	if linear {
		newRule = quant.NewLinearRequant
	}
	rule, err := newRule(t.numerics, x.Q, w.Q, out.Q, out.DType, biasOf(n), act, channels)
	if err == nil {
		f.follow(rule, out.DType)
	}
	return f, err
}

// follow makes codes of type d by a rule. A rounding that only signed codes have is
// implemented by the portable kernel alone.
func (f *finish) follow(rule *quant.Requant, d tensor.DType) {
	f.rule = rule
	if d != tensor.QInt8 {
		return
	}
	if unsigned, ok := rule.Unsigned(); ok {
		f.rule = unsigned
		return
	}
	f.signed, f.k = true, requant8.Select(requant8.Table, false, 0)
}

// call prepares a call whose output rows are channels elements apart.
func (f *finish) call(channels int) requant8.Call {
	return requant8.Call{Rule: f.rule, Scale: f.scale, Bias: f.bias, Lo: f.lo, Hi: f.hi, LD: channels}
}

// run applies the epilogue to c.M rows of c.N accumulators, from output row m0 and channel c.First on.
func (f *finish) run(c *requant8.Call, out memory, m0 int) {
	at := m0*c.LD + c.First
	if f.rows != nil {
		c.Scales, c.Zeros, c.Sums = f.rows.scales[m0:][:c.M], f.rows.zeros[m0:][:c.M], f.rows.sums
	}
	if f.k.ToReal {
		c.Real = out.reals()[at:]
	} else {
		c.Out = out.codes()[at:]
	}
	f.k.Run(c)
	if !f.signed {
		return
	}
	for m := range c.M {
		flip(c.Out[m*c.LD:][:c.N], tensor.QInt8)
	}
}
