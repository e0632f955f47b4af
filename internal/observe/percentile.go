package observe

import (
	"github.com/octet-ml/octet/tensor"
)

// percentile keeps the middle Percent of the values and cuts off what lies
// beyond, half of it at either end. Within a bin values are taken to be spread
// evenly.
type percentile struct{ mergeable }

func newPercentile(b base) (Observer, error) {
	m, err := openMergeable(b)
	return &percentile{m}, err
}

// QParams derives the parameters from the range that is kept.
func (o *percentile) QParams() (*tensor.QParams, error) {
	if len(o.counts) == 0 {
		return o.affine(o.lo, o.hi)
	}
	lo, hi := o.clip()
	return o.affine(lo, hi)
}

func (o *percentile) clip() (lo, hi float32) {
	cut := float64(o.total()) * (100 - o.full.Percent) / 200
	lo = o.within(o.quantile(cut))
	hi = o.within(o.quantile(float64(o.total()) - cut))
	return min(lo, hi), max(lo, hi)
}

// quantile is the value that n of the values lie below.
func (o *percentile) quantile(n float64) float64 {
	var below float64
	for i, c := range o.counts {
		if c == 0 {
			continue
		}
		if below+float64(c) >= n {
			a, b := o.edge(i), o.edge(i+1)
			return a + float64((b-a)*((n-below)/float64(c)))
		}
		below += float64(c)
	}
	return float64(o.hi)
}

// within rounds v and limits it to the values seen.
func (o *mergeable) within(v float64) float32 { return max(o.lo, min(float32(v), o.hi)) }

// Merge adds the counts of other.
func (o *percentile) Merge(other Observer) error {
	p, err := peer(o, other)
	if err == nil {
		o.add(&p.mergeable)
	}
	return err
}
