package octet

import (
	"errors"
	"fmt"

	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/quant"
)

// WeightOnlyOption is for QuantizeWeightOnly.
type WeightOnlyOption interface {
	recipeChange
	forWeightOnly()
}

// WithGroupSize gives every n numbers of an output channel of a linear layer a scale of their own.
// Layers whose channels it does not divide, and embeddings, have one for each channel or row, as all
// have without this option.
func WithGroupSize(n int) WeightOnlyOption {
	return weightOnlyOption{quantizeFunc: func(o *quantizeOptions) { o.groupSize = &n }}
}

// QuantizeWeightOnly makes a model of a float one whose linear layers and embeddings have int8
// weights, of which they compute in float32: activations are not quantized, and nothing is
// calibrated. It suits models whose activations resist, and those that are too large. Weights have a
// symmetric scale for each output channel, or row of an embedding. The model is not changed. The
// report lists what has its weights in codes, and why the rest has not. Errors of the options match
// ErrRecipe.
func QuantizeWeightOnly(m *Model, opts ...WeightOnlyOption) (*Model, *ptq.Report, error) {
	if err := m.check(); err != nil {
		return nil, nil, err
	}
	o := quantizeOptions{batchSize: DefaultBatchSize}
	for _, opt := range opts {
		opt.applyQuantize(&o)
	}
	group, qconfig, err := o.weightOnlyRecipe()
	if err != nil {
		return nil, nil, classed{err, ErrRecipe}
	}
	f, err := m.fused()
	if err != nil {
		return nil, nil, err
	}
	g, report, err := ptq.WeightOnly(f.graph, ptq.WeightOnlyOptions{Exclude: o.exclude, QConfig: qconfig, GroupSize: group})
	if err != nil {
		return nil, nil, classed{fmt.Errorf("%s: %w", m.name(), err), ErrRecipe}
	}
	made := &Model{meta: m.meta.clone(), declared: m.declared, quantized: true, madeFor: ONNX, examples: m.examples}
	made.setGraph(g)
	made.meta.Numerics = quant.ONNX.String()
	for _, n := range report.Nodes {
		if !n.Int8 {
			made.meta.Float = append(made.meta.Float, n.Name)
		}
	}
	made.meta.Calibration = &CalibrationRecord{QConfigName: o.qconfig, QConfig: qconfig, Excluded: o.exclude, WeightOnly: true, GroupSize: group, Smoothed: m.smoothed}
	return made, report, nil
}

// weightOnlyRecipe is the size of groups, and how weights are quantized.
func (o *quantizeOptions) weightOnlyRecipe() (int, quant.QConfig, error) {
	var c quant.QConfig
	group := 0
	switch {
	case o.backend != "":
		return 0, c, fmt.Errorf("layers whose weights alone are quantized compute in float32, by the rules of no backend: leave out %s", o.backend)
	case o.groupSize != nil && *o.groupSize < 1:
		return 0, c, fmt.Errorf("groups of %d numbers: at least 1, such as 128", *o.groupSize)
	case o.groupSize != nil && o.granularity == perTensor:
		return 0, c, errors.New("groups have scales of their own: leave out one scale for each weight (--per-tensor), or the groups (--group-size)")
	case o.groupSize != nil:
		group = *o.groupSize
	}
	o.backend = ONNX
	if o.granularity == asPreset {
		o.granularity = perChannel
	}
	_, c, err := o.dynamicRecipe()
	return group, c, err
}
