package quant

import (
	"fmt"
	"strings"
)

// Numerics names a numeric preset: the rules by which one PyTorch engine turns
// real numbers into codes and accumulators into outputs. It says nothing about
// the machine: every preset runs on every CPU, with the same bits.
type Numerics uint8

// The presets. The zero value means that a graph does not say, which is an
// error wherever integers are computed.
const (
	NumericsUnset Numerics = iota
	FBGEMM                 // x86 servers; also what PyTorch's "x86" engine computes on AVX2
	QNNPACK                // ARM devices
	OneDNN                 // PyTorch's oneDNN engine
	ONNX                   // ONNX's operators as ONNX Runtime computes them
)

var numericsNames = [...]string{"unset", "fbgemm", "qnnpack", "onednn", "onnx"}

// String returns the preset's name in PyTorch's words.
func (n Numerics) String() string {
	if int(n) < len(numericsNames) {
		return numericsNames[n]
	}
	return fmt.Sprintf("numerics(%d)", uint8(n))
}

// ParseNumerics returns the preset called name. "x86" means fbgemm's rules on
// every CPU.
func ParseNumerics(name string) (Numerics, error) {
	switch strings.ToLower(name) {
	case "fbgemm", "x86":
		return FBGEMM, nil
	case "qnnpack":
		return QNNPACK, nil
	case "onednn":
		return OneDNN, nil
	case "onnx":
		return ONNX, nil
	}
	return NumericsUnset, fmt.Errorf("unknown backend %q: use fbgemm (x86 servers; x86 is another name of it), qnnpack (ARM devices) or onednn (other scales and rules than fbgemm)", name)
}

// MarshalText gives the preset's name, so that files and reports carry words.
func (n Numerics) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (n *Numerics) UnmarshalText(text []byte) error {
	if string(text) == NumericsUnset.String() {
		*n = NumericsUnset
		return nil
	}
	v, err := ParseNumerics(string(text))
	if err == nil {
		*n = v
	}
	return err
}
