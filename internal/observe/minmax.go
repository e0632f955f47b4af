package observe

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// minMax keeps a running minimum and maximum. NaN poisons both, as in PyTorch.
type minMax struct {
	base
	lo, hi float32 // +Inf, -Inf before the first batch
}

func newMinMax(b base) (Observer, error) {
	o := &minMax{base: b}
	o.reset()
	return o, o.prepare(false)
}

func (o *minMax) reset() { o.lo, o.hi = float32(math.Inf(1)), float32(math.Inf(-1)) }

func (o *minMax) Observe(x []float32, shape tensor.Shape) error {
	if err := o.checkBatch(x, shape); err != nil || len(x) == 0 {
		return err
	}
	lo, hi, err := o.rangeOf(x)
	if err == nil {
		o.include(lo, hi)
	}
	return err
}

func (o *minMax) include(lo, hi float32) {
	o.lo, o.hi = positiveZero(min(o.lo, lo)), positiveZero(max(o.hi, hi))
}

func (o *minMax) QParams() (*tensor.QParams, error) { return o.affine(o.lo, o.hi) }

// Range holds NaN, and is ok, when NaN was seen.
func (o *minMax) Range() (lo, hi float32, ok bool) { return o.lo, o.hi, !never(o.lo, o.hi) }

// Ranges returns the one range, +Inf to -Inf before the first batch.
func (o *minMax) Ranges() (lo, hi []float32) { return []float32{o.lo}, []float32{o.hi} }

// SetRanges replaces the range.
func (o *minMax) SetRanges(lo, hi []float32) error {
	if len(lo) != 1 || len(hi) != 1 {
		return fmt.Errorf("%s observer: %d minima and %d maxima; it keeps one range", o.spec.Kind, len(lo), len(hi))
	}
	o.lo, o.hi = lo[0], hi[0]
	return nil
}

// Merge takes in the range of other.
func (o *minMax) Merge(other Observer) error {
	p, err := peer(o, other)
	if err != nil {
		return err
	}
	o.include(p.lo, p.hi)
	return nil
}

// rangeState is the state of the per-tensor range observers.
type rangeState struct {
	Min number `json:"min"`
	Max number `json:"max"`
}

func (o *minMax) State() ([]byte, error) {
	return json.Marshal(rangeState{number(o.lo), number(o.hi)})
}

func (o *minMax) SetState(text []byte) error {
	s := rangeState{number(math.Inf(1)), number(math.Inf(-1))}
	if err := o.readState(text, &s); err != nil {
		return err
	}
	lo, hi := float32(s.Min), float32(s.Max)
	if o.spec.Kind == quant.MinMax && lo > hi && !never(lo, hi) {
		return o.badState("min %g is above max %g", lo, hi)
	}
	o.lo, o.hi = lo, hi
	return nil
}
