package fakequant

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/internal/observe"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Module is one fake quantization and its state. The switches and buffers are
// PyTorch's.
type Module struct {
	spec  quant.ObserverSpec
	codes quant.CodeRange

	// ObserverEnabled: ranges given to Observe change the statistics.
	ObserverEnabled bool
	// Enabled: values are rounded; off, they pass as they are.
	Enabled bool
	// Learning: Scale and ZeroPoint are trained, not derived from a range: see Learn.
	Learning bool

	// Scale and ZeroPoint have one entry, or one for each channel once ranges of
	// channels were seen. ZeroPoint holds whole numbers unless it is trained.
	Scale, ZeroPoint []float32

	// AllCodes rounds to all codes of the type, as the converted operators do, and
	// not only to those that the range is mapped to.
	AllCodes bool

	observer observe.Ranger // nil where the parameters are fixed
}

// New returns the module that a specification describes, its observer and its
// rounding switched on: PlainFakeQuant, FusedFakeQuant or LearnableFakeQuant over
// one of the observers of ranges, or fixed parameters.
func New(spec quant.ObserverSpec) (*Module, error) {
	codes, err := spec.Codes()
	if err != nil {
		return nil, err
	}
	m := &Module{spec: spec, codes: codes, ObserverEnabled: true, Enabled: true, Scale: []float32{1}, ZeroPoint: []float32{0}}
	if spec.Kind == quant.FixedQParams {
		q := tensor.Affine(spec.Scale, spec.ZeroPoint)
		m.Scale[0], m.ZeroPoint[0] = float32(spec.Scale), float32(spec.ZeroPoint)
		return m, q.Validate(spec.DType, nil)
	}
	switch spec.FakeQuant {
	case quant.PlainFakeQuant, quant.FusedFakeQuant, quant.LearnableFakeQuant:
	default:
		return nil, fmt.Errorf("a %s observer without fake quantization cannot train: use a qconfig for training, such as default_qat", spec.Kind)
	}
	switch spec.Kind {
	case quant.MinMax, quant.MovingAverageMinMax, quant.PerChannelMinMax, quant.MovingAveragePerChannelMinMax:
	default:
		return nil, fmt.Errorf("a %s observer cannot be used in training: it needs all values, training gives the range of each batch; use a moving average", spec.Kind)
	}
	o, err := observe.New(spec)
	if err != nil {
		return nil, err
	}
	m.observer = o.(observe.Ranger)
	return m, nil
}

// Spec is what the module was made from.
func (m *Module) Spec() quant.ObserverSpec { return m.spec }

// PerChannel reports whether each channel has its own scale.
func (m *Module) PerChannel() bool { return m.spec.QScheme.IsPerChannel() }

// Fixed reports whether the parameters are given and never change.
func (m *Module) Fixed() bool { return m.observer == nil }

// Observing reports whether Update wants the range of a batch.
func (m *Module) Observing() bool { return m.observer != nil && m.ObserverEnabled }

// Ranges returns the statistics, as observe.Ranger does; none where the
// parameters are fixed.
func (m *Module) Ranges() (lo, hi []float32) {
	if m.observer == nil {
		return nil, nil
	}
	return m.observer.Ranges()
}

// SetRanges replaces the statistics.
func (m *Module) SetRanges(lo, hi []float32) error {
	if m.observer == nil {
		return fmt.Errorf("a fake quantization with fixed parameters has no ranges")
	}
	return m.observer.SetRanges(lo, hi)
}

// Update takes in the range of a batch, of each channel where channels have
// scales of their own, and sets Scale and ZeroPoint as PyTorch's module does in
// its forward. lo and hi are not looked at unless Observing.
func (m *Module) Update(lo, hi []float32) error {
	if m.observer == nil {
		return nil
	}
	if m.ObserverEnabled {
		if err := m.observe(lo, hi); err != nil {
			return err
		}
	}
	switch {
	case m.spec.FakeQuant == quant.FusedFakeQuant:
		// The fused kernel derives the parameters whenever it rounds.
		if m.Enabled {
			return m.derive(m.fused)
		}
	case m.ObserverEnabled:
		return m.derive(m.plain)
	case m.Learnable():
		m.Confine()
	}
	return nil
}

