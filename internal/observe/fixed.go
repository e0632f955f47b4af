package observe

import (
	"fmt"

	"github.com/octet-ml/octet/tensor"
)

// silent is an observer without statistics: it ignores what it sees.
type silent struct {
	base
	q *tensor.QParams // nil for a placeholder
}

func newFixed(b base) (Observer, error) {
	q := tensor.Affine(b.spec.Scale, b.spec.ZeroPoint)
	return &silent{b, q}, q.Validate(b.spec.DType, nil)
}

func newPlaceholder(b base) (Observer, error) { return &silent{b, nil}, nil }

func (o *silent) Observe(x []float32, shape tensor.Shape) error {
	if err := o.checkBatch(x, shape); err != nil || !o.strict {
		return err
	}
	_, _, err := o.rangeOf(x)
	return err
}

// QParams are the given ones. A placeholder has none: that is an error.
func (o *silent) QParams() (*tensor.QParams, error) {
	if o.q == nil {
		return nil, fmt.Errorf("a %s observer of type %v has no scale and zero point: it stands for a tensor that is not quantized beforehand", o.spec.Kind, o.spec.DType)
	}
	return tensor.Affine(o.q.Scale(), o.q.ZeroPoint()), nil
}

// Range has nothing to report: nothing is watched.
func (o *silent) Range() (lo, hi float32, ok bool) { return 0, 0, false }

func (o *silent) State() ([]byte, error) { return []byte("{}"), nil }

func (o *silent) SetState(text []byte) error { return o.readState(text, &struct{}{}) }

// Merge only checks that both have the same specification.
func (o *silent) Merge(other Observer) error {
	_, err := peer(o, other)
	return err
}
