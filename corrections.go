package octet

import (
	"context"
	"errors"
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/internal/correct"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// WithBiasCorrection adds to every bias of a layer on codes the mean error of its sums,
// against those of the float model, on samples of the calibration data. They are kept in
// the Calibration, though not in its file: with WithResume they are read again.
func WithBiasCorrection() ConversionOption {
	return converting(func(o *quantizeOptions) { o.correct.Bias = true })
}

// WithAdaptiveRounding chooses the codes of weights so that the sums of a layer come closest
// to those of the exact weights, on samples of the calibration data as of
// WithBiasCorrection; otherwise every weight becomes the code next to it.
func WithAdaptiveRounding() ConversionOption {
	return converting(func(o *quantizeOptions) { o.correct.Round = true })
}

// WithCorrectionProgress is called by what these two ask for, with the number of
// layers that are done, of how many.
func WithCorrectionProgress(f func(done, of int)) ConversionOption {
	return converting(func(o *quantizeOptions) { o.correct.Progress = f })
}

// corrects reports whether samples are needed behind the calibration.
func (o quantizeOptions) corrects() bool { return o.correct.Bias || o.correct.Round }

// corrected is g, converted from p, corrected on the samples of c.
func (o quantizeOptions) corrected(ctx context.Context, p *ptq.Prepared, g *graph.Graph, report *ptq.Report, c *Calibration) (*graph.Graph, error) {
	if !o.corrects() {
		return g, nil
	}
	if len(c.samples) == 0 {
		return nil, classed{errors.New("corrections need samples of the calibration data, which statistics alone do not hold: Calibrate with the same options, and WithResume, reads some"), ErrCalibration}
	}
	codes, err := p.QConfig.Weight.Codes()
	if err != nil {
		return nil, classed{err, ErrRecipe}
	}
	options := o.correct
	options.Codes, options.Threads = codes, o.threads
	if options.Bias {
		if options.Judge, err = compare.Closeness(ctx, p.Graph, c.samples, compare.Options{Threads: o.threads}); err != nil {
			return nil, err
		}
	}
	made, err := correct.Run(ctx, p.Graph, g, c.samples, options)
	if err != nil {
		return nil, err
	}
	return made.Graph, reportCorrected(report, p, made, options)
}

// reportCorrected brings the report of a conversion up to date.
func reportCorrected(report *ptq.Report, p *ptq.Prepared, made *correct.Corrected, options correct.Options) error {
	report.Int8Bytes += made.Biases
	if options.Bias {
		report.BiasCorrected = len(made.BiasLayers)
	}
	if !options.Round {
		return nil
	}
	report.Rounded = len(made.Layers)
	for i, n := range report.Nodes {
		if n.WeightSQNR == nil {
			continue
		}
		float, _ := p.Graph.Node(n.Name)
		int8, _ := made.Graph.Node(n.Name)
		real, err := quant.Dequantize(op.WeightOf(int8).Data)
		if err != nil {
			return fmt.Errorf("node %q: %w", n.Name, err)
		}
		sqnr := ptq.SQNR(op.WeightOf(float).Data.Float32s(), real.Float32s())
		report.Nodes[i].WeightSQNR = &sqnr
	}
	return nil
}

const (
	// correctionSamples is how many samples corrections are measured on at least, where there
	// are so many, and half of how many at most.
	correctionSamples = 32
	// correctionBytes bounds the memory of these samples.
	correctionBytes = 64 << 20
)

// keeper keeps samples of a stream, at even distances, whatever its length.
type keeper struct {
	whole        bool // runs are not cut into samples
	samples      [][]*tensor.Tensor
	seen, stride int
	bytes        int
}

// tee passes the runs on.
func (k *keeper) tee(in runs) runs {
	if in == nil {
		return nil
	}
	k.samples, k.seen, k.stride, k.bytes = nil, 0, 1, 0
	return func(yield func([]*tensor.Tensor, error) bool) {
		for x, err := range in {
			if err == nil {
				k.see(x)
			}
			if !yield(x, err) {
				return
			}
		}
	}
}

func (k *keeper) see(x []*tensor.Tensor) {
	if k.whole {
		k.keep(x)
		return
	}
	for _, one := range compare.Split(x[0], x[0].Dim(0)) {
		k.keep([]*tensor.Tensor{one})
	}
}

func (k *keeper) keep(x []*tensor.Tensor) {
	if k.seen++; (k.seen-1)%k.stride != 0 {
		return
	}
	own := make([]*tensor.Tensor, len(x))
	for i, t := range x {
		own[i] = t.Clone() // a row would keep its whole batch
	}
	k.samples = append(k.samples, own)
	k.bytes += bytesOf(x)
	for len(k.samples) == 2*correctionSamples || k.bytes > correctionBytes && len(k.samples) > 1 {
		kept := k.samples[:0]
		k.bytes = 0
		for i := 0; i < len(k.samples); i += 2 {
			kept = append(kept, k.samples[i])
			k.bytes += bytesOf(k.samples[i])
		}
		clear(k.samples[len(kept):])
		k.samples, k.stride = kept, 2*k.stride
	}
}

// bytesOf is the memory of tensors.
func bytesOf(x []*tensor.Tensor) (n int) {
	for _, t := range x {
		n += t.Numel() * t.DType().Size()
	}
	return n
}
