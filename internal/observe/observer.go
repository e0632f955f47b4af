package observe

import (
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Observer collects statistics of a tensor over batches.
type Observer interface {
	// Observe takes in one batch of row-major values. Per-channel kinds use the
	// axis of their specification; the others take the elements in any order of
	// memory. An empty batch changes nothing. An error leaves the statistics as
	// they were.
	Observe(x []float32, shape tensor.Shape) error
	// QParams derives the parameters from what was seen. An observer that has
	// seen nothing gives scale 1 and zero point 0, as PyTorch's do. A range that
	// is not finite gives a *RangeError.
	QParams() (*tensor.QParams, error)
	// DType is the type that the values are to be quantized to.
	DType() tensor.DType
	// Range is the smallest and largest value seen, over all channels; for the
	// moving averages it is the average. ok is false when nothing was seen.
	Range() (min, max float32, ok bool)
	// Spec is what the observer was made from.
	Spec() quant.ObserverSpec
	// State is the collected statistics as JSON, exact.
	State() ([]byte, error)
	// SetState replaces the statistics by what State of an observer with the
	// same specification gave.
	SetState([]byte) error
	// Merge adds the statistics of other, which must have the same
	// specification. The result is what one observer of all batches would have.
	// Kinds that depend on the order of batches return an *OrderError.
	Merge(other Observer) error
}

// Ranger is an observer whose statistics are ranges and nothing else: one, or
// one for each channel. PyTorch's state dicts hold them as min_val and max_val.
type Ranger interface {
	Observer
	// Ranges returns the smallest and largest values, or their averages: +Inf and
	// -Inf, or none of a per-channel kind, before the first batch.
	Ranges() (lo, hi []float32)
	// SetRanges replaces them.
	SetRanges(lo, hi []float32) error
}

// Searched is an observer that searches the range of its parameters, and can be told what
// for. QParams is for the values themselves.
type Searched interface {
	Observer
	// Through derives the parameters with which f of the codes is closest to f of the values.
	Through(f func(float32) float32) (*tensor.QParams, error)
	// Widened derives those of all that was seen, and of a share of it more.
	Widened(by float32) (*tensor.QParams, error)
}
