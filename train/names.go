package train

import "github.com/octet-ml/octet/internal/autodiff"

// The types of package autodiff that are part of this package's own functions.
type (
	// Param is a parameter in training, with its gradient.
	Param = autodiff.Param
	// Norm is a batch normalization in training, with its running statistics.
	Norm = autodiff.Norm
	// Loss says what is made small.
	Loss = autodiff.Loss
	// Options tune how a float graph is trained; they do not change numbers.
	Options = autodiff.Options
)
