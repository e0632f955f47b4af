package observe

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// perChannel keeps a running minimum and maximum of every channel.
type perChannel struct {
	base
	lo, hi []float32 // empty before the first batch
}

func newPerChannel(b base) (Observer, error) {
	o := &perChannel{base: b}
	return o, o.prepare(true)
}

func (o *perChannel) Observe(x []float32, shape tensor.Shape) error {
	return o.observe(x, shape, func(c int, lo, hi float32) {
		o.lo[c], o.hi[c] = positiveZero(min(o.lo[c], lo)), positiveZero(max(o.hi[c], hi))
	})
}

// observe finds the range of every channel of a batch and calls later with it,
// unless it is the first batch, whose ranges are kept as they are.
func (o *perChannel) observe(x []float32, shape tensor.Shape, later func(c int, lo, hi float32)) error {
	if err := o.checkBatch(x, shape); err != nil || len(x) == 0 {
		return err
	}
	axis := o.full.Axis
	if axis < 0 {
		axis += len(shape)
	}
	if axis < 0 || axis >= len(shape) {
		return fmt.Errorf("%s observer: a batch of shape %v has no axis %d", o.spec.Kind, shape, o.full.Axis)
	}
	if len(o.lo) != 0 && len(o.lo) != shape[axis] {
		return fmt.Errorf("%s observer: a batch of shape %v has %d channels on axis %d where earlier batches had %d",
			o.spec.Kind, shape, shape[axis], axis, len(o.lo))
	}
	if o.strict {
		if _, _, err := o.rangeOf(x); err != nil {
			return err
		}
	}
	lo, hi := channelRanges(x, shape, axis)
	if len(o.lo) == 0 {
		o.lo, o.hi = lo, hi
		return nil
	}
	for c := range lo {
		later(c, lo[c], hi[c])
	}
	return nil
}

func channelRanges(x []float32, shape tensor.Shape, axis int) (lo, hi []float32) {
	n, inner := shape[axis], shape[axis+1:].Numel()
	lo, hi = make([]float32, n), make([]float32, n)
	for at := 0; at < len(x); at += inner {
		c, first := at/inner%n, at < n*inner
		l, h := minMaxOf(x[at : at+inner])
		if !first {
			l, h = min(lo[c], l), max(hi[c], h)
		}
		lo[c], hi[c] = positiveZero(l), positiveZero(h)
	}
	return lo, hi
}

func (o *perChannel) QParams() (*tensor.QParams, error) {
	axis := o.full.Axis
	if len(o.lo) == 0 { // PyTorch's answer, whatever the number of channels
		return tensor.PerAxis([]float64{1}, []int64{0}, axis), nil
	}
	for c := range o.lo {
		if !isFinite(o.lo[c], o.hi[c]) {
			return nil, &RangeError{Kind: o.spec.Kind, Channel: c, Min: o.lo[c], Max: o.hi[c]}
		}
	}
	// Rounding can put the moving average of constant minima a hair above that of
	// the equal maxima, where PyTorch gives up.
	lo, hi := make([]float32, len(o.lo)), make([]float32, len(o.hi))
	for c := range lo {
		lo[c], hi[c] = min(o.lo[c], o.hi[c]), max(o.lo[c], o.hi[c])
	}
	return quant.CalculateQParamsPerChannel(lo, hi, axis, o.full.QScheme, o.full.DType, o.codes, o.full.Eps)
}

func (o *perChannel) Range() (lo, hi float32, ok bool) {
	if len(o.lo) == 0 {
		return 0, 0, false
	}
	lo, hi = o.lo[0], o.hi[0]
	for c := range o.lo {
		lo, hi = min(lo, o.lo[c]), max(hi, o.hi[c])
	}
	return lo, hi, true
}

// Ranges returns the range of each channel; none before the first batch.
func (o *perChannel) Ranges() (lo, hi []float32) { return slices.Clone(o.lo), slices.Clone(o.hi) }

// SetRanges replaces the ranges.
func (o *perChannel) SetRanges(lo, hi []float32) error {
	if len(lo) != len(hi) {
		return fmt.Errorf("%s observer: %d minima and %d maxima", o.spec.Kind, len(lo), len(hi))
	}
	o.lo, o.hi = slices.Clone(lo), slices.Clone(hi)
	return nil
}

// Merge takes in the ranges of other.
func (o *perChannel) Merge(other Observer) error {
	p, err := peer(o, other)
	switch {
	case err != nil:
		return err
	case len(p.lo) == 0:
		return nil
	case len(o.lo) == 0:
		o.lo, o.hi = append([]float32(nil), p.lo...), append([]float32(nil), p.hi...)
		return nil
	case len(o.lo) != len(p.lo):
		return fmt.Errorf("cannot merge observers of %d and of %d channels", len(o.lo), len(p.lo))
	}
	for c := range o.lo {
		o.lo[c], o.hi[c] = min(o.lo[c], p.lo[c]), max(o.hi[c], p.hi[c])
	}
	return nil
}

type channelState struct {
	Min []number `json:"min"`
	Max []number `json:"max"`
}

func (o *perChannel) State() ([]byte, error) {
	return json.Marshal(channelState{numbers(o.lo), numbers(o.hi)})
}

func (o *perChannel) SetState(text []byte) error {
	var s channelState
	if err := o.readState(text, &s); err != nil {
		return err
	}
	if len(s.Min) != len(s.Max) {
		return o.badState("%d minima and %d maxima", len(s.Min), len(s.Max))
	}
	for c := range s.Min {
		if o.spec.Kind == quant.PerChannelMinMax && s.Min[c] > s.Max[c] {
			return o.badState("min %g of channel %d is above max %g", s.Min[c], c, s.Max[c])
		}
	}
	o.lo, o.hi = floats(s.Min), floats(s.Max)
	return nil
}

func numbers(x []float32) []number {
	out := make([]number, len(x))
	for i, v := range x {
		out[i] = number(v)
	}
	return out
}

func floats(x []number) []float32 {
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = float32(v)
	}
	return out
}

// movingAveragePerChannel averages every channel's range exponentially.
type movingAveragePerChannel struct{ perChannel }

func newMovingAveragePerChannel(b base) (Observer, error) {
	o := &movingAveragePerChannel{perChannel{base: b}}
	return o, o.prepare(true)
}

func (o *movingAveragePerChannel) Observe(x []float32, shape tensor.Shape) error {
	f := float32(o.full.AveragingConstant)
	return o.observe(x, shape, func(c int, lo, hi float32) {
		o.lo[c], o.hi[c] = average(o.lo[c], lo, f), average(o.hi[c], hi, f)
	})
}

// Merge refuses: a moving average depends on the order of the batches.
func (o *movingAveragePerChannel) Merge(Observer) error {
	return &OrderError{Kind: o.spec.Kind, Use: string(quant.PerChannelMinMax)}
}
