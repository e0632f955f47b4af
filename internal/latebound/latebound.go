package latebound

import "github.com/octet-ml/octet/tensor"

// Levels is how many attempts there are; each binds more than the one before: whole numbers,
// which shapes and axes are; the sizes of all other inputs; a few numbers with a fraction,
// which factors of a Resize are.
const Levels = 3

// Limits of elements up to which an input may be made a constant: shapes and axes are few
// whole numbers, and factors fewer numbers.
const (
	maxWhole  = 1 << 12
	maxFactor = 1 << 4
)

// Bind returns the inputs that become constants at a level, from 1 to Levels, and the sizes
// of the others where these are fixed; nil where nothing is.
func Bind(level int, inputs map[string]*tensor.Tensor) (constants map[string]*tensor.Tensor, shapes map[string]tensor.Shape) {
	for name, t := range inputs {
		float := t.DType().IsFloat()
		few := float && level >= 3 && len(t.Shape()) < 2 && t.Numel() <= maxFactor
		switch {
		case few, !float && level >= 1 && t.Numel() <= maxWhole:
			if constants == nil {
				constants = map[string]*tensor.Tensor{}
			}
			constants[name] = t
		case level >= 2:
			if shapes == nil {
				shapes = map[string]tensor.Shape{}
			}
			shapes[name] = t.Shape()
		}
	}
	return constants, shapes
}
