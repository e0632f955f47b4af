package octet

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/tensor"
)

// Samples is a stream of all inputs of a model by name, as RunNamed takes them: one
// forward each. An error ends it. The tensors belong to the receiver.
type Samples = iter.Seq2[map[string]*tensor.Tensor, error]

// runs is a stream of what single forwards take: all inputs of a model, in their order.
type runs = iter.Seq2[[]*tensor.Tensor, error]

// alone makes a stream of runs of models with one input; nothing, nil, stays nothing.
func alone(in Batches) runs {
	if in == nil {
		return nil
	}
	return func(yield func([]*tensor.Tensor, error) bool) {
		for x, err := range in {
			if !yield([]*tensor.Tensor{x}, err) {
				return
			}
		}
	}
}

// QuantizeNamed is Quantize of a model with any inputs: several, or of any shape and type.
// The batch size does not matter: every sample is a forward.
func QuantizeNamed(ctx context.Context, m *Model, samples Samples, opts ...QuantizeOption) (*Model, *ptq.Report, error) {
	c, err := CalibrateNamed(ctx, m, samples, opts...)
	if err != nil {
		return nil, nil, err
	}
	return m.convertOf(ctx, c, recipeFor(m, opts))
}

// CalibrateNamed is Calibrate of a model with any inputs.
func CalibrateNamed(ctx context.Context, m *Model, samples Samples, opts ...QuantizeOption) (*Calibration, error) {
	o := recipeFor(m, opts)
	o.identified = true
	prepared, _, err := m.prepare(o)
	if err != nil {
		return nil, err
	}
	c, err := o.calibrate(ctx, prepared, m.ordered(samples, o.limit), true)
	if err != nil {
		return c, classed{err, ErrCalibration}
	}
	return c, nil
}

// ordered checks samples and puts their inputs in order, up to limit of them.
func (m *Model) ordered(samples Samples, limit int) runs {
	if samples == nil {
		return nil
	}
	takes := m.takes()
	return func(yield func([]*tensor.Tensor, error) bool) {
		n := 0
		for named, err := range samples {
			var in []*tensor.Tensor
			if err == nil {
				if in, err = inOrder(takes, named); err != nil {
					err = fmt.Errorf("calibration sample %d: %w", n, err)
				}
			}
			if !yield(in, err) || err != nil {
				return
			}
			if n++; n == limit { // before the next sample is made
				return
			}
		}
	}
}

// inOrder are the inputs that a model takes.
func inOrder(takes []ValueInfo, named map[string]*tensor.Tensor) ([]*tensor.Tensor, error) {
	if len(named) > len(takes) {
		return nil, fmt.Errorf("%d inputs; the model takes %v", len(named), takes)
	}
	sizes := map[string]int{}
	in := make([]*tensor.Tensor, len(takes))
	for i, v := range takes {
		if named[v.Name] == nil {
			return nil, fmt.Errorf("input %s is missing; the model takes %v", v.Name, takes)
		}
		var err error
		if in[i], err = v.taken(named[v.Name], sizes); err != nil {
			return nil, err
		}
	}
	return in, nil
}

// SamplesOf cuts arrays, by the names of the inputs of m, into samples, and says how many
// there are. The leading axis of an array counts samples: it is one more than the input
// has, or else the input's own, of which each sample has one (or as many as the model
// has fixed). An array of a single element for an input without axes is in every sample.
func SamplesOf(m *Model, arrays map[string]*tensor.Tensor) (Samples, int, error) {
	if err := m.check(); err != nil {
		return nil, 0, err
	}
	takes := m.takes()
	n := -1
	at := map[string]func(i int) (*tensor.Tensor, error){}
	for _, v := range takes {
		t := arrays[v.Name]
		if t == nil {
			return nil, 0, fmt.Errorf("input %s is missing; the model takes %v", v.Name, takes)
		}
		count, sample, err := v.cut(t)
		if err != nil {
			return nil, 0, err
		}
		at[v.Name] = sample
		if count < 0 {
			continue // the same in all
		}
		if n >= 0 && n != count {
			return nil, 0, fmt.Errorf("input %s has %d samples, those before it have %d", v.Name, count, n)
		}
		n = count
	}
	if len(arrays) > len(takes) {
		return nil, 0, fmt.Errorf("arrays %v; the model takes %v", slices.Sorted(maps.Keys(arrays)), takes)
	}
	n = max(n, 1)
	return func(yield func(map[string]*tensor.Tensor, error) bool) {
		for i := range n {
			sample := map[string]*tensor.Tensor{}
			for _, v := range takes {
				t, err := at[v.Name](i)
				if err != nil {
					yield(nil, err)
					return
				}
				sample[v.Name] = t
			}
			if !yield(sample, nil) {
				return
			}
		}
	}, n, nil
}

// cut gives the number of samples in an array of an input, -1 where all share it, and
// sample i of them.
func (v ValueInfo) cut(t *tensor.Tensor) (n int, sample func(i int) (*tensor.Tensor, error), err error) {
	shape := t.Shape()
	if len(v.Shape) == 0 && len(shape) == 0 {
		return -1, func(int) (*tensor.Tensor, error) { return t, nil }, nil
	}
	if len(shape) == 0 || shape.Numel() == 0 {
		return 0, nil, fmt.Errorf("input %s is %v; its leading axis has to count samples of %v", v.Name, t, v)
	}
	each, of := 1, shape[1:]
	switch {
	case v.Shape != nil && len(shape) == len(v.Shape):
		each = max(1, v.Shape[0])
		of = append(tensor.Shape{each}, of...)
	case v.Shape != nil && len(shape) != len(v.Shape)+1:
		return 0, nil, fmt.Errorf("input %s is %v; give [N, ...] of samples of %v", v.Name, t, v)
	}
	if shape[0]%each != 0 {
		return 0, nil, fmt.Errorf("input %s is %v; the model takes %d at a time", v.Name, t, each)
	}
	return shape[0] / each, func(i int) (*tensor.Tensor, error) {
		b := t.Bytes()
		size := len(b) / (shape[0] / each)
		return tensor.FromBytes(t.DType(), nil, of, b[i*size:(i+1)*size])
	}, nil
}
