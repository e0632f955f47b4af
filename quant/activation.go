package quant

import "fmt"

// Activation is the clamp that a producer applies to its own output. It costs
// no rounding, which is why it is an attribute and not a node.
type Activation uint8

// The clamps.
const (
	NoActivation Activation = iota
	ReLU                    // max(x, 0)
	ReLU6                   // min(max(x, 0), 6)
)

var activationNames = [...]string{"", "relu", "relu6"}

// String returns PyTorch's functional name of the clamp, "" for none.
func (a Activation) String() string {
	if int(a) < len(activationNames) {
		return activationNames[a]
	}
	return fmt.Sprintf("activation(%d)", uint8(a))
}

// MarshalText gives the name of the clamp, "" for none.
func (a Activation) MarshalText() ([]byte, error) {
	if int(a) >= len(activationNames) {
		return nil, fmt.Errorf("no such activation: %d", uint8(a))
	}
	return []byte(a.String()), nil
}

// UnmarshalText is the inverse of MarshalText.
func (a *Activation) UnmarshalText(text []byte) error {
	for i, name := range activationNames {
		if name == string(text) {
			*a = Activation(i)
			return nil
		}
	}
	return fmt.Errorf("unknown activation %q: use relu, relu6 or nothing", text)
}

// Float applies the clamp to a real number. NaN stays NaN, as in PyTorch.
func (a Activation) Float(x float32) float32 {
	if a != NoActivation && x < 0 {
		return 0
	}
	if a == ReLU6 && x > 6 {
		return 6
	}
	return x
}

// Bounds returns the range of codes that the clamp leaves of what z produces.
func (a Activation) Bounds(z Quantizer) (lo, hi int32) {
	lo, hi = z.Lo, z.Hi
	if a != NoActivation {
		lo = max(lo, z.Zero)
	}
	if a == ReLU6 {
		hi = min(hi, z.Code(6))
	}
	return lo, max(lo, hi)
}
