package statedict

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/octet-ml/octet/graph"
	passes "github.com/octet-ml/octet/internal/rewrite"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

const (
	weightQuant = ".weight_fake_quant"
	actQuant    = ".activation_post_process"
	// observerOf is the path from a fake quantization to its observer.
	observerOf = ".activation_post_process"
)

// IsPrepared reports whether a state dict is that of a model in
// quantization-aware training: it has fake quantizations of weights.
func IsPrepared(sd *torch.StateDict) bool {
	return slices.ContainsFunc(sd.Keys(), func(k string) bool { return strings.Contains(k, weightQuant+".") })
}

// Conversion holds what was inferred or assumed in converting a prepared model.
type Conversion struct {
	Notes []string // of what the file does not say and was assumed
	// Codes is the range of unsigned codes that most activations were mapped to.
	Codes quant.CodeRange
}

// BindPrepared returns the int8 graph that PyTorch's convert makes of the state
// dict of a model prepared for quantization-aware training, as torchvision
// publishes mobilenet_v3_large. g is built as PyTorch's quantizable model.
//
// Batch norms are folded, and scales and zero points follow from the observed ranges, as
// PyTorch recomputes them too; where they were fixed or learned, the file's are taken. Where
// the observer of a weight is still on, its range moves once more towards that of the folded
// weight, because PyTorch's convert calls it once more.
//
// quant_min and quant_max follow from the ranges and the scales of the file (see codeRule).
// Where they do not, those of PyTorch's default configurations are taken. Signed activations
// become unsigned ones of the same values, with zero points 128 higher. opts.Numerics unset is
// decided as BindQuantized does.
func BindPrepared(g *graph.Graph, sd *torch.StateDict, opts QuantizedOptions) (*graph.Graph, Conversion, error) {
	sd = upToDate(sd)
	if err := otherRoute(g, sd); err != nil {
		return nil, Conversion{}, err
	}
	var out *graph.Graph
	var ranges *torch.StateDict
	var err error
	switch {
	case IsPrepared(sd):
		out, ranges, err = bindTrained(g, sd)
	case IsObserved(sd):
		if out, _, err = passes.Fuse(g); err == nil {
			out, ranges, err = bindObserved(out, sd)
		}
	default:
		err = &torch.Error{File: sd.Source, Err: fmt.Errorf("the file holds no observers and no fake quantizations; expected a prepared model"),
			Remedy: "open it as the float or int8 model that it is"}
	}
	if err != nil {
		return nil, Conversion{}, err
	}
	p := &prepared{numerics: opts.Numerics, observedOnly: IsObserved(sd), weights: map[*graph.Node]*fakeState{}, activations: map[string]*fakeState{}}
	if IsNumbered(sd) {
		if ranges, p.parts, err = named(out, ranges); err != nil {
			return nil, Conversion{}, err
		}
	} else {
		p.idle = out.Idle // which FX graph mode drops
	}
	p.binder = newBinder(out, ranges)
	p.read(out)
	if err := p.finish(); err != nil {
		return nil, Conversion{}, err
	}
	p.decide()
	for _, n := range out.Nodes {
		p.node(n)
	}
	for _, name := range p.idle {
		p.activation(name)
	}
	if err := p.finish(); err != nil {
		return nil, Conversion{}, err
	}
	placed, err := passes.PlaceQDQ(out, p.quantized)
	if err != nil {
		return nil, Conversion{}, &torch.Error{File: sd.Source, Err: err}
	}
	placed.Numerics = p.numerics
	return placed, Conversion{append(p.notes, qnnpackRefuses(placed)...), p.codes()}, placed.Validate()
}

// bindTrained binds the float parameters of a model in quantization-aware training
// and fuses the graph.
func bindTrained(g *graph.Graph, sd *torch.StateDict) (out *graph.Graph, ranges *torch.StateDict, err error) {
	float, ranges := splitPrepared(g, sd)
	bound, err := Bind(g, float)
	if err != nil {
		return nil, nil, err
	}
	out, _, err = passes.Fuse(bound)
	return out, ranges, err
}

