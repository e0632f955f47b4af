package observe

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/quant"
)

// Copy returns an observer of spec that has seen what o has seen, and may be shown
// more without changing o. The two specifications collect the same statistics and
// may differ in what they make of them: the range of codes, the scheme, the share
// of values that is kept.
func Copy(o Observer, spec quant.ObserverSpec) (Observer, error) {
	if o.Spec().Kind != spec.Kind {
		return nil, fmt.Errorf("what a %s observer has seen says nothing to a %s observer", o.Spec().Kind, spec.Kind)
	}
	from := o.(keeper)
	c, err := newOf(base{spec: spec, strict: from.isStrict()})
	if err != nil {
		return nil, err
	}
	return c, c.(keeper).adopt(from.statistics())
}

// keeper is what every observer is: something with statistics that another of its
// kind can take over.
type keeper interface {
	isStrict() bool
	statistics() any
	adopt(statistics any) error
}

func (b *base) isStrict() bool { return b.strict }

func (o *minMax) statistics() any { return o }

func (o *minMax) adopt(s any) error {
	from := s.(*minMax)
	o.lo, o.hi = from.lo, from.hi
	return nil
}

func (o *histogram) statistics() any { return o }

func (o *histogram) adopt(s any) error {
	from := s.(*histogram)
	if err := o.sameBins(from.full.Bins); err != nil {
		return err
	}
	o.lo, o.hi, o.counts = from.lo, from.hi, slices.Clone(from.counts)
	return nil
}

func (o *mergeable) statistics() any { return o }

func (o *mergeable) adopt(s any) error {
	from := s.(*mergeable)
	if err := o.sameBins(from.full.Bins); err != nil {
		return err
	}
	o.lo, o.hi, o.exp, o.first, o.counts, o.skipped = from.lo, from.hi, from.exp, from.first, slices.Clone(from.counts), from.skipped
	return nil
}

// sameBins refuses statistics of another number of bins.
func (b *base) sameBins(n int) error {
	if n != b.full.Bins {
		return fmt.Errorf("%s observer: statistics of %d bins where the specification says %d", b.spec.Kind, n, b.full.Bins)
	}
	return nil
}

func (o *perChannel) statistics() any { return o }

func (o *perChannel) adopt(s any) error {
	from := s.(*perChannel)
	o.lo, o.hi = slices.Clone(from.lo), slices.Clone(from.hi)
	return nil
}

func (o *silent) statistics() any { return nil }

func (o *silent) adopt(any) error { return nil }
