package observe

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// base is what all observers share: their specification, and the rules that
// follow from it.
type base struct {
	spec  quant.ObserverSpec // as given
	full  quant.ObserverSpec // with defaults
	codes quant.CodeRange

	strict bool // infinite values are an error
}

func (b *base) Spec() quant.ObserverSpec { return b.spec }

func (b *base) DType() tensor.DType { return b.spec.DType }

// prepare checks the specification of a kind that has a range.
func (b *base) prepare(perChannel bool) error {
	s := b.spec.WithDefaults()
	var err error
	if b.codes, err = quant.NewCodeRange(s.DType, s.QuantMin, s.QuantMax, s.ReduceRange); err != nil {
		return err
	}
	switch {
	case s.QScheme.IsPerChannel() != perChannel && perChannel:
		return fmt.Errorf("qscheme %v is per tensor: use a per_channel scheme, or the observer without per_channel in its name", s.QScheme)
	case s.QScheme.IsPerChannel() != perChannel:
		return fmt.Errorf("qscheme %v needs a per_channel observer", s.QScheme)
	case s.QScheme.IsSymmetric() && s.ReduceRange && s.DType == tensor.QUInt8 && s.Kind != quant.Histogram:
		return errors.New("symmetric quint8 cannot have reduce_range: use qint8 or an affine scheme")
	case !(s.Eps > 0) || math.IsInf(float64(s.Eps), 0):
		return fmt.Errorf("eps is %g: it must be positive and finite", s.Eps)
	case !(s.AveragingConstant > 0 && s.AveragingConstant <= 1):
		return fmt.Errorf("averaging_constant is %g: it must be above 0 and at most 1", s.AveragingConstant)
	case s.Bins < 8 || s.Bins > 1<<20:
		return fmt.Errorf("bins is %d: it must be between 8 and %d", s.Bins, 1<<20)
	case !(s.Percent > 50 && s.Percent <= 100):
		return fmt.Errorf("percent is %g: it must be above 50 and at most 100", s.Percent)
	}
	b.full = s
	return nil
}

// affine derives per-tensor parameters from a range.
func (b *base) affine(lo, hi float32) (*tensor.QParams, error) {
	if !never(lo, hi) && !isFinite(lo, hi) {
		return nil, &RangeError{Kind: b.spec.Kind, Channel: -1, Min: lo, Max: hi}
	}
	scale, zero, err := quant.CalculateQParams(lo, hi, b.full.QScheme, b.full.DType, b.codes, b.full.Eps)
	if err != nil {
		return nil, err
	}
	if math.IsInf(scale, 0) { // hi - lo beyond float32
		return nil, &RangeError{Kind: b.spec.Kind, Channel: -1, Min: lo, Max: hi}
	}
	return tensor.Affine(scale, zero), nil
}

// never is the range of an observer that has seen nothing.
func never(lo, hi float32) bool { return math.IsInf(float64(lo), 1) && math.IsInf(float64(hi), -1) }

func isFinite(lo, hi float32) bool {
	d := float64(hi) - float64(lo)
	return !math.IsNaN(d) && !math.IsInf(d, 0)
}

// positiveZero makes -0 into 0, so that a range does not depend on the order in
// which the two were seen.
func positiveZero(v float32) float32 {
	if v == 0 {
		return 0
	}
	return v
}

// checkBatch refuses a batch whose values do not fill its shape.
func (b *base) checkBatch(x []float32, shape tensor.Shape) error {
	if n, err := shape.CheckedNumel(); err != nil || n != len(x) {
		return fmt.Errorf("%s observer: %d values for a batch of shape %v", b.spec.Kind, len(x), shape)
	}
	return nil
}

// rangeOf returns the smallest and largest element of x, as minMaxOf does. When the
// observer is strict, a value that is not finite is an error.
func (b *base) rangeOf(x []float32) (lo, hi float32, err error) {
	lo, hi, finite := Range(x)
	if b.strict && !finite {
		err = b.notFinite(x)
	}
	return lo, hi, err
}

// notFinite is the error for the first element of x that is refused: NaN, and
// infinities where the observer is strict.
func (b *base) notFinite(x []float32) error {
	at := slices.IndexFunc(x, func(v float32) bool { return v != v || b.strict && v-v != 0 })
	return &ValueError{Kind: b.spec.Kind, Index: at, Value: x[at]}
}

// peer returns other as the type of an observer that it is to be merged into.
func peer[O Observer](o O, other Observer) (O, error) {
	p, ok := other.(O)
	if !ok || !reflect.DeepEqual(o.Spec(), other.Spec()) {
		return p, fmt.Errorf("cannot merge observers of different specifications: %v and %v", o.Spec(), other.Spec())
	}
	return p, nil
}

// number is a float32 that JSON keeps to the bit, infinities and NaN included.
type number float32

func (n number) MarshalJSON() ([]byte, error) {
	switch v := float64(n); {
	case math.IsNaN(v):
		return []byte(`"NaN"`), nil
	case math.IsInf(v, 1):
		return []byte(`"Infinity"`), nil
	case math.IsInf(v, -1):
		return []byte(`"-Infinity"`), nil
	case v == 0 && math.Signbit(v):
		return []byte(`-0.0`), nil
	default:
		return json.Marshal(float32(n))
	}
}

func (n *number) UnmarshalJSON(text []byte) error {
	switch string(text) {
	case `"NaN"`:
		*n = number(math.NaN())
	case `"Infinity"`:
		*n = number(math.Inf(1))
	case `"-Infinity"`:
		*n = number(math.Inf(-1))
	default:
		return json.Unmarshal(text, (*float32)(n))
	}
	return nil
}

// readState decodes a state, which must have no other fields.
func (b *base) readState(text []byte, into any) error {
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("state of a %s observer: %w", b.spec.Kind, err)
	}
	if d.More() {
		return b.badState("more follows after its end")
	}
	return nil
}

// badState says why a state is refused.
func (b *base) badState(format string, args ...any) error {
	return fmt.Errorf("state of a %s observer: "+format, append([]any{b.spec.Kind}, args...)...)
}
