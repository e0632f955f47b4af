package octet

import (
	"fmt"

	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/quant"
)

// DynamicOption is for QuantizeDynamic.
type DynamicOption interface {
	recipeChange
	forDynamic()
}

// QuantizeDynamic makes a model of a float one whose linear layers have int8 weights and
// quantize their inputs by the ranges that these have in every run: it needs no
// calibration data. What lies between stays float, which suits transformers, whose layers
// are most of their size and time. The model is not changed. The report lists what is
// dynamic, and why the rest is not.
//
// In a model of a graph of its own, from an .onnx or .pt2 file, each row of an input, which is a
// token, has a range of its own: results do not depend on the rest of the batch. Its weights have a
// scale for each output channel, and its convolutions become dynamic, too, by the range of the whole
// tensor. With WithBackend(ONNX) that is the range of linear layers, too, as ONNX Runtime has it.
// With PyTorch's backends, and for the architectures of state dicts, the model is that of
// torch.ao.quantization.quantize_dynamic, with one scale for each weight.
func QuantizeDynamic(m *Model, opts ...DynamicOption) (*Model, *ptq.Report, error) {
	if err := m.check(); err != nil {
		return nil, nil, err
	}
	o := quantizeOptions{batchSize: DefaultBatchSize}
	for _, opt := range opts {
		opt.applyQuantize(&o)
	}
	byRow := false
	if o.backend == "" {
		if o.backend = DefaultBackend; m.declared != nil {
			o.backend, byRow = ONNX, true
		}
	}
	numerics, qconfig, err := o.dynamicRecipe()
	if err != nil {
		return nil, nil, classed{err, ErrRecipe}
	}
	f, err := m.fused()
	if err != nil {
		return nil, nil, err
	}
	g, report, err := ptq.Dynamic(f.graph, numerics, ptq.DynamicOptions{Exclude: o.exclude, QConfig: qconfig, ByRow: byRow, ScaleOf: o.scaleOf})
	if err != nil {
		return nil, nil, classed{fmt.Errorf("%s: %w", m.name(), err), ErrRecipe}
	}
	made := &Model{meta: m.meta.clone(), declared: m.declared, quantized: true, madeFor: Backend(numerics.String()), examples: m.examples}
	made.setGraph(g)
	made.meta.Numerics = numerics.String()
	for _, n := range report.Nodes {
		if !n.Int8 {
			made.meta.Float = append(made.meta.Float, n.Name)
		}
	}
	made.meta.Calibration = &CalibrationRecord{QConfigName: o.qconfig, QConfig: qconfig, Excluded: o.exclude, Dynamic: true, ByRow: byRow, Smoothed: m.smoothed}
	return made, report, nil
}

// dynamicRecipe is the preset and PyTorch's QConfig that says how weights are quantized, of
// which it sets the name.
func (o *quantizeOptions) dynamicRecipe() (quant.Numerics, quant.QConfig, error) {
	n, err := quant.ParseNumerics(string(o.backend))
	if err != nil {
		return 0, quant.QConfig{}, err
	}
	o.qconfig = "default_dynamic_qconfig"
	if o.granularity == perChannel || o.granularity == asPreset && n == quant.ONNX {
		o.qconfig = "per_channel_dynamic_qconfig"
	}
	c, err := quant.ParseQConfig(o.qconfig, n)
	if err == nil && o.weightBits != 0 {
		c.Weight, err = c.Weight.WithBits(o.weightBits)
	}
	return n, c, err
}
