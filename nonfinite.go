package octet

import (
	"errors"
	"fmt"
	"math"

	"github.com/octet-ml/octet/tensor"
)

// ErrNonFinite: an input holds NaN or infinite values.
var ErrNonFinite = errors.New("non-finite input")

// NonFinite counts what no answer can be given for: values that are NaN or
// infinite. An int8 model has no codes for them, so its logits look like any other.
type NonFinite struct {
	Inputs int `json:"inputs"`   // that hold any
	NaN    int `json:"nan"`      // values that are NaN
	Inf    int `json:"infinite"` // values that are infinite, of either sign
}

// CountNonFinite counts the values of float32 inputs [N, ...]. It returns in rows
// which of the N inputs hold any.
func CountNonFinite(x *tensor.Tensor) (count NonFinite, rows []int) {
	if x == nil || x.DType() != tensor.Float32 || len(x.Shape()) == 0 || x.Numel() == 0 {
		return count, nil
	}
	size := x.Numel() / x.Dim(0)
	for row := range x.Dim(0) {
		before := count.NaN + count.Inf
		for _, v := range x.Float32s()[row*size : (row+1)*size] {
			if bits := math.Float32bits(v); bits&0x7f800000 != 0x7f800000 {
				continue
			}
			if v != v {
				count.NaN++
			} else {
				count.Inf++
			}
		}
		if count.NaN+count.Inf > before {
			count.Inputs++
			rows = append(rows, row)
		}
	}
	return count, rows
}

// Add adds what another count has found.
func (n *NonFinite) Add(m NonFinite) {
	n.Inputs, n.NaN, n.Inf = n.Inputs+m.Inputs, n.NaN+m.NaN, n.Inf+m.Inf
}

// String is what was found: 3 NaN and 1 infinite values.
func (n NonFinite) String() string {
	switch {
	case n.NaN > 0 && n.Inf > 0:
		return fmt.Sprintf("%d NaN and %d infinite values", n.NaN, n.Inf)
	case n.Inf > 0:
		return fmt.Sprintf("%d infinite values", n.Inf)
	}
	return fmt.Sprintf("%d NaN values", n.NaN)
}

// WithFiniteInputs makes Run refuse inputs that hold NaN or infinite values, with an
// error that matches ErrNonFinite. Without it they are computed as PyTorch does.
func WithFiniteInputs() CompileOption {
	return compileFunc(func(o *compileOptions) { o.finite = true })
}

func checkFinite(x *tensor.Tensor) error {
	if n, rows := CountNonFinite(x); n.Inputs > 0 {
		return classed{fmt.Errorf("input %d holds NaN or infinite values (%v in %d of %d inputs): check how it was made", rows[0], n, n.Inputs, x.Dim(0)), ErrNonFinite}
	}
	return nil
}
