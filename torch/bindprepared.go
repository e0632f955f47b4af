package torch

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	passes "github.com/octet-ml/octet/rewrite"
	"github.com/octet-ml/octet/tensor"
)

const (
	weightQuant = ".weight_fake_quant"
	actQuant    = ".activation_post_process"
	// observerOf leads from a fake quantization to its observer.
	observerOf = ".activation_post_process"
)

// trainedAverage is the averaging constant of PyTorch's observers in training,
// which their files do not hold.
const trainedAverage float32 = 0.01

// IsPrepared reports whether a state dict is that of a model in
// quantization-aware training: it has fake quantizations of weights.
func IsPrepared(sd *StateDict) bool {
	return slices.ContainsFunc(sd.Keys(), func(k string) bool { return strings.Contains(k, weightQuant+".") })
}

// BindPrepared returns the int8 graph that PyTorch's convert makes of the state
// dict of a model prepared for quantization-aware training, as torchvision
// publishes mobilenet_v3_large. g is built as PyTorch's quantizable model.
//
// Batch norms are folded, and scales and zero points follow from the observed
// ranges, never from the scales in the file, which PyTorch recomputes too. Where
// the observer of a weight is still on, its range moves once more towards that
// of the folded weight, because PyTorch's convert calls it once more.
//
// The codes of activations are 0..127 under fbgemm and 0..255 otherwise, as in
// PyTorch's default configurations; opts.Numerics unset is decided as
// BindQuantized does. What was assumed is returned as notes.
func BindPrepared(g *graph.Graph, sd *StateDict, opts QuantizedOptions) (*graph.Graph, []string, error) {
	if !IsPrepared(sd) {
		return nil, nil, &Error{File: sd.Source, Err: fmt.Errorf("the file holds no fake quantizations; expected a model in quantization-aware training"),
			Remedy: "open it as the float or int8 model that it is"}
	}
	float, ranges := splitPrepared(g, sd)
	bound, err := Bind(g, float)
	if err != nil {
		return nil, nil, err
	}
	out, _, err := passes.Fuse(bound)
	if err != nil {
		return nil, nil, err
	}
	p := &prepared{binder: newBinder(out, ranges), numerics: opts.Numerics}
	var notes []string
	if p.numerics == quant.NumericsUnset {
		how := "per tensor"
		p.numerics = quant.QNNPACK
		if p.perChannel() {
			p.numerics, how = quant.FBGEMM, "per channel"
		}
		notes = append(notes, fmt.Sprintf("backend %v assumed: the weights were trained for quantization %s, and the file does not name it", p.numerics, how))
	}
	codes := p.activationCodes()
	notes = append(notes, fmt.Sprintf("activations have codes %d to %d, as %v is trained by default; the file does not hold their range", codes.Min, codes.Max, p.numerics))
	for _, n := range out.Nodes {
		p.node(n)
	}
	for _, name := range out.Idle {
		p.activation(name)
	}
	if err := p.finish(); err != nil {
		return nil, nil, err
	}
	placed, err := passes.PlaceQDQ(out, nil)
	if err != nil {
		return nil, nil, &Error{File: sd.Source, Err: err}
	}
	placed.Numerics = p.numerics
	return placed, notes, placed.Validate()
}

// splitPrepared separates the float parameters, under the keys of the float
// model, from what fake quantizations hold. In training a batch norm is a part
// of the convolution in front of it, bn.
func splitPrepared(g *graph.Graph, sd *StateDict) (float, ranges *StateDict) {
	norms := map[string]string{}
	for _, n := range g.Nodes {
		if _, ok := n.Op.(op.BatchNorm); ok && n.Inputs[0].Node != nil {
			norms[n.Inputs[0].Node.Name] = n.Name
		}
	}
	float, ranges = &StateDict{Source: sd.Source}, &StateDict{Source: sd.Source}
	for _, k := range sd.Keys() {
		v, _ := sd.Entry(k)
		if strings.Contains(k, weightQuant+".") || strings.Contains(k, actQuant+".") {
			ranges.Set(k, v)
			continue
		}
		if conv, param, ok := strings.Cut(k, ".bn."); ok && norms[conv] != "" {
			k = norms[conv] + "." + param
		}
		float.Set(k, v)
	}
	return float, ranges
}

// prepared binds the ranges that training observed.
type prepared struct {
	*binder
	numerics quant.Numerics
}

// perChannel reports whether some weight was observed channel by channel.
func (p *prepared) perChannel() bool {
	return slices.ContainsFunc(p.sd.Keys(), func(k string) bool {
		t, ok := p.sd.Tensor(k)
		return ok && len(t.Shape()) == 1 && strings.HasSuffix(k, weightQuant+observerOf+".min_val")
	})
}

func (p *prepared) activationCodes() quant.CodeRange {
	if p.numerics == quant.FBGEMM {
		return quant.CodeRange{Min: 0, Max: 127}
	}
	return quant.CodeRange{Min: 0, Max: 255}
}

// node sets the type of one node, whose inputs have theirs.
func (p *prepared) node(n *graph.Node) {
	switch n.Op.(type) {
	case op.Dequantize, op.Affine:
		return
	case op.Conv2D, op.Linear:
		p.weight(n)
	}
	if t, ok := n.Prescribed(); ok {
		n.Output.Type = t
		p.useAll(n.Name + actQuant) // of a function whose parameters are fixed
		return
	}
	q := p.activation(n.Name)
	if q == nil {
		q = tensor.Affine(1, 0) // reported; readers of the result are not to blame
	}
	n.Output.Type = graph.Type{DType: tensor.QUInt8, Q: q}
}

