package observe

import (
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// movingAverage averages the batches' minima and maxima exponentially:
// m + f32(c)*(batch - m), three roundings.
type movingAverage struct{ minMax }

func newMovingAverage(b base) (Observer, error) {
	o := &movingAverage{minMax{base: b}}
	o.reset()
	return o, o.prepare(false)
}

func (o *movingAverage) Observe(x []float32, shape tensor.Shape) error {
	if err := o.checkBatch(x, shape); err != nil || len(x) == 0 {
		return err
	}
	lo, hi, err := o.rangeOf(x)
	if err != nil {
		return err
	}
	if never(o.lo, o.hi) {
		o.lo, o.hi = lo, hi
		return nil
	}
	c := float32(o.full.AveragingConstant)
	o.lo, o.hi = average(o.lo, lo, c), average(o.hi, hi, c)
	return nil
}

func average(m, batch, c float32) float32 { return m + float32(c*(batch-m)) }

// QParams orders the averages first: rounding can put that of constant minima a
// hair above that of the equal maxima, where PyTorch gives up.
func (o *movingAverage) QParams() (*tensor.QParams, error) {
	if never(o.lo, o.hi) {
		return o.affine(o.lo, o.hi)
	}
	return o.affine(min(o.lo, o.hi), max(o.lo, o.hi))
}

// Merge refuses: a moving average depends on the order of the batches.
func (o *movingAverage) Merge(Observer) error {
	return &OrderError{Kind: o.spec.Kind, Use: string(quant.MinMax)}
}
