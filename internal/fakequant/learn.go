package fakequant

import (
	"fmt"
	"math"
	"slices"

	"github.com/octet-ml/octet/quant"
)

// Learnable reports whether the scale and the zero point can be trained.
func (m *Module) Learnable() bool {
	return m.observer != nil && m.spec.FakeQuant == quant.LearnableFakeQuant
}

// Size gives every one of n channels its own scale and zero point, where it has
// none yet: Scale and ZeroPoint then keep their memory, which can be trained.
func (m *Module) Size(n int) error {
	switch {
	case len(m.Scale) == n:
	case len(m.Scale) != 1 || !m.PerChannel():
		return fmt.Errorf("%d scales for %d channels", len(m.Scale), n)
	default:
		m.Scale, m.ZeroPoint = slices.Repeat(m.Scale, n), slices.Repeat(m.ZeroPoint, n)
	}
	return nil
}

// Learn makes scale and zero point parameters that training decides, from what
// they are now on: PyTorch's enable_param_learning.
func (m *Module) Learn() {
	m.Learning, m.Enabled, m.ObserverEnabled = true, true, false
	m.Confine()
}

// Confine takes trained parameters back to what can be rounded by, as Update does
// before it is used.
func (m *Module) Confine() {
	for c := range m.Scale {
		m.Scale[c] = max(m.Scale[c], quant.DefaultEps)
		if m.Enabled && m.spec.QScheme.IsSymmetric() {
			m.ZeroPoint[c] = 0
		}
	}
}

// GradientRule is Rule as PyTorch's gradient of the scale and the zero point has
// it, which rounds a zero point of its own in another way.
func (m *Module) GradientRule(c int) (scale, zero float32) {
	scale, zero = m.Rule(c)
	if !m.PerChannel() {
		z := float32(math.Trunc(float64(m.ZeroPoint[0] + 0.5)))
		zero = max(float32(m.codes.Min), min(z, float32(m.codes.Max)))
	}
	return scale, zero
}

// GradientFactor is what the gradients of scale and zero point are multiplied with
// for a tensor of n elements.
func (m *Module) GradientFactor(n int) float64 {
	if !m.spec.GradScaling {
		return 1
	}
	return 1 / math.Sqrt(float64(n)*float64(m.codes.Max))
}

// SetScales sets Scale and ZeroPoint, in the memory that they have where their
// number stays.
func (m *Module) SetScales(scale, zero []float32) {
	if len(scale) != len(m.Scale) {
		if len(scale) != 1 || !m.Learnable() {
			m.Scale, m.ZeroPoint = slices.Clone(scale), slices.Clone(zero)
			return
		}
		scale, zero = slices.Repeat(scale, len(m.Scale)), slices.Repeat(zero, len(m.Scale))
	}
	copy(m.Scale, scale)
	copy(m.ZeroPoint, zero)
}
