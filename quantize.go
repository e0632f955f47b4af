package octet

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/quant"
)

// Defaults of Quantize.
const (
	DefaultBackend   = FBGEMM
	DefaultQConfig   = "default"
	DefaultBatchSize = 32
)

// The classes of errors of Quantize that are not the model's; test with
// errors.Is.
var (
	// ErrCalibration: the calibration data or statistics cannot be used.
	ErrCalibration = errors.New("calibration")
	// ErrStatistics: the statistics are of other data, or of another model or recipe.
	// Such errors match ErrCalibration, too.
	ErrStatistics = errors.New("statistics")
	// ErrRecipe: options contradict each other or do not fit the model.
	ErrRecipe = errors.New("recipe")
)

// classed is an error with its class, which its text does not mention.
type classed struct{ err, class error }

func (e classed) Error() string   { return e.err.Error() }
func (e classed) Unwrap() []error { return []error{e.err, e.class} }

// Quantize makes an int8 model of a float one by post-training quantization:
// fuse, prepare, calibrate on the given inputs, convert. It is Calibrate and Convert in
// one. The model is not changed. The result depends on the inputs, their order and the
// batch size, never on the number of threads.
//
// Errors of the data match ErrCalibration, those of the options ErrRecipe.
func Quantize(ctx context.Context, m *Model, calibration Batches, opts ...QuantizeOption) (*Model, *ptq.Report, error) {
	o := recipeFor(m, opts)
	prepared, numerics, err := m.prepare(o)
	if err != nil {
		return nil, nil, err
	}
	c, err := m.calibrate(ctx, prepared, calibration, o)
	if err != nil {
		return nil, nil, err
	}
	return m.convert(ctx, prepared, numerics, c, o)
}

// Convert makes an int8 model of a float one with what a calibration of it has seen.
// The recipe may be another one as long as it observes activations alike: of another
// backend or granularity of weights, or with layers excluded behind which nothing new
// has to be observed. Otherwise the error matches ErrStatistics.
func Convert(m *Model, c *Calibration, opts ...ConvertOption) (*Model, *ptq.Report, error) {
	return ConvertContext(context.Background(), m, c, opts...)
}

// ConvertContext is Convert that ends when ctx does, which is worth it where corrections
// compute for a while.
func ConvertContext(ctx context.Context, m *Model, c *Calibration, opts ...ConvertOption) (*Model, *ptq.Report, error) {
	return m.convertOf(ctx, c, recipeFor(m, opts))
}

// convertOf is Convert.
func (m *Model) convertOf(ctx context.Context, c *Calibration, o quantizeOptions) (*Model, *ptq.Report, error) {
	switch {
	case c == nil || c.stats == nil:
		return nil, nil, classed{errors.New("there is no calibration: Calibrate returns one"), ErrCalibration}
	case !c.Complete:
		return nil, nil, classed{fmt.Errorf("the calibration has seen %d samples and was broken off: go on with it (octet.WithResume)", c.Images), ErrCalibration}
	}
	if err := c.checkShards(); err != nil {
		return nil, nil, classed{err, ErrCalibration}
	}
	prepared, numerics, err := m.prepare(o)
	if err != nil {
		return nil, nil, err
	}
	return m.convert(ctx, prepared, numerics, c, o)
}

// recipeFor is what opts say, and the defaults for m. A model that its file defines, and
// whose int8 form PyTorch does not run, takes all codes and the ranges of least squared
// error.
func recipeFor[O recipeChange](m *Model, opts []O) quantizeOptions {
	o := quantizeRecipe(opts)
	switch {
	case o.qconfig != "":
	case m != nil && m.declared != nil:
		if o.qconfig = "octet"; o.ranges == "" {
			o.ranges = quant.MSE
		}
	default:
		o.qconfig = DefaultQConfig
	}
	return o
}

// quantizeRecipe is what opts say, with the defaults that hold for all models.
func quantizeRecipe[O recipeChange](opts []O) quantizeOptions {
	o := quantizeOptions{backend: DefaultBackend, batchSize: DefaultBatchSize}
	for _, opt := range opts {
		opt.applyQuantize(&o)
	}
	return o
}