// splitPrepared separates the float parameters, under the keys of the float model, from the
// state of fake quantizations. In training a batch norm is the submodule bn of the convolution
// in front of it.
func splitPrepared(g *graph.Graph, sd *torch.StateDict) (float, ranges *torch.StateDict) {
	norms := map[string]string{}
	for _, n := range g.Nodes {
		if _, ok := n.Op.(op.BatchNorm); ok && n.Inputs[0].Node != nil {
			norms[n.Inputs[0].Node.Name] = n.Name
		}
	}
	float, ranges = &torch.StateDict{Source: sd.Source}, &torch.StateDict{Source: sd.Source}
	for _, k := range sd.Keys() {
		v, _ := sd.Entry(k)
		if isRange(k) {
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

// prepared binds the fake quantizations and observers of a prepared model.
type prepared struct {
	*binder
	numerics quant.Numerics
	// observedOnly: prepared for post-training quantization.
	observedOnly bool
	weights      map[*graph.Node]*fakeState
	activations  map[string]*fakeState // by the path of the module
	// parts names the parts of chunks that FX graph mode leaves in float and quantizes again.
	parts map[string]bool
	idle  []string // modules that are never called and have observers

	weightRules, activationRules *ballot
	notes                        []string
}

// read reads the fake quantizations of the graph's nodes from the state dict.
func (p *prepared) read(g *graph.Graph) {
	for _, n := range g.Nodes {
		switch n.Op.(type) {
		case op.Dequantize, op.Affine:
			continue
		case op.Conv2D, op.Linear:
			p.weights[n] = nil
			if !p.observedOnly {
				p.weights[n] = p.fake(n.Name + weightQuant)
			}
		}
		if p.parts[n.Name] {
			p.activations[n.Name+".quant"] = p.fake(n.Name + ".quant" + actQuant)
		} else if observed(n) {
			p.activations[n.Name] = p.fake(n.Name + actQuant)
		} else {
			p.useBelow(n.Name + actQuant) // of an operator with fixed parameters (sigmoid)
		}
	}
	for _, name := range p.idle {
		p.activations[name] = p.fake(name + actQuant)
	}
}

// observed reports whether the result of a node on codes has parameters of its
// own.
func observed(n *graph.Node) bool {
	return !slices.ContainsFunc(n.Op.Signatures(), func(s graph.Signature) bool {
		return s.Gives(tensor.QUInt8) && (s.FixedQ != nil || s.SameQ)
	})
}

// decide finds the rules by which ranges become scale and zero point, and the backend that the
// model was trained for.
func (p *prepared) decide() {
	if p.observedOnly {
		p.decideObserved()
		return
	}
	if p.numerics == quant.NumericsUnset {
		how := "per tensor"
		p.numerics = quant.QNNPACK
		if p.perChannel() {
			p.numerics, how = quant.FBGEMM, "per channel"
		}
		p.note("backend %v assumed: the weights were trained for quantization %s, and the file does not name it", p.numerics, how)
	}
	weights, activations := statesIn(p.weights), statesIn(p.activations)
	p.weightRules = newBallot(usualWeights, weights)
	if keepExtremes(p.weights) {
		for _, s := range weights {
			s.extremes = !s.fused
		}
	} else if keepAverages(p.weights) {
		p.note("ranges of weights are moving averages, as by PyTorch's defaults: the file does not name their observers; " +
			"convert(model) in PyTorch where they were of minimum and maximum")
	}
	if _, told := p.weightRules.best(); !told {
		if bits := learnedBits(weights); bits < 8 {
			r := ruleFrom(quant.PerTensorSymmetric, -1<<(bits-1), 1<<(bits-1)-1)
			p.weightRules = newBallot([]codeRule{r}, weights)
			p.note("weights have %v assumed: their scales were learned, and the file does not name the number of bits", r)
		}
	}
	usual := []codeRule{allCodes, halfCodes, signedCodes, symmetricQUInt8}
	if p.numerics == quant.FBGEMM {
		usual = []codeRule{halfCodes, allCodes, signedCodes, symmetricQUInt8}
	}
	p.activationRules = newBallot(usual, activations)
	if _, told := p.activationRules.best(); !told && slices.ContainsFunc(activations, func(s *fakeState) bool { return s.derived() && !s.never() }) {
		p.note("activations have %v, as %v is trained by default; the scales in the file do not go with its ranges", usual[0], p.numerics)
	}
	if p.signed() {
		p.note("the activations were trained with signed codes; they have the same values as unsigned ones, with zero points 128 higher")
	}
}

// decideObserved takes PyTorch's defaults for settings that do not follow from observers alone.
func (p *prepared) decideObserved() {
	if p.numerics == quant.NumericsUnset {
		p.numerics = quant.FBGEMM
		p.note("backend %v assumed: the file does not name it", p.numerics)
	}
	for n := range p.weights {
		p.weights[n] = freshWeight(n.Name+weightQuant, p.numerics)
	}
	p.weightRules = newBallot(usualWeights, nil)
	usual := halfCodes // of MinMaxObserver as default_observer has it, and of fbgemm
	if histogram := slices.ContainsFunc(statesIn(p.activations), func(s *fakeState) bool { return s.histogram != nil }); histogram && p.numerics != quant.FBGEMM {
		usual = allCodes
	}
	if symmetric := slices.ContainsFunc(statesIn(p.activations), func(s *fakeState) bool { return s.eps == 0x1p-12 }); symmetric {
		// Only the configurations of XNNPACK have this eps (default_symmetric_qnnpack).
		usual, p.weightRules = signedCodes, newBallot(usualWeights[1:], nil)
	}
	p.activationRules = newBallot([]codeRule{usual}, nil)
	how := "per channel"
	if p.numerics == quant.QNNPACK {
		how = "per tensor"
	}
	p.note("activations have %v and weights are quantized %s, as by PyTorch's default for %v: observers do not name it", usual, how, p.numerics)
}

func (p *prepared) note(format string, args ...any) {
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}

// perChannel reports whether some weight was observed channel by channel.
func (p *prepared) perChannel() bool {
	return slices.ContainsFunc(statesIn(p.weights), func(s *fakeState) bool { return s.channels || len(s.scale) > 1 })
}

// signed reports whether activations have codes of qint8.
func (p *prepared) signed() bool {
	if r, told := p.activationRules.best(); told || p.observedOnly {
		return r.dtype == tensor.QInt8
	}
	// A zero point that is learned or fixed can miss the codes by a little.
	return slices.ContainsFunc(statesIn(p.activations), func(s *fakeState) bool { return !s.derived() && len(s.zero) > 0 && s.zero[0] < -16 })
}

// codes is the range of unsigned codes that activations are mapped to.
func (p *prepared) codes() quant.CodeRange {
	r, _ := p.activationRules.best()
	switch {
	case r.dtype == tensor.QInt8:
		r.codes.Min, r.codes.Max = r.codes.Min+128, r.codes.Max+128
	case p.signed(): // known from learned zero points only
		r = allCodes
	}
	return r.codes
}

func statesIn[K comparable](m map[K]*fakeState) []*fakeState {
	return slices.DeleteFunc(slices.Collect(maps.Values(m)), func(s *fakeState) bool { return s == nil })
}

// node sets the type of a node's result; its inputs have theirs already.
func (p *prepared) node(n *graph.Node) {
	switch n.Op.(type) {
	case op.Dequantize, op.Affine:
		return
	case op.Conv2D, op.Linear:
		p.weight(n)
	}
	if p.parts[n.Name] {
		p.activation(n.Name + ".quant") // before PlaceQDQ asks for it
		return
	}
	if t, ok := n.Prescribed(); ok {
		n.Output().Type = t
		return
	}
	q := p.activation(n.Name)
	if q == nil {
		q = tensor.Affine(1, 0) // the error is reported; readers need some parameters
	}
	n.Output().Type = graph.Type{DType: tensor.QUInt8, Q: q}
}

// quantized gives the type of a part of a chunk that is quantized again.
func (p *prepared) quantized(name string) (graph.Type, bool) {
	if !p.parts[name] {
		return graph.Type{}, false
	}
	return graph.Type{DType: tensor.QUInt8, Q: p.activation(name + ".quant")}, true
}

// activation returns the parameters of the result of a module.
func (p *prepared) activation(module string) *tensor.QParams {
	s := p.activations[module]
	dtype := tensor.QUInt8
	if p.signed() {
		dtype = tensor.QInt8
	}
	q, err := s.qparams(p.activationRules.of(s), dtype)
	if err == nil && !q.IsPerTensor() {
		err = fmt.Errorf("%d scales, where activations have one", len(q.Scales))
	}
	if err == nil {
		if dtype == tensor.QInt8 {
			q.ZeroPoints[0] += 128
		}
		err = q.Validate(tensor.QUInt8, nil)
	}
	if err != nil {
		p.differ(s.path, BadValue, "", err.Error())
		return nil
	}
	return q
}

// learnedBits guesses the number of bits of weights whose scales were learned and no
// longer follow from a range: about log2(range / scale), in the middle of all.
func learnedBits(states []*fakeState) int {
	var bits []float64
	for _, s := range states {
		if s.learnable && !s.never() && len(s.scale) == len(s.lo) {
			c := slices.Index(s.scale, slices.Max(s.scale))
			bits = append(bits, math.Log2(2*float64(max(-s.lo[c], s.hi[c])/s.scale[c])))
		}
	}
	if len(bits) == 0 {
		return 8
	}
	slices.Sort(bits)
	middle := math.Round(bits[len(bits)/2])
	if !(middle >= 2 && middle < 6) { // those who train fewer bits take 2 to 4 of them
		return 8
	}
	return int(middle)
}

// weight quantizes the weight of a node.
func (p *prepared) weight(n *graph.Node) {
	s, v := p.weights[n], n.Inputs[1]
	rule := p.weightRules.of(s) // before the range moves
	err := s.observeWeight(v.Data)
	var q *tensor.QParams
	if err == nil {
		q, err = s.qparams(rule, tensor.QInt8)
	}
	if err == nil {
		err = q.Validate(tensor.QInt8, v.Data.Shape())
	}
	if err == nil && slices.ContainsFunc(q.ZeroPoints, func(z int64) bool { return z != 0 }) {
		err = fmt.Errorf("zero points that are not 0: weights are symmetric, per tensor or per channel (torch.per_channel_symmetric)")
	}
	if err != nil {
		p.differ(s.path, BadValue, "", err.Error())
		return
	}
	w := v.Data
	if q.IsPerTensor() {
		w, err = quant.QuantizePerTensor(w, q.Scale(), 0, tensor.QInt8)
	} else {
		w, err = quant.QuantizePerChannel(w, q.Scales, q.ZeroPoints, 0, tensor.QInt8)
	}
	if err != nil {
		p.differ(v.Name, BadValue, "", err.Error())
		return
	}
	for i, code := range tensor.Data[int8](w) {
		tensor.Data[int8](w)[i] = int8(max(rule.codes.Min, min(int64(code), rule.codes.Max)))
	}
	v.Data, v.Type = w, graph.TypeOf(w)
}