// activation returns the parameters of the result of a module.
func (p *prepared) activation(module string) *tensor.QParams {
	prefix := module + actQuant
	lo, hi, eps, ok := p.observed(prefix)
	if !ok {
		return nil
	}
	if len(lo) != 1 {
		p.differ(prefix+observerOf+".min_val", WrongShape, "one value", fmt.Sprintf("%d values", len(lo)))
		return nil
	}
	s, z, err := quant.CalculateQParams(lo[0], hi[0], quant.PerTensorAffine, tensor.QUInt8, p.activationCodes(), eps)
	q := tensor.Affine(s, z)
	if err == nil {
		err = q.Validate(tensor.QUInt8, nil)
	}
	if err != nil {
		p.differ(prefix+observerOf+".min_val", BadValue, "", err.Error())
		return nil
	}
	return q
}

// weight quantizes the weight of a node.
func (p *prepared) weight(n *graph.Node) {
	prefix := n.Name + weightQuant
	lo, hi, eps, ok := p.observed(prefix)
	if !ok {
		return
	}
	v := n.Inputs[1]
	w := v.Data
	scheme, rows := quant.PerTensorSymmetric, 1
	if t, _ := p.sd.Tensor(prefix + observerOf + ".min_val"); len(t.Shape()) == 1 {
		scheme, rows = quant.PerChannelSymmetric, w.Dim(0)
	}
	if never := len(lo) == 0; never && scheme == quant.PerChannelSymmetric {
		lo, hi = neverSeen(rows)
	}
	if len(lo) != rows || w.Numel() == 0 {
		p.differ(prefix+observerOf+".min_val", WrongShape, fmt.Sprintf("%d values, one per channel", rows), fmt.Sprintf("%d values", len(lo)))
		return
	}
	if p.enabled(prefix + ".observer_enabled") {
		lo, hi = observeOnce(lo, hi, w.Float32s())
	}
	q, err := quant.CalculateQParamsPerChannel(lo, hi, 0, scheme, tensor.QInt8, quant.CodeRange{Min: -128, Max: 127}, eps)
	if err == nil {
		if scheme == quant.PerTensorSymmetric {
			q = tensor.Affine(q.Scales[0], 0)
		}
		err = q.Validate(tensor.QInt8, w.Shape())
	}
	if err != nil {
		p.differ(prefix+observerOf+".min_val", BadValue, "", err.Error())
		return
	}
	if q.IsPerTensor() {
		w, err = quant.QuantizePerTensor(w, q.Scale(), 0, tensor.QInt8)
	} else {
		w, err = quant.QuantizePerChannel(w, q.Scales, q.ZeroPoints, 0, tensor.QInt8)
	}
	if err != nil {
		p.differ(v.Name, BadValue, "", err.Error())
		return
	}
	v.Data, v.Type = w, graph.TypeOf(w)
}

// observeOnce moves the ranges of equal parts of w as their observer would.
func observeOnce(lo, hi, w []float32) ([]float32, []float32) {
	lo, hi = slices.Clone(lo), slices.Clone(hi)
	row := len(w) / len(lo)
	for c := range lo {
		a, b := quant.MinMaxOf(w[c*row : (c+1)*row])
		if math.IsInf(float64(lo[c]), 1) && math.IsInf(float64(hi[c]), -1) {
			lo[c], hi[c] = a, b
			continue
		}
		lo[c] += float32(trainedAverage * (a - lo[c]))
		hi[c] += float32(trainedAverage * (b - hi[c]))
	}
	return lo, hi
}

// neverSeen is the state in which observers start.
func neverSeen(n int) (lo, hi []float32) {
	inf := float32(math.Inf(1))
	return slices.Repeat([]float32{inf}, n), slices.Repeat([]float32{-inf}, n)
}

// observed reads the range and the smallest scale of the fake quantization at
// prefix, whose other keys are recomputed.
func (p *prepared) observed(prefix string) (lo, hi []float32, eps float32, ok bool) {
	p.useAll(prefix)
	read := func(name, expected string) []float32 {
		key := prefix + observerOf + name
		t, found := p.sd.Tensor(key)
		switch {
		case !found:
			p.differ(key, Missing, expected, "")
		case t.DType() != tensor.Float32:
			p.differ(key, WrongType, expected, t.String())
		default:
			return t.Float32s()
		}
		ok = false
		return nil
	}
	ok = true
	lo, hi = read(".min_val", "float32, the smallest value seen"), read(".max_val", "float32, the largest value seen")
	e := read(".eps", "float32 with one element")
	if ok && (len(e) != 1 || len(lo) != len(hi)) {
		p.differ(prefix+observerOf+".max_val", WrongShape, fmt.Sprintf("%d values, and one of eps", len(lo)), fmt.Sprintf("%d, and %d", len(hi), len(e)))
		return nil, nil, 0, false
	}
	if ok {
		eps = e[0]
	}
	return lo, hi, eps, ok
}

// enabled reads a switch: one integer that is not zero.
func (p *prepared) enabled(key string) bool {
	t, ok := p.sd.Tensor(key)
	if !ok || t.Numel() != 1 {
		p.differ(key, Missing, "an integer, 0 or 1", "")
		return false
	}
	f := t.Bytes()
	return slices.ContainsFunc(f, func(b byte) bool { return b != 0 })
}

// useAll marks the keys below a prefix as known.
func (p *prepared) useAll(prefix string) {
	for _, k := range p.sd.Keys() {
		if strings.HasPrefix(k, prefix+".") {
			p.use(k)
		}
	}
}
