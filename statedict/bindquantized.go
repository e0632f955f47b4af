package statedict

import (
	"fmt"
	"slices"
	"strings"

	"github.com/octet-ml/octet/graph"
	passes "github.com/octet-ml/octet/internal/rewrite"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// QuantizedOptions of BindQuantized; the zero value is good.
type QuantizedOptions struct {
	// Numerics are the rules that the model was converted for. Where unset they
	// follow from the weights: per channel means fbgemm, per tensor qnnpack.
	Numerics quant.Numerics
	// Float names nodes without parameters (additions, the stub) that were
	// excluded from quantization, which a file cannot say.
	Float []string
}

// BindQuantized returns the int8 graph of a converted state dict, for a graph
// built as PyTorch's quantizable model, whose structure it fuses. Weights,
// biases and the scales and zero points of the results come from the file;
// layers whose weight is float stay float, with Quantize and Dequantize around
// them. What the file does not say and was assumed is returned as notes. Keys
// that do not fit give a *MismatchError with all of them.
func BindQuantized(g *graph.Graph, sd *torch.StateDict, opts QuantizedOptions) (*graph.Graph, []string, error) {
	if err := checkConverted(sd); err != nil {
		return nil, nil, err
	}
	if err := otherRoute(g, sd); err != nil {
		return nil, nil, err
	}
	out, _, err := passes.Fuse(g)
	if err != nil {
		return nil, nil, err
	}
	eager, traced := untraced(out, sd)
	b := &quantizedBinder{binder: newBinder(out, eager), g: out, float: slices.Concat(opts.Float, traced.float), onCodes: traced.onCodes}
	if stub := movedStub(out, sd); stub != "" && !slices.Contains(b.float, stub) {
		b.float = append(b.float, stub)
		b.stub = stub
	}
	for _, n := range out.Nodes {
		b.node(n)
	}
	if !IsTraced(sd) { // FX graph mode drops unused modules
		for _, name := range out.Idle {
			b.params(name)
		}
	}
	if len(b.err.Differences) > 0 {
		// Types are incomplete now, so PlaceQDQ cannot run.
		b.useInserted()
		return nil, nil, b.finish()
	}
	placed, placeErr := passes.PlaceQDQ(out, b.quantized)
	if err := b.finish(); err != nil {
		return nil, nil, err
	}
	if placeErr != nil {
		return nil, nil, &torch.Error{File: sd.Source, Err: placeErr}
	}
	placed.Numerics = opts.Numerics
	var notes []string
	if placed.Numerics == quant.NumericsUnset {
		placed.Numerics = quant.QNNPACK
		how := "per tensor"
		if b.perChannel {
			placed.Numerics, how = quant.FBGEMM, "per channel"
		}
		notes = append(notes, fmt.Sprintf("backend %v: the weights are quantized %s, and the file does not name it", placed.Numerics, how))
	}
	placed.Prune()
	return placed, append(notes, qnnpackRefuses(placed)...), placed.Validate()
}

// checkConverted refuses state dicts of models that are not converted.
func checkConverted(sd *torch.StateDict) error {
	if IsQuantized(sd) {
		return nil
	}
	for _, k := range sd.Keys() {
		if strings.Contains(k, "activation_post_process") || strings.Contains(k, "weight_fake_quant") {
			return &torch.Error{File: sd.Source, Key: k,
				Err:    fmt.Errorf("the model was prepared for quantization but not converted"),
				Remedy: "a model in quantization-aware training is bound by BindPrepared; of others save the state dict behind torch.ao.quantization.convert(model)"}
		}
	}
	return &torch.Error{File: sd.Source, Err: fmt.Errorf("the file holds a float model; expected a converted (int8) one"), Remedy: "quantize it first"}
}

type quantizedBinder struct {
	*binder
	g     *graph.Graph
	float []string // names of nodes to keep in float
	// stub names a Quantize that was moved behind float layers: its parameters are those of the
	// first value that is quantized. "" when there is none, or once they are used.
	stub string
	// onCodes maps nodes that compute on codes though their input is float to the value that is
	// quantized for them, whose parameters they keep.
	onCodes    map[string]string
	perChannel bool
}

// node sets the types of a node's results; its inputs have theirs already.
func (b *quantizedBinder) node(n *graph.Node) {
	switch n.Op.(type) {
	case op.Conv2D:
		b.weighted(n, b.convWeight)
	case op.Linear:
		b.weighted(n, b.linearWeight)
	case op.BatchNorm:
		for _, p := range n.Inputs[1:] {
			b.binder.float(p, p.Name)
		}
	case op.Dequantize:
	case op.Quantize:
		b.own(n)
	default:
		b.other(n)
	}
}

// other handles operators without parameters: those whose result has a type that
// follows from their input, and those whose result has its own.
func (b *quantizedBinder) other(n *graph.Node) {
	if slices.Contains(b.float, n.Name) {
		return
	}
	if from, ok := b.onCodes[n.Name]; ok {
		if q := b.params(from + ".quant"); q != nil {
			n.Output().Type = graph.Type{DType: tensor.QUInt8, Q: q}
		}
		return
	}
	if !slices.ContainsFunc(n.Inputs, func(v *graph.Value) bool { return v.Type.DType.IsQuantized() }) {
		// An addition of floats is float, unless the file gives it parameters.
		if _, ok := b.sd.Entry(n.Name + ".scale"); !ok {
			return
		}
	}
	if t, ok := n.Prescribed(); ok {
		n.Output().Type = t
		return
	}
	b.own(n)
}

// own sets the parameters of a node's result from the file.
func (b *quantizedBinder) own(n *graph.Node) {
	if slices.Contains(b.float, n.Name) {
		return
	}
	if q := b.params(n.Name); q != nil {
		n.Output().Type = graph.Type{DType: tensor.QUInt8, Q: q}
	}
}

// weighted binds a convolution or linear layer.
func (b *quantizedBinder) weighted(n *graph.Node, find func(*graph.Node) (w, bias *tensor.Tensor, keys [2]string, ok bool)) {
	w, bias, keys, ok := find(n)
	if !ok {
		b.use(n.Name + ".scale")
		b.use(n.Name + ".zero_point")
		return
	}
	p := n.Inputs[1]
	if !w.Shape().Equal(p.Type.Shape) {
		b.differ(keys[0], WrongShape, p.Type.Shape.String(), w.Shape().String())
		return
	}
	b.bias(n, bias, keys[1])
	switch {
	case w.DType() == tensor.QInt8:
		q := w.QParams()
		if err := q.Validate(w.DType(), w.Shape()); err != nil {
			b.differ(keys[0], BadValue, "", err.Error())
			return
		}
		if q.FloatZeroPoints != nil || !q.IsPerTensor() && q.Axis != 0 || slices.ContainsFunc(q.ZeroPoints, func(z int64) bool { return z != 0 }) {
			b.differ(keys[0], BadValue, "symmetric parameters, per tensor or along axis 0", q.String())
			return
		}
		b.perChannel = b.perChannel || !q.IsPerTensor()
		p.Type, p.Data = graph.TypeOf(w), w
		b.own(n)
	case w.DType().IsQuantized():
		b.differ(keys[0], WrongType, "qint8"+p.Type.Shape.String(), w.String())
	default:
		n.Note = "kept float: the file holds float weights"
		b.floatTensor(p, keys[0], w)
	}
}

func (b *quantizedBinder) convWeight(n *graph.Node) (w, bias *tensor.Tensor, keys [2]string, ok bool) {
	keys = [2]string{n.Name + ".weight", n.Name + ".bias"}
	v, found := b.sd.Entry(keys[0])
	if !found {
		b.differ(keys[0], Missing, "qint8"+n.Inputs[1].Type.Shape.String(), "")
		return nil, nil, keys, false
	}
	b.use(keys[0])
	t, isTensor := v.(*torch.Tensor)
	if !isTensor {
		b.differ(keys[0], WrongType, "qint8"+n.Inputs[1].Type.Shape.String(), torch.Describe(v))
		return nil, nil, keys, false
	}
	switch v, found := b.sd.Entry(keys[1]); v := v.(type) {
	case *torch.Tensor:
		b.use(keys[1])
		bias = v.Data
	case torch.None:
		b.use(keys[1])
	default:
		if found {
			b.use(keys[1])
			b.differ(keys[1], WrongType, "float32 or None", torch.Describe(v))
		} else if len(n.Inputs) > 2 || t.DType().IsQuantized() {
			b.differ(keys[1], Missing, fmt.Sprintf("float32[%d] or None", n.Inputs[1].Type.Shape[0]), "")
		}
	}
	return t.Data, bias, keys, true
}

func (b *quantizedBinder) linearWeight(n *graph.Node) (w, bias *tensor.Tensor, keys [2]string, ok bool) {
	keys = [2]string{n.Name + ".weight", n.Name + ".bias"}
	for _, k := range []string{"._packed_params._packed_params", "._packed_params.dtype", "._packed_params.weight", "._packed_params.bias", ".weight", ".bias"} {
		if v, found := b.sd.Entry(n.Name + k); found {
			b.use(n.Name + k)
			if k == "._packed_params._packed_params" {
				keys = [2]string{n.Name + k, n.Name + k}
			}
			if d, isType := v.(torch.DType); isType && tensor.DType(d) != tensor.QInt8 {
				b.differ(n.Name+k, WrongType, "torch.qint8", tensor.DType(d).String())
			}
		}
	}
	w, bias, err := Linear(b.sd, n.Name)
	if err != nil {
		b.differ(keys[0], Missing, "qint8"+n.Inputs[1].Type.Shape.String(), err.Error())
		return nil, nil, keys, false
	}
	return w, bias, keys, true
}

// bias binds the bias, or removes it from a node whose layer has none.
func (b *quantizedBinder) bias(n *graph.Node, bias *tensor.Tensor, key string) {
	switch {
	case bias == nil:
		n.Inputs = n.Inputs[:2]
		return
	case len(n.Inputs) < 3:
		w := n.Inputs[1]
		p := &graph.Value{Name: n.Name + ".bias", Role: graph.Parameter, Type: graph.Type{DType: tensor.Float32, Shape: tensor.Shape{w.Type.Shape[0]}}}
		b.g.Params = slices.Insert(b.g.Params, slices.Index(b.g.Params, w)+1, p)
		n.Inputs = append(slices.Clip(n.Inputs), p)
	}
	b.floatTensor(n.Inputs[2], key, bias)
}

// useInserted marks the parameters of inserted Quantize nodes as known.
func (b *quantizedBinder) useInserted() {
	names := []string{}
	for _, v := range b.g.Inputs {
		names = append(names, v.Name)
	}
	for _, n := range b.g.Nodes {
		names = append(names, n.Name)
	}
	for _, name := range names {
		b.use(name + ".quant.scale")
		b.use(name + ".quant.zero_point")
	}
}

// quantized gives the type that the file has for an inserted Quantize.
func (b *quantizedBinder) quantized(name string) (graph.Type, bool) {
	if b.stub != "" && !b.has(name+".quant.scale") {
		for _, param := range []string{".scale", ".zero_point"} {
			if v, ok := b.sd.Entry(b.stub + param); ok {
				b.sd.Set(name+".quant"+param, v)
			}
			b.use(b.stub + param)
		}
		b.stub = ""
	}
	q := b.params(name + ".quant")
	return graph.Type{DType: tensor.QUInt8, Q: q}, q != nil
}

// params reads prefix.scale and prefix.zero_point of a quint8 value.
func (b *quantizedBinder) params(prefix string) *tensor.QParams {
	const wantScale, wantZero = "float32 with one element", "int64 with one element"
	s := b.single(prefix+".scale", wantScale)
	z := b.single(prefix+".zero_point", wantZero)
	if s == nil || z == nil {
		return nil
	}
	q := tensor.Affine(0, 0)
	switch s.DType() {
	case tensor.Float32:
		q.Scales[0] = float64(s.Float32s()[0])
	case tensor.Float64:
		q.Scales[0] = tensor.Data[float64](s)[0]
	default:
		b.differ(prefix+".scale", WrongType, wantScale, s.String())
		return nil
	}
	if err := q.Validate(tensor.QUInt8, nil); err != nil {
		b.differ(prefix+".scale", BadValue, "", err.Error())
		return nil
	}
	switch z.DType() {
	case tensor.Int64:
		q.ZeroPoints[0] = z.Int64s()[0]
	case tensor.Int32:
		q.ZeroPoints[0] = int64(z.Int32s()[0])
	default:
		b.differ(prefix+".zero_point", WrongType, wantZero, z.String())
		return nil
	}
	if err := q.Validate(tensor.QUInt8, nil); err != nil {
		b.differ(prefix+".zero_point", BadValue, "", err.Error())
		return nil
	}
	return q
}

// single returns the tensor of one element at key, or nil with the difference
// noted.
func (b *quantizedBinder) single(key, expected string) *tensor.Tensor {
	seen := b.used[key]
	b.use(key)
	v, ok := b.sd.Entry(key)
	if !ok {
		if !seen {
			b.differ(key, Missing, expected, "")
		}
		return nil
	}
	if t, isTensor := v.(*torch.Tensor); isTensor && t.Data.Numel() == 1 {
		return t.Data
	}
	b.differ(key, WrongType, expected, torch.Describe(v))
	return nil
}
