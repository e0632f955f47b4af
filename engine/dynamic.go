package engine

import (
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/depthwise8"
	"github.com/octet-ml/octet/internal/kernel/gemm8"
	"github.com/octet-ml/octet/internal/kernel/requant8"
	"github.com/octet-ml/octet/internal/parallel"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// lowerDynamicConv lowers a convolution of codes whose parameters are computed.
func lowerDynamicConv(n *graph.Node, d op.DynamicConv2D, t target) (operation, string, error) {
	if reason := dynamicReason(n); reason != "" {
		return nil, reason, nil
	}
	s := n.Inputs[3].Data.Shape()
	if len(s) != 4 || d.Conv.Groups < 1 || s[0]%d.Conv.Groups != 0 {
		return nil, "", nil // Infer will say what is wrong
	}
	o := dynamicLayer{}
	layer, err := o.stand(n, d.FloorBias)
	if err != nil {
		return nil, "", err
	}
	f, err := dynamicFinish(layer, t, d.Conv.Act)
	if err != nil {
		return nil, "", err
	}
	o.layer, err = lowerConv8(layer, geometryOf(d.Conv, s), f, t)
	return o, "", err
}

// lowerDynamicLinear is lowerDynamicConv for a linear layer.
func lowerDynamicLinear(n *graph.Node, d op.DynamicLinear, t target) (operation, string, error) {
	if reason := dynamicReason(n); reason != "" {
		return nil, reason, nil
	}
	w := n.Inputs[3].Data
	if len(w.Shape()) != 2 {
		return nil, "", nil // Infer will say what is wrong
	}
	o := dynamicLayer{}
	layer, err := o.stand(n, false)
	if err != nil {
		return nil, "", err
	}
	if d.ByRow {
		t.numerics = quant.ONNX
	}
	f, err := dynamicFinish(layer, t, d.Linear.Act)
	if err != nil {
		return nil, "", err
	}
	codes, err := t.codes(w)
	if err != nil {
		return nil, "", err
	}
	g := geometry{groups: 1, in: w.Dim(1), out: w.Dim(0), taps: 1}
	product := linear8{newProduct8(layer, g, codes, f, t)}
	if d.ByRow {
		return newLinearByRow(product, t), "", nil
	}
	o.layer = product
	return o, "", nil
}

// dynamicFinish is newFinish for numbers, with the scales of weights as dynamic layers have them.
func dynamicFinish(layer *graph.Node, t target, act quant.Activation) (finish, error) {
	f, err := newFinish(layer, t, act, true)
	w := layer.Inputs[1].Type.Q
	for c := range f.scale {
		f.scale[c] = quant.DynamicWeightScale(t.numerics, w.Scales[c%len(w.Scales)])
	}
	if quant.DynamicFused(t.numerics) {
		f.k = requant8.SelectFused(requant8.Table, t.cpu)
	}
	return f, err
}

// dynamicReason says why no kernel covers the operands of a layer on dynamic codes, or "".
func dynamicReason(n *graph.Node) string {
	for _, v := range n.Inputs[3:] {
		if v.Role != graph.Parameter {
			return "its weights are computed"
		}
	}
	for _, v := range n.Inputs[:3] {
		if v.Role == graph.Parameter {
			return "its operand is a parameter"
		}
	}
	if w := n.Inputs[3].Type; !perTensor(w) && w.Q.Axis != 0 {
		return "weights are quantized along another axis than 0"
	}
	return ""
}

// dynamicLayer is a layer on codes whose scale and zero point are computed in every run. It
// is lowered for codes of scale 1 and zero point 1: then its scales are those of the weights,
// and its initial accumulators minus the sums of the weights. In each run both are
// multiplied by the actual parameters, in copies of their own.
type dynamicLayer struct {
	layer   operation
	floored []float32 // the bias, where the accumulators take it
}

func (dynamicLayer) packsParameters() {}

func (o dynamicLayer) kernel() (string, string) { return o.layer.kernel() }

// stand returns the layer for codes of scale 1 and zero point 1 that stands for n.
func (o *dynamicLayer) stand(n *graph.Node, floor bool) (*graph.Node, error) {
	x := &graph.Value{Role: graph.Result, Type: graph.Type{DType: tensor.QUInt8, Q: tensor.Affine(1, 1)}}
	in := []*graph.Value{x, n.Inputs[3]}
	if len(n.Inputs) > 4 {
		if floor {
			if err := n.Inputs[4].Data.Load(); err != nil {
				return nil, err
			}
			o.floored = n.Inputs[4].Data.Float32s()
		} else {
			in = append(in, n.Inputs[4])
		}
	}
	return &graph.Node{Op: op.Conv2D{}, Inputs: in, Outputs: n.Outputs}, nil
}

func (o dynamicLayer) wishes(in, out []desc) []order {
	wishes, _ := o.orders(in, out)
	for i, w := range wishes {
		wishes[i] = w.axes(len(in[i].Shape))
	}
	return wishes
}

func (o dynamicLayer) orders(in, out []desc) (need, give []order) {
	if l, ok := o.layer.(ordered); ok {
		return l.orders(in, out)
	}
	return []order{usual(in[0].Shape), nil, nil}, []order{usual(out[0].Shape)}
}

func (o dynamicLayer) fix(in, outs []desc, threads int) (fixed, error) {
	f, err := o.layer.fix(in[:1], outs, threads)
	if err != nil {
		return nil, err
	}
	return fixedDynamicLayer{f.(startable), o.floored}, nil
}

// startable is a fixed layer on codes that can work for codes of parameters that are computed.
type startable interface {
	fixed
	// own returns the layer with copies of what depends on the parameters of its operand,
	// which s sets.
	own(s *start) fixed
}

type fixedDynamicLayer struct {
	startable
	floored []float32
}

func (f fixedDynamicLayer) bind(in, outs []memory, scratch [][]uint64) step {
	s := &start{scale: in[1].reals(), zero: in[2].codes(), floored: f.floored}
	return several{s, f.own(s).bind(in[:1], outs, scratch)}
}

// start sets what depends on the scale and the zero point of a layer's operand.
type start struct {
	scale []float32
	zero  []uint8

	floored     []float32
	pads        [][]uint8
	unit, times []float32 // the scales of the weights, and of the accumulators
	initial     []initialSums
	depthwise   []*depthwise8.Weights
}

// initialSums are initial accumulators, and what they are for a zero point of 1.
type initialSums struct {
	sums, set []int32
	first     int // the output channel of the first; -1 where no bias is added
}

func (s *start) exec(*parallel.Pool) error {
	zero, scale := s.zero[0], s.scale[0]
	for _, p := range s.pads {
		for i := range p {
			p[i] = zero
		}
	}
	for c, u := range s.unit {
		s.times[c] = scale * u
	}
	for _, v := range s.initial {
		for i, sum := range v.sums {
			v.set[i] = int32(zero) * sum
			if s.floored != nil && v.first >= 0 {
				v.set[i] += quant.FloorBias(s.floored[v.first+i], s.times[v.first+i])
			}
		}
	}
	for _, w := range s.depthwise {
		w.Start()
	}
	return nil
}

// padding returns a copy of p that the zero point fills.
func (s *start) padding(p []uint8) []uint8 {
	p = slices.Clone(p)
	s.pads = append(s.pads, p)
	return p
}

// weights returns a copy of w with initial accumulators of its own; first is its first output
// channel, or -1.
func (s *start) weights(w *gemm8.Weights, first int) *gemm8.Weights {
	own := w.Own()
	s.initial = append(s.initial, initialSums{w.Init, own.Init, first})
	return own
}

// filters is weights for depthwise filters.
func (s *start) filters(w *depthwise8.Weights, first int) *depthwise8.Weights {
	own := w.Own()
	s.initial = append(s.initial, initialSums{w.Init, own.Init, first})
	s.depthwise = append(s.depthwise, own)
	return own
}

// finish returns a copy of f with scales of its own.
func (s *start) finish(f finish) finish {
	s.unit, s.times = f.scale, slices.Clone(f.scale)
	f.scale = s.times
	return f
}

// own is product8 for one run at a time.
func (o product8) own(s *start) product8 {
	weights := make([]*gemm8.Weights, len(o.weights))
	for g, w := range o.weights {
		weights[g] = s.weights(w, g*o.out)
	}
	o.weights = weights
	if o.ones != nil {
		o.ones = s.weights(o.ones, -1)
	}
	o.pad, o.finish = s.padding(o.pad), s.finish(o.finish)
	return o
}

func (f fixedProduct8) own(s *start) fixed {
	f.product8 = f.product8.own(s)
	return f
}

func (f fixedGather8) own(s *start) fixed {
	f.product8 = f.product8.own(s)
	return f
}

func (f fixedLines8) own(s *start) fixed {
	f.product8, f.line = f.product8.own(s), s.padding(f.line)
	return f
}

func (f fixedDepthwise8) own(s *start) fixed {
	f.weights = s.filters(f.weights, 0)
	if f.ones != nil {
		f.ones = s.filters(f.ones, -1)
	}
	f.pad, f.finish = s.padding(f.pad), s.finish(f.finish)
	return f
}
