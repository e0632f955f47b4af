package quant

import (
	"fmt"
	"strings"
)

// QScheme says how scale and zero point follow from a range, in PyTorch's words.
type QScheme uint8

// The schemes. The zero value is PyTorch's default.
const (
	PerTensorAffine              QScheme = iota // one scale, zero point within the codes
	PerTensorSymmetric                          // one scale, zero point in the middle
	PerChannelAffine                            // one scale and zero point per channel
	PerChannelSymmetric                         // one scale per channel, zero point in the middle
	PerChannelAffineFloatQParams                // embedding tables: float zero points
)

var qschemeNames = [...]string{
	"per_tensor_affine", "per_tensor_symmetric",
	"per_channel_affine", "per_channel_symmetric", "per_channel_affine_float_qparams",
}

// String returns PyTorch's name of the scheme, without the "torch." prefix.
func (s QScheme) String() string {
	if int(s) < len(qschemeNames) {
		return qschemeNames[s]
	}
	return fmt.Sprintf("qscheme(%d)", uint8(s))
}

// ParseQScheme returns the scheme with PyTorch's name, with or without "torch.".
func ParseQScheme(name string) (QScheme, error) {
	short := strings.TrimPrefix(name, "torch.")
	for i, n := range qschemeNames {
		if n == short {
			return QScheme(i), nil
		}
	}
	return 0, fmt.Errorf("unknown qscheme %q: use one of %s", name, strings.Join(qschemeNames[:], ", "))
}

// IsPerChannel reports whether every channel has parameters of its own.
func (s QScheme) IsPerChannel() bool { return s >= PerChannelAffine }

// IsSymmetric reports whether the zero point is fixed in the middle of the codes.
func (s QScheme) IsSymmetric() bool { return s == PerTensorSymmetric || s == PerChannelSymmetric }

// MarshalText gives PyTorch's name.
func (s QScheme) MarshalText() ([]byte, error) {
	if int(s) >= len(qschemeNames) {
		return nil, fmt.Errorf("no such qscheme: %d", uint8(s))
	}
	return []byte(s.String()), nil
}

// UnmarshalText is the inverse of MarshalText.
func (s *QScheme) UnmarshalText(text []byte) error {
	v, err := ParseQScheme(string(text))
	if err == nil {
		*s = v
	}
	return err
}