// convert is Convert of a prepared model.
func (m *Model) convert(ctx context.Context, p *ptq.Prepared, numerics quant.Numerics, c *Calibration, o quantizeOptions) (*Model, *ptq.Report, error) {
	if err := c.fitsEqualized(o); err != nil {
		return nil, nil, classed{err, ErrCalibration}
	}
	g, report, err := ptq.Convert(p, c.stats, numerics)
	switch {
	case errors.Is(err, ptq.ErrStats), errors.Is(err, ptq.ErrNoImages):
		return nil, nil, classed{classed{err, ErrStatistics}, ErrCalibration}
	case err != nil:
		return nil, nil, fmt.Errorf("%s: %w", m.name(), err)
	}
	if g, err = o.corrected(ctx, p, g, report, c); err != nil {
		return nil, nil, err
	}
	made, err := m.converted(g, p)
	if err != nil {
		return nil, nil, err
	}
	report.Saturation = made.meta.Saturation
	made.examples = c.stats.InputShapes
	warnClamp(report, c.relu6, o)
	if report.Equalized, err = m.scaled(o); err != nil {
		return nil, nil, err
	}
	made.meta.Calibration = &CalibrationRecord{
		QConfigName: o.qconfig, QConfig: p.QConfig, Source: cmp.Or(o.source, c.Source),
		Samples: c.Images, BatchSize: c.BatchSize, Excluded: o.exclude, ReLU6Ranges: o.relu6 && m.ClampDiffers(),
		Smoothed: m.smoothed, Equalized: o.equalize, BiasCorrected: o.correct.Bias, AdaptivelyRounded: o.correct.Round,
	}
	return made, report, nil
}

// converted returns the int8 model of m whose graph is g.
func (m *Model) converted(g *graph.Graph, p *ptq.Prepared) (*Model, error) {
	made := &Model{meta: m.meta.clone(), declared: m.declared, quantized: true, madeFor: Backend(g.Numerics.String())}
	made.setGraph(g)
	made.meta.Numerics = g.Numerics.String()
	made.meta.Float = floatNodes(p)
	codes, _ := p.QConfig.Activation.Codes() // none where nothing becomes int8
	var err error
	if made.meta.Saturation, err = ptq.Saturations(g, codes); err != nil {
		return nil, err
	}
	return made, nil
}

// prepare fuses the quantizable variant and decides what becomes int8.
func (m *Model) prepare(o quantizeOptions) (*ptq.Prepared, quant.Numerics, error) {
	if err := m.check(); err != nil {
		return nil, 0, err
	}
	numerics, qconfig, err := o.recipe()
	if err != nil {
		return nil, 0, classed{err, ErrRecipe}
	}
	converted, err := m.startOf(o)
	if err != nil {
		return nil, 0, err
	}
	run := converted
	if o.relu6 && m.ClampDiffers() {
		if run, err = m.derived.clamped(); err != nil {
			return nil, 0, fmt.Errorf("%s: %w", m.name(), err)
		}
	}
	prepared, err := ptq.Prepare(converted.graph, qconfig, ptq.Options{Rules: m.declared != nil, CodedOutputs: quant.PyTorchQConfig(cmp.Or(o.placedAs, o.qconfig)), Exclude: o.exclude, Calibrated: run.graph, Fingerprint: run.fingerprint})
	if err != nil {
		return nil, 0, classed{err, ErrRecipe}
	}
	return prepared, numerics, nil
}

// recipe is the backend and the QConfig with the wanted granularity of weights.
func (o quantizeOptions) recipe() (quant.Numerics, quant.QConfig, error) {
	if o.batchSize < 1 {
		return 0, quant.QConfig{}, fmt.Errorf("batch size %d: at least 1", o.batchSize)
	}
	n, err := quant.ParseNumerics(string(o.backend))
	if err != nil {
		return 0, quant.QConfig{}, err
	}
	c, err := quant.ParseQConfig(o.qconfig, n)
	if err != nil {
		return 0, c, err
	}
	if o.ranges != "" {
		c.Activation.Kind = o.ranges
	}
	averaged := c.Weight.FakeQuant != quant.NoFakeQuant // in training
	switch o.granularity {
	case perChannel:
		c.Weight.Kind, c.Weight.QScheme = quant.PerChannelMinMax, quant.PerChannelSymmetric
		if averaged {
			c.Weight.Kind = quant.MovingAveragePerChannelMinMax
		}
	case perTensor:
		c.Weight.Kind, c.Weight.QScheme = quant.MinMax, quant.PerTensorSymmetric
		if averaged {
			c.Weight.Kind = quant.MovingAverageMinMax
		}
	}
	if o.weightBits != 0 {
		if c.Weight, err = c.Weight.WithBits(o.weightBits); err != nil {
			return 0, c, fmt.Errorf("weights: %w", err)
		}
	}
	return n, c, nil
}

// floatNodes names what stays in float.
func floatNodes(p *ptq.Prepared) []string {
	var names []string
	for _, d := range p.Decisions {
		if d.Kind == ptq.Float {
			names = append(names, d.Node)
		}
	}
	return names
}
