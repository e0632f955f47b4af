package octet

import (
	"context"
	"fmt"

	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/tensor"
)

// clampInputs is the number of inputs on which the float variants are compared.
const clampInputs = 64

// clampRemedy is what to do about a network that needs its ReLU6.
const clampRemedy = "take the ranges from the model with ReLU6, which int8 codes do not leave (--relu6-ranges, octet.WithReLU6Ranges), best with 0..255 as qnnpack has it, or fine-tune the float model with ReLU"

// ClampEffect runs the two float variants of m, with ReLU6 and with ReLU, on up to
// 64 inputs, and says how far they are apart. It is nil where ClampDiffers is false.
func (m *Model) ClampEffect(ctx context.Context, inputs Batches, opts ...CompileOption) (*ptq.ClampEffect, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	if inputs == nil {
		return nil, errNil("stream of inputs", "octet.Inputs and octet.FromTensor return one")
	}
	if !m.ClampDiffers() || m.quantized {
		return nil, nil
	}
	relu, err := m.Quantizable()
	if err != nil {
		return nil, err
	}
	want, err := m.Compile(opts...)
	if err != nil {
		return nil, err
	}
	got, err := relu.Compile(opts...)
	if err != nil {
		return nil, err
	}
	e := &ptq.ClampEffect{}
	for x, err := range inputs {
		if err != nil {
			return nil, err
		}
		if x == nil {
			return nil, errNil("input", "it is a tensor of float32 [N, C, H, W]")
		}
		for _, one := range compare.Split(x, clampInputs-e.Inputs) {
			if err := addClamped(ctx, e, want, got, one); err != nil {
				return nil, err
			}
		}
		if e.Inputs >= clampInputs {
			break
		}
	}
	return e, nil
}

func addClamped(ctx context.Context, e *ptq.ClampEffect, want, got *Session, x *tensor.Tensor) error {
	a, err := want.Run(ctx, x)
	if err != nil {
		return err
	}
	b, err := got.Run(ctx, x)
	if err != nil {
		return err
	}
	e.Add(a.Float32s(), b.Float32s(), compare.Top1(a.Float32s()) == compare.Top1(b.Float32s()))
	return nil
}

// WithReLU6Ranges calibrates a model with ReLU6 as it was trained, although what is
// converted has ReLU, as torchvision's quantized model has it. Codes do not leave
// the range that was calibrated, so the int8 model clamps near 6 all the same. Training
// begins with such ranges in any case.
func WithReLU6Ranges() RecipeOption {
	return recipe(func(o *quantizeOptions) { o.relu6 = true })
}

// clampWatch keeps what it needs of a calibration's inputs to measure ClampEffect.
type clampWatch struct {
	model   *Model
	samples []*tensor.Tensor
}

// tee passes the calibration data on.
func (w *clampWatch) tee(in Batches) Batches {
	if in == nil || !w.model.ClampDiffers() {
		return in
	}
	return func(yield func(*tensor.Tensor, error) bool) {
		for x, err := range in {
			if err == nil {
				w.keep(x)
			}
			if !yield(x, err) {
				return
			}
		}
	}
}

func (w *clampWatch) keep(x *tensor.Tensor) {
	w.samples = append(w.samples, compare.Split(x, clampInputs-len(w.samples))...)
}

// effect measures on what was kept or, where a calibration needed no data, on the
// beginning of the data.
func (w *clampWatch) effect(ctx context.Context, data Batches, o quantizeOptions) (*ptq.ClampEffect, error) {
	if !w.model.ClampDiffers() || data == nil && len(w.samples) == 0 {
		return nil, nil
	}
	if len(w.samples) > 0 {
		data = func(yield func(*tensor.Tensor, error) bool) {
			for _, x := range w.samples {
				if !yield(x, nil) {
					return
				}
			}
		}
	}
	e, err := w.model.ClampEffect(ctx, data, WithThreads(o.threads))
	if err != nil {
		return nil, fmt.Errorf("comparing ReLU with ReLU6: %w", err)
	}
	return e, nil
}

// explain adds to an error of a calibration that the model itself may be the reason.
func (w *clampWatch) explain(ctx context.Context, err error, o quantizeOptions) error {
	if ctx.Err() != nil || o.relu6 || len(w.samples) == 0 {
		return err
	}
	if e, failed := w.effect(ctx, nil, o); failed == nil && e != nil && e.Harmful() {
		return classed{fmt.Errorf("%w\n%v\n%s", err, e, clampRemedy), ErrCalibration}
	}
	return err
}

// warnClamp adds the effect to the report.
func warnClamp(r *ptq.Report, e *ptq.ClampEffect, o quantizeOptions) {
	if r.ReLU6 = e; e == nil || !e.Harmful() {
		return
	}
	text := e.String()
	if o.relu6 {
		text += "; the ranges were taken from the model with ReLU6: compare with the float model what is left of that"
	} else {
		text += "; " + clampRemedy
	}
	r.Warnings = append(r.Warnings, text)
}
