package quant

import (
	"fmt"

	"github.com/octet-ml/octet/tensor"
)

// CodeRange is the part of a type's codes that a calibrated range is mapped to.
// Codes outside it, but inside the type, still occur for values beyond the
// calibrated range.
type CodeRange struct {
	Min, Max int64 // both included
	// Given is set when the range was chosen explicitly. PyTorch then places the
	// zero point of symmetric quint8 in the middle of the range instead of at 128.
	Given bool
}

// NewCodeRange returns the range of codes of a quantized dtype. quantMin and
// quantMax, given both or neither, replace the type's own range; reduceRange
// halves it (rounding down), which leaves one bit of headroom.
func NewCodeRange(dtype tensor.DType, quantMin, quantMax *int, reduceRange bool) (CodeRange, error) {
	if !dtype.IsQuantized() {
		return CodeRange{}, fmt.Errorf("%v has no codes: use quint8, qint8 or qint32", dtype)
	}
	lo, hi := dtype.CodeRange()
	r := CodeRange{Min: lo, Max: hi}
	if (quantMin == nil) != (quantMax == nil) {
		return CodeRange{}, fmt.Errorf("only one of quant_min and quant_max is given: give both or neither")
	}
	if quantMin != nil {
		r = CodeRange{Min: int64(*quantMin), Max: int64(*quantMax), Given: true}
		if r.Min > 0 || r.Max < 0 || r.Min == r.Max {
			return CodeRange{}, fmt.Errorf("quant_min %d and quant_max %d must enclose 0 and differ", r.Min, r.Max)
		}
		if r.Min < lo || r.Max > hi {
			return CodeRange{}, fmt.Errorf("quant_min %d and quant_max %d are outside %d..%d of %v", r.Min, r.Max, lo, hi, dtype)
		}
	}
	// PyTorch ignores reduce_range for qint32 unless the range is given.
	if reduceRange && (r.Given || dtype != tensor.QInt32) {
		r.Min, r.Max = r.Min>>1, r.Max>>1
		if r.Min == r.Max {
			return CodeRange{}, fmt.Errorf("quant_min and quant_max leave no codes after reduce_range: choose a wider range")
		}
	}
	return r, nil
}
