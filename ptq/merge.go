package ptq

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/octet-ml/octet/internal/observe"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// MergingQConfigs are the qconfigs whose statistics of shards merge to those of one run.
var MergingQConfigs = []string{"torchvision", "minmax", "percentile", "mse"}

// Mergeable returns an error that names the qconfigs to use instead where the observers of
// activations depend on the order of the batches.
func Mergeable(c quant.QConfig) error {
	a, err := observe.NewStrict(c.Activation)
	if err != nil {
		return err
	}
	b, err := observe.NewStrict(c.Activation)
	if err != nil {
		return err
	}
	var order *observe.OrderError
	if err := a.Merge(b); errors.As(err, &order) {
		return fmt.Errorf("the statistics of a %s observer depend on the order of the batches, so those of shards cannot be merged: use the qconfig %s", order.Kind, strings.Join(MergingQConfigs, ", "))
	} else if err != nil {
		return err
	}
	return nil
}

// settle makes the statistics of a shard independent of how its samples were cut into
// batches, which observers that merge do not see.
func (s *Stats) settle() {
	s.Batches, s.BatchSize = s.Images, min(1, s.Images)
	for _, shape := range s.InputShapes {
		if len(shape) > 0 {
			shape[0] = 1
		}
	}
}

// constant reports whether all values of all images are one.
func (s *Stats) constant() bool { return s.Images > 0 && s.InputMin == s.InputMax }

// Merge returns the statistics of both, which CalibrateOptions.Shard has made: those of one
// calibration that sees all their samples. It changes neither.
func (s *Stats) Merge(o *Stats) (*Stats, error) {
	if s.Model != o.Model {
		return nil, statsError{fmt.Errorf("the statistics are of two models, %s (fingerprint %.12s) and %s (%.12s)", s.Architecture, s.Model, o.Architecture, o.Model)}
	}
	if a, b := watched(s.QConfig.Activation), watched(o.QConfig.Activation); a != b || s.QConfig.Activation.String() != o.QConfig.Activation.String() {
		return nil, statsError{fmt.Errorf("the statistics were made with two recipes, with observers of activations %s and %s", s.QConfig.Activation, o.QConfig.Activation)}
	}
	if err := Mergeable(s.QConfig); err != nil {
		return nil, statsError{err}
	}
	if len(s.observers) != len(o.observers) {
		return nil, statsError{fmt.Errorf("the statistics are of %d and %d values: other layers were excluded", len(s.observers), len(o.observers))}
	}
	out := *s
	out.observers, out.at = nil, nil
	switch {
	case s.Images == 0:
		out.InputShapes, out.InputMin, out.InputMax, out.BatchSize = o.InputShapes, o.InputMin, o.InputMax, o.BatchSize
	case o.Images > 0:
		if !slices.EqualFunc(s.InputShapes, o.InputShapes, tensor.Shape.Equal) {
			return nil, statsError{fmt.Errorf("the samples have the shapes %v in one and %v in the other: all need one, so resize or crop them", s.InputShapes, o.InputShapes)}
		}
		out.InputMin, out.InputMax = min(s.InputMin, o.InputMin), max(s.InputMax, o.InputMax)
	}
	out.Images, out.Batches = s.Images+o.Images, s.Batches+o.Batches
	for _, seen := range s.observers {
		a, err := s.observer(seen.value, s.QConfig.Activation)
		if err != nil {
			return nil, statsError{err}
		}
		b, err := o.observer(seen.value, s.QConfig.Activation)
		if err != nil {
			return nil, statsError{err}
		}
		if err := a.Merge(b); err != nil {
			return nil, statsError{fmt.Errorf("observer of %q: %w", seen.value, err)}
		}
		out.add(observed{value: seen.value, live: a})
	}
	return &out, nil
}

// CheckWhole refuses statistics of no samples, or of none that differ, as a calibration does
// that is no shard.
func (s *Stats) CheckWhole() error {
	switch {
	case s.Images == 0:
		return ErrNoImages
	case s.constant() && len(s.InputShapes) == 1:
		return errConstant(s)
	}
	return nil
}

func errConstant(s *Stats) error {
	return fmt.Errorf("the calibration data is constant: every value of all %d images is %v; give images like those the model will see", s.Images, s.InputMin)
}
