package qat

import (
	"context"
	"fmt"
	"runtime"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/fakequant"
	"github.com/octet-ml/octet/internal/observe"
	"github.com/octet-ml/octet/internal/rewrite"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/statedict"
	"github.com/octet-ml/octet/tensor"
	"github.com/octet-ml/octet/torch"
)

// Forward runs a batch, float32 [N, C, H, W], and returns the logits, valid until
// the next call.
func (m *Model) Forward(ctx context.Context, x *tensor.Tensor) ([]float32, error) {
	if m.frozen != nil {
		return m.frozen.forward(ctx, x)
	}
	s, err := m.program.Step(x.Shape())
	if err != nil {
		return nil, err
	}
	m.step = s
	return s.Forward(ctx, x)
}

// Gradient is where the gradient of the logits of the last forward pass has to be
// set before Backward.
func (m *Model) Gradient() []float32 {
	if m.frozen != nil {
		return m.frozen.step.Gradient()
	}
	return m.step.Gradient()
}

// Backward sets the gradients of all parameters.
func (m *Model) Backward(ctx context.Context) error {
	if m.frozen != nil {
		return m.frozen.backward(ctx)
	}
	return m.step.Backward(ctx)
}

// Bytes is the memory of the last step.
func (m *Model) Bytes() int {
	if m.frozen != nil {
		return m.frozen.step.Bytes()
	}
	return m.step.Bytes()
}

// FreezeObservers keeps the scales and zero points of activations as they are, and
// in compatible training those of weights.
func (m *Model) FreezeObservers() {
	for _, f := range m.modules {
		f.ObserverEnabled = false
	}
	if m.opts.Compatible {
		for _, f := range m.weights {
			f.ObserverEnabled = false
		}
	}
}

// FreezeNorms keeps the running statistics of batch norms and normalises with
// them. In octet's own training the forward pass is that of the converted model
// from then on, so observers are frozen too.
func (m *Model) FreezeNorms() error {
	m.program.FreezeNorms(true)
	if m.opts.Compatible || m.frozen != nil {
		return nil
	}
	m.FreezeObservers()
	m.program.TrainScales(false)
	m.each(func(f *fakequant.Module) {
		if f.Learnable() {
			f.Confine()
		}
	})
	var err error
	if m.frozen, err = newFrozen(m); err == nil {
		m.program.Release() // its steps are not taken any more
		m.step = nil
		runtime.GC()
	}
	return err
}

// LearnScales makes training decide the scales and zero points of all learnable
// fake quantizations from now on, starting from what they are; in octet's own
// training until batch norms are frozen.
func (m *Model) LearnScales() {
	m.each(func(f *fakequant.Module) {
		if f.Learnable() {
			f.Learn()
		}
	})
	m.program.TrainScales(m.frozen == nil)
}

// EnableFakeQuant switches the rounding of activations and weights on or off.
func (m *Model) EnableFakeQuant(on bool) {
	m.each(func(f *fakequant.Module) { f.Enabled = on })
}

// each calls f with every fake quantization.
func (m *Model) each(f func(*fakequant.Module)) {
	for _, modules := range []map[string]*fakequant.Module{m.modules, m.weights} {
		for _, module := range modules {
			f(module)
		}
	}
}

// StartFrom sets the ranges of activations to those that a calibration of the same
// model has found, so that training does not begin with the range of one batch.
func (m *Model) StartFrom(p *ptq.Prepared, stats *ptq.Stats) error {
	for _, name := range m.fused.Observed {
		lo, hi, ok, err := stats.Range(name, p.QConfig.Activation)
		if err != nil {
			return fmt.Errorf("calibrated range of %q: %w", name, err)
		}
		if !ok {
			continue
		}
		f := m.modules[name]
		if err := f.SetRanges([]float32{lo}, []float32{hi}); err != nil {
			return fmt.Errorf("calibrated range of %q: %w", name, err)
		}
		if err := f.Refresh(); err != nil {
			return fmt.Errorf("calibrated range of %q: %w", name, err)
		}
	}
	return nil
}

// Convert returns the int8 graph of the model as it is now. In octet's own
// training weights have the scale that they were trained with; in compatible
// training PyTorch's convert has another rule for them than its training, which
// is followed.
func (m *Model) Convert() (*graph.Graph, *ptq.Report, error) { return m.convert(true) }

func (m *Model) convert(report bool) (*graph.Graph, *ptq.Report, error) {
	fused, _, err := rewrite.Fuse(m.program.Graph())
	if err != nil {
		return nil, nil, err
	}
	p := *m.fused
	p.Graph = fused
	trained := ptq.Trained{Activations: map[string]*tensor.QParams{}, Weights: map[string]*tensor.QParams{}, Unreported: !report}
	for _, name := range p.Observed {
		if trained.Activations[name], err = m.modules[name].QParams(); err != nil {
			return nil, nil, fmt.Errorf("scale of %q: %w", name, err)
		}
	}
	for name, f := range m.weights {
		n, _ := fused.Node(name)
		if trained.Weights[name], err = m.weightQParams(f, n.Inputs[1].Data); err != nil {
			return nil, nil, fmt.Errorf("scale of the weight of %q: %w", name, err)
		}
	}
	return ptq.ConvertTrained(&p, trained, m.opts.Numerics)
}

// weightQParams returns the parameters of a folded weight. Where its observer is
// on, it sees the folded weight once more, as in PyTorch's convert; the module
// itself does not change.
func (m *Model) weightQParams(f *fakequant.Module, w *tensor.Tensor) (*tensor.QParams, error) {
	if !f.Observing() {
		return f.QParams()
	}
	o, err := observe.New(f.Spec())
	if err != nil {
		return nil, err
	}
	if err := o.(observe.Ranger).SetRanges(f.Ranges()); err != nil {
		return nil, err
	}
	if err := o.Observe(w.Float32s(), w.Shape()); err != nil {
		return nil, err
	}
	return o.QParams()
}

// prepared returns the state of the model as package statedict knows it.
func (m *Model) prepared() statedict.Prepared {
	p := statedict.Prepared{Weights: m.weights, Activations: m.modules, Batches: map[string]int64{}}
	for _, n := range m.program.Norms() {
		p.Batches[n.Name] = n.Batches
	}
	return p
}

// StateDict returns the state dict of PyTorch's prepared model.
func (m *Model) StateDict() (*torch.StateDict, error) {
	return statedict.ExportPrepared(m.program.Graph(), m.prepared())
}

// Load sets parameters, statistics, ranges and switches to those of a state dict
// of PyTorch's prepared model.
func (m *Model) Load(sd *torch.StateDict) error {
	p := m.prepared()
	g, err := statedict.LoadPrepared(m.graph, sd, &p)
	if err != nil {
		return err
	}
	for _, q := range m.program.Params() {
		if v, ok := g.Param(q.Name); ok { // scales are the modules'
			q.Set(v.Data.Float32s())
		}
	}
	for _, n := range m.program.Norms() {
		mean, _ := g.Param(n.Name + ".running_mean")
		variance, _ := g.Param(n.Name + ".running_var")
		copy(n.Mean, mean.Data.Float32s())
		copy(n.Var, variance.Data.Float32s())
		n.Batches = p.Batches[n.Name]
	}
	m.program.TrainScales(m.frozen == nil)
	return nil
}