// observe feeds the observer, which only looks for extremes, with them.
func (m *Module) observe(lo, hi []float32) error {
	if m.PerChannel() {
		pairs := make([]float32, 0, 2*len(lo))
		for c := range lo {
			pairs = append(pairs, lo[c], hi[c])
		}
		shape := make(tensor.Shape, m.spec.Axis+2) // [..., channels, 2]
		for i := range shape {
			shape[i] = 1
		}
		shape[m.spec.Axis], shape[m.spec.Axis+1] = len(lo), 2
		return m.observer.Observe(pairs, shape)
	}
	return m.observer.Observe([]float32{lo[0], hi[0]}, tensor.Shape{2})
}

// derive sets the parameters from the ranges by rule.
func (m *Module) derive(rule func(lo, hi float32) (scale float64, zero int64, err error)) error {
	lo, hi := m.observer.Ranges()
	if len(lo) == 0 {
		for c := range m.Scale { // of what has seen nothing
			m.Scale[c], m.ZeroPoint[c] = 1, 0
		}
		return nil
	}
	if len(m.Scale) != len(lo) {
		m.Scale, m.ZeroPoint = make([]float32, len(lo)), make([]float32, len(lo))
	}
	for c := range lo {
		a, b := lo[c], hi[c]
		if never := math.IsInf(float64(a), 1) && math.IsInf(float64(b), -1); !never {
			if d := float64(b) - float64(a); math.IsNaN(d) || math.IsInf(d, 0) {
				return &observe.RangeError{Kind: m.spec.Kind, Channel: m.channel(c), Min: a, Max: b}
			}
			a, b = min(a, b), max(a, b) // averages of constant extremes can cross by a rounding
		}
		s, z, err := rule(a, b)
		if err != nil {
			return err
		}
		m.Scale[c], m.ZeroPoint[c] = float32(s), float32(z)
	}
	return nil
}

func (m *Module) channel(c int) int {
	if m.PerChannel() {
		return c
	}
	return -1
}

// plain is the rule of the observers.
func (m *Module) plain(lo, hi float32) (float64, int64, error) {
	s := m.spec.WithDefaults()
	return quant.CalculateQParams(lo, hi, s.QScheme, s.DType, m.codes, s.Eps)
}

// fused is the rule of the fused kernel, which knows no eps.
func (m *Module) fused(lo, hi float32) (float64, int64, error) {
	if math.IsInf(float64(lo), 1) {
		return 1, 0, nil
	}
	s, z := quant.ChooseQParamsFused(lo, hi, int(m.codes.Min), int(m.codes.Max), quant.ChooseOptions{PreserveSparsity: m.spec.QScheme.IsSymmetric()})
	return s, z, nil
}

// Codes is the range of codes that values are rounded to.
func (m *Module) Codes() (lo, hi float32) {
	if m.AllCodes {
		a, b := m.spec.DType.CodeRange()
		return float32(a), float32(b)
	}
	return float32(m.codes.Min), float32(m.codes.Max)
}

// Rule returns the scale and the zero point by which channel c is rounded.
func (m *Module) Rule(c int) (scale, zero float32) {
	if len(m.Scale) == 1 {
		c = 0
	}
	if scale, zero = m.Scale[c], m.ZeroPoint[c]; m.Learnable() {
		zero = m.zero(zero)
	}
	return scale, zero
}

// QParams returns the parameters that a converted model has: by the rule of the
// observers, whatever rule training went by, as PyTorch's convert derives them.
func (m *Module) QParams() (*tensor.QParams, error) {
	switch {
	case m.Learnable():
		q := &tensor.QParams{Axis: m.axis()}
		for c, s := range m.Scale {
			q.Scales = append(q.Scales, float64(s))
			q.ZeroPoints = append(q.ZeroPoints, int64(m.zero(m.ZeroPoint[c])))
		}
		return q, q.Validate(m.spec.DType, nil)
	case m.observer == nil:
		return tensor.Affine(m.spec.Scale, m.spec.ZeroPoint), nil
	}
	return m.observer.QParams()
}

func (m *Module) axis() int {
	if m.PerChannel() {
		return m.spec.Axis
	}
	return tensor.PerTensor
}

// zero rounds a trained zero point to a code.
func (m *Module) zero(z float32) float32 {
	return max(float32(m.codes.Min), min(quant.RoundEven(z), float32(m.codes.Max)))
}

// Refresh sets Scale and ZeroPoint to those of the ranges, by the module's rule.
func (m *Module) Refresh() error {
	switch {
	case m.observer == nil || m.Learning:
		return nil
	case m.spec.FakeQuant == quant.FusedFakeQuant:
		return m.derive(m.fused)
	}
	return m.derive(m.plain)
}
