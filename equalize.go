package octet

import (
	"errors"

	"github.com/octet-ml/octet/graph"
)

// WithEqualization brings the ranges of the weights of neighbouring layers together, channel
// by channel, before anything is calibrated (cross-layer equalization): weights with one
// scale lose less. The float function stays the same.
func WithEqualization() ConversionOption {
	return converting(func(o *quantizeOptions) { o.equalize = true })
}

// startOf is the graph that is prepared and converted.
func (m *Model) startOf(o quantizeOptions) (*fused, error) {
	f, err := m.fused()
	if err != nil || !o.equalize {
		return f, err
	}
	if o.relu6 && m.ClampDiffers() {
		return nil, classed{errors.New("equalized weights have no ranges of the model with ReLU6, whose clamps are not scaled: leave out one of the two (--equalize, --relu6-ranges)"), ErrRecipe}
	}
	return m.derived.equalized()
}

// scaled is the number of layers that equalization scales.
func (m *Model) scaled(o quantizeOptions) (int, error) {
	if !o.equalize {
		return 0, nil
	}
	f, err := m.derived.equalized()
	if err != nil {
		return 0, err
	}
	return f.scaled, nil
}

// fitsEqualized refuses statistics of weights that were scaled otherwise.
func (c *Calibration) fitsEqualized(o quantizeOptions) error {
	switch {
	case c.Equalized == o.equalize:
		return nil
	case o.equalize:
		return classed{errors.New("the statistics were made without equalized weights (--equalize): calibrate again"), ErrStatistics}
	}
	return classed{errors.New("the statistics were made with equalized weights: equalize here, too (--equalize), or calibrate again"), ErrStatistics}
}

// FusedGraphOf is FusedGraph of m, equalized where int8, a model that was made of m, is: its
// nodes correspond to those of int8 in their values, too.
func (m *Model) FusedGraphOf(int8 *Model) (*graph.Graph, error) {
	if err := int8.check(); err != nil {
		return nil, err
	}
	g, err := m.FusedGraph()
	if err != nil || m.quantized || int8.meta.Calibration == nil || !int8.meta.Calibration.Equalized {
		return g, err
	}
	f, err := m.derived.equalized()
	if err != nil {
		return nil, err
	}
	return f.graph, nil
}
