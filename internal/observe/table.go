package observe

import (
	"fmt"
	"strings"

	"github.com/octet-ml/octet/quant"
)

// Kind describes a kind of observer.
type Kind struct {
	Name        quant.ObserverKind // as an ObserverSpec has it
	Description string             // one line
	OrderFree   bool               // whether shards can be merged

	open func(base) (Observer, error)
}

// kinds is the table of observers. A new kind is a new row.
var kinds = []Kind{
	{quant.MinMax, "smallest and largest value seen", true, newMinMax},
	{quant.MovingAverageMinMax, "exponential average of the batches' minima and maxima", false, newMovingAverage},
	{quant.PerChannelMinMax, "smallest and largest value of every channel", true, newPerChannel},
	{quant.MovingAveragePerChannelMinMax, "exponential average of every channel's minima and maxima", false, newMovingAveragePerChannel},
	{quant.Histogram, "PyTorch's histogram, searched for the range of least error", false, newHistogram},
	{quant.FixedQParams, "parameters given beforehand", true, newFixed},
	{quant.Placeholder, "a type only: float, or quantized at run time", true, newPlaceholder},
	{quant.NoObserver, "nothing: the tensor stays in float", true, newPlaceholder},
	{quant.MergeableHistogram, "as minmax, with a histogram whose shards merge exactly", true, newMergeable},
	{quant.Percentile, "the range that holds a given share of the values", true, newPercentile},
	{quant.MSE, "the range with the least mean squared quantization error", true, newMSE},
}

// Kinds lists the kinds of observers.
func Kinds() []Kind { return append([]Kind(nil), kinds...) }

// New returns an observer that has seen nothing. Errors name what in spec
// contradicts itself.
func New(spec quant.ObserverSpec) (Observer, error) { return newOf(base{spec: spec}) }

// NewStrict is New for values that must be finite: a batch in which one is NaN or
// infinite gives a *ValueError, whatever the kind.
func NewStrict(spec quant.ObserverSpec) (Observer, error) {
	return newOf(base{spec: spec, strict: true})
}

func newOf(b base) (Observer, error) {
	for _, k := range kinds {
		if k.Name != b.spec.Kind {
			continue
		}
		o, err := k.open(b)
		if err != nil {
			return nil, fmt.Errorf("%s observer: %w", b.spec.Kind, err)
		}
		return o, nil
	}
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = string(k.Name)
	}
	return nil, fmt.Errorf("unknown observer %q: use one of %s", b.spec.Kind, strings.Join(names, ", "))
}
