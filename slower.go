package octet

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/internal/timing"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/tensor"
)

// slowerRounds bounds how often layers are measured and excluded: a layer kept
// in float puts conversions around its neighbours, which may make them slower.
const slowerRounds = 4

// ExcludeSlower is Convert that keeps in float the layers whose int8 form, with the
// Quantize and Dequantize around it, measures slower than float32 on this machine. The
// layers are timed on the first of the inputs. Where c has not seen a value whose codes
// are needed only now, behind a layer that has become float, the inputs are calibrated
// again, from their beginning. The CalibrationRecord of the model lists what was
// excluded as Slower; which layers these are depends on the machine, and on what else
// it does.
func ExcludeSlower(ctx context.Context, m *Model, c *Calibration, inputs Batches, opts ...ExcludeSlowerOption) (*Model, *ptq.Report, error) {
	o := recipeFor(m, opts)
	int8Model, report, err := m.convertOf(ctx, c, o)
	if err != nil {
		return nil, nil, err
	}
	x, err := firstSample(inputs)
	if err != nil {
		return nil, nil, classed{err, ErrCalibration}
	}
	slower := []string{}
	again := o
	for range slowerRounds {
		found, err := timing.Slower(ctx, int8Model.graph, engine.Options{Threads: o.threads}, x)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", m.name(), err)
		}
		if len(found) == 0 {
			break
		}
		if o.slower != nil {
			o.slower(found)
		}
		slower = append(slower, found...)
		again.exclude = slices.Concat(o.exclude, slower)
		if int8Model, report, err = m.convertAgain(ctx, c, inputs, again); err != nil {
			return nil, nil, err
		}
	}
	int8Model.meta.Calibration.Slower = slower
	return int8Model, report, nil
}

// convertAgain converts with c, or calibrates again where it lacks a value.
func (m *Model) convertAgain(ctx context.Context, c *Calibration, inputs Batches, o quantizeOptions) (*Model, *ptq.Report, error) {
	made, report, err := m.convertOf(ctx, c, o)
	if !errors.Is(err, ErrStatistics) {
		return made, report, err
	}
	o.resume = nil
	prepared, numerics, err := m.prepare(o)
	if err != nil {
		return nil, nil, err
	}
	if c, err = m.calibrate(ctx, prepared, inputs, o); err != nil {
		return nil, nil, err
	}
	return m.convert(ctx, prepared, numerics, c, o)
}

// firstSample is the first input of a stream, alone.
func firstSample(inputs Batches) (*tensor.Tensor, error) {
	if inputs == nil {
		return nil, errNil("stream of inputs", "octet.Inputs and octet.FromTensor return one")
	}
	for x, err := range inputs {
		if err != nil {
			return nil, err
		}
		if x == nil || len(x.Shape()) != 4 || x.Numel() == 0 {
			return nil, fmt.Errorf("calibration data comes as %v; float32 [N, C, H, W] is needed", x)
		}
		return x.Rows(0, 1), nil
	}
	return nil, errors.New("the calibration data is empty")
}
