package qat

import (
	"context"
	"fmt"
	"math"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/autodiff"
	"github.com/octet-ml/octet/internal/fakequant"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// frozen is training with the converted model as the forward pass. Each step
// converts the model, runs it, and takes the gradients of its twin: the same graph
// in float32, at the numbers that the codes stand for.
type frozen struct {
	m    *Model
	twin *autodiff.Program
	step *autodiff.Step
	by   map[string]*autodiff.Param // the twin's parameters
	// biases are those of the twin's layers, by the name of the layer; files name them as they like.
	biases map[string]*autodiff.Param
	mask   map[string]limits // beyond which a weight is cut off
	look   engine.Look       // for tests: sees what the forward pass computes
}

// limits are of each output channel.
type limits []float64

func newFrozen(m *Model) (*frozen, error) {
	converted, _, err := m.convert(false)
	if err != nil {
		return nil, err
	}
	twin, fakes, err := twinOf(converted)
	if err != nil {
		return nil, err
	}
	f := &frozen{m: m, by: map[string]*autodiff.Param{}, biases: map[string]*autodiff.Param{}, mask: map[string]limits{}}
	f.twin, err = autodiff.Compile(twin, autodiff.Options{Threads: m.opts.Threads, CPU: m.opts.CPU, Activations: fakes, FrozenNorms: true})
	if err != nil {
		return nil, err
	}
	for _, p := range f.twin.Params() {
		f.by[p.Name] = p
	}
	for _, n := range twin.Nodes {
		if op.WeightOf(n) != nil && len(n.Inputs) > 2 {
			f.biases[n.Name] = f.by[n.Inputs[2].Name]
		}
	}
	return f, nil
}

// twinOf returns a converted graph in float32, its weights dequantized, and a fake
// quantization for every result that was rounded.
func twinOf(converted *graph.Graph) (*graph.Graph, map[string]*fakequant.Module, error) {
	g := converted.Clone()
	g.Numerics = quant.NumericsUnset
	for _, p := range g.Params {
		if !p.Type.DType.IsQuantized() {
			continue
		}
		w, err := quant.Dequantize(p.Data)
		if err != nil {
			return nil, nil, fmt.Errorf("weight %q: %w", p.Name, err)
		}
		p.Data, p.Type = w, graph.TypeOf(w)
	}
	fakes := map[string]*fakequant.Module{}
	for _, n := range g.Nodes {
		for _, v := range n.Outputs {
			t := v.Type
			if !t.DType.IsQuantized() {
				continue
			}
			if in := n.Inputs[0].Type; !in.Q.Equal(t.Q) || in.Q == nil || fixedOf(n.Op) != nil || ownsRounding(n.Op) {
				f, err := fakequant.New(quant.ObserverSpec{Kind: quant.FixedQParams, DType: t.DType, Scale: t.Q.Scale(), ZeroPoint: t.Q.ZeroPoint()})
				if err != nil {
					return nil, nil, fmt.Errorf("result of %q: %w", n.Name, err)
				}
				fakes[v.Name] = f
			}
		}
	}
	for _, n := range g.Nodes {
		for _, v := range n.Outputs {
			if v.Type.DType.IsQuantized() { // whole numbers, those of shapes, stay what they are
				v.Type = graph.Float32
			}
		}
	}
	return g, fakes, nil
}

// ownsRounding reports whether the result of an operator on codes has parameters
// of its own, which may happen to be its operand's.
func ownsRounding(o graph.Op) bool {
	for _, s := range o.Signatures() {
		if s.Out == tensor.QUInt8 && !s.SameQ && s.FixedQ == nil {
			return true
		}
	}
	return false
}

// forward converts the model and runs it, handing every result to the twin.
func (f *frozen) forward(ctx context.Context, x *tensor.Tensor) ([]float32, error) {
	converted, _, err := f.m.convert(false)
	if err != nil {
		return nil, err
	}
	if err := f.set(converted); err != nil {
		return nil, err
	}
	program, err := engine.Compile(converted, engine.Options{Threads: f.m.opts.Threads, CPU: f.m.opts.CPU})
	if err != nil {
		return nil, err
	}
	if f.step, err = f.twin.Step(x.Shape()); err != nil {
		return nil, err
	}
	if err := f.step.Begin(x); err != nil {
		return nil, err
	}
	var logits []float32
	err = program.NewSession().RunSeen(ctx, func(v *graph.Value, s engine.Seen) error {
		if f.look != nil {
			if err := f.look(v, s); err != nil {
				return err
			}
		}
		if s.Codes != nil {
			return f.step.Given(v.Name, s.Codes, s.Type.Q)
		}
		if v == converted.Outputs[0] {
			logits = append(logits, s.Reals...)
		}
		return f.step.GivenReals(v.Name, s.Reals)
	}, x)
	return logits, err
}

// set gives the twin the weights of the converted graph.
func (f *frozen) set(converted *graph.Graph) error {
	for _, v := range converted.Params {
		p := f.by[v.Name]
		if p == nil {
			continue
		}
		w := v.Data
		if q := v.Data.QParams(); q != nil {
			var err error
			if w, err = quant.Dequantize(v.Data); err != nil {
				return fmt.Errorf("weight %q: %w", v.Name, err)
			}
			f.mask[v.Name] = f.limitsOf(q, v.Data.Dim(0))
		}
		p.Set(w.Float32s())
	}
	return nil
}

// limitsOf are the largest magnitudes that a symmetric weight rounds without being
// cut off.
func (f *frozen) limitsOf(q *tensor.QParams, channels int) limits {
	codes, err := f.m.opts.QConfig.Weight.Codes()
	most := 127.5
	if err == nil {
		most = float64(codes.Max) + 0.5
	}
	l := make(limits, channels)
	for c := range l {
		l[c] = most * q.Scales[c%len(q.Scales)]
	}
	return l
}

// backward takes the gradients of the twin and, through the folding of batch
// norms, those of the model's parameters.
func (f *frozen) backward(ctx context.Context) error {
	if err := f.step.Backward(ctx); err != nil {
		return err
	}
	done := map[string]bool{}
	for _, l := range f.m.layers {
		f.unfold(l)
		done[l.weight.Name] = true
		if l.bias != nil {
			done[l.bias.Name] = true
		}
		if l.norm != nil {
			done[l.norm.Weight.Name], done[l.norm.Bias.Name] = true, true
		}
	}
	for _, p := range f.m.program.Params() {
		if q := f.by[p.Name]; q != nil && !done[p.Name] {
			copy(p.Grad, q.Grad)
		}
	}
	return nil
}

// unfold takes the gradients of a folded weight and bias back to what they were
// folded from: with r = 1/sqrt(var+eps),
//
//	w' = w*(gamma*r)   b' = (b-mean)*r*gamma + beta
func (f *frozen) unfold(l *layer) {
	w, bias := f.by[l.weight.Name], f.biases[l.name]
	cut := f.mask[l.weight.Name]
	channels := l.weight.Shape[0]
	factor := make([]float64, channels)
	for c := range factor {
		factor[c] = 1
		if l.norm != nil {
			factor[c] = float64(l.norm.Weight.Data[c]) / math.Sqrt(float64(l.norm.Var[c])+l.norm.Eps)
		}
	}
	sums := make([]float64, channels) // of the products of gradient and weight
	for i, g := range w.Grad {
		c := i % channels
		v := float64(l.weight.Data[i])
		if cut != nil && math.Abs(v*factor[c]) > cut[c] {
			l.weight.Grad[i] = 0
			continue
		}
		sums[c] += float64(g) * v
		l.weight.Grad[i] = float32(float64(g) * factor[c])
	}
	for c := range sums {
		var db float64
		if bias != nil {
			db = float64(bias.Grad[c])
		}
		if l.norm == nil {
			if l.bias != nil {
				l.bias.Grad[c] = float32(db)
			}
			continue
		}
		r := 1 / math.Sqrt(float64(l.norm.Var[c])+l.norm.Eps)
		centred := -float64(l.norm.Mean[c])
		if l.bias != nil {
			centred += float64(l.bias.Data[c])
			l.bias.Grad[c] = float32(db * factor[c])
		}
		l.norm.Weight.Grad[c] = float32(sums[c]*r + db*centred*r)
		l.norm.Bias.Grad[c] = float32(db)
	}
}
