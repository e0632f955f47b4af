package observe

import (
	"fmt"

	"github.com/octet-ml/octet/quant"
)

// OrderError says that statistics cannot be merged because they depend on the
// order of the batches.
type OrderError struct {
	Kind quant.ObserverKind // of the observers
	Use  string             // the kinds to use instead
}

// Error names the observer.
func (e *OrderError) Error() string {
	return fmt.Sprintf("the statistics of a %s observer depend on the order of the batches and cannot be merged: calibrate in one process, or use %s", e.Kind, e.Use)
}

// RangeError says that the values seen have no finite range.
type RangeError struct {
	Kind     quant.ObserverKind // of the observer
	Channel  int                // -1 for the whole tensor
	Min, Max float32            // the range that was observed
}

// Error names the observer and the range.
func (e *RangeError) Error() string {
	where := "the values seen"
	if e.Channel >= 0 {
		where = fmt.Sprintf("the values of channel %d", e.Channel)
	}
	return fmt.Sprintf("%s observer: %s range from %g to %g, which gives no scale: look for NaN or infinite values in the weights and in the calibration data", e.Kind, where, e.Min, e.Max)
}

// ValueError says that a batch holds a value that the observer cannot take in.
// The statistics are as they were before the batch.
type ValueError struct {
	Kind  quant.ObserverKind // of the observer
	Index int                // in the batch
	Value float32            // NaN or infinite
}

// Error names the observer.
func (e *ValueError) Error() string {
	if e.Value != e.Value {
		return fmt.Sprintf("%s observer: element %d of the batch is NaN: look for NaN in the weights and in the calibration data", e.Kind, e.Index)
	}
	if e.Value-e.Value != 0 {
		return fmt.Sprintf("%s observer: element %d of the batch is infinite: look for what makes values explode, in the weights and in the calibration data", e.Kind, e.Index)
	}
	return fmt.Sprintf("%s observer: element %d of the batch is %g, too large for a histogram in float32: look for what makes values explode, or use a minmax observer", e.Kind, e.Index, e.Value)
}
