package octet

import (
	"context"
	"errors"
	"fmt"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/rewrite"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// Smoothed says what Smooth did.
type Smoothed struct {
	Alpha  float64 `json:"alpha"`  // the share of the range of activations that became that of weights
	Norms  int     `json:"norms"`  // norms whose channels were divided by factors
	Layers int     `json:"layers"` // linear layers whose weights were multiplied with these
}

// Smooth returns a float model that computes the function of m, in which outliers of activations are
// those of weights (SmoothQuant): each channel behind a LayerNorm, or a product with a constant vector,
// is divided by a factor that the weights of the linear layers which read it are multiplied with. Its
// int8 model loses less where few channels have a much larger range than the others, as in transformers.
//
// alpha, from 0 to 1, says how much of the range goes to the weights; 0.5 shares it. Ranges of
// channels are measured on the samples, of which only these are kept. The result depends on neither
// order nor threads. Errors of the data match ErrCalibration, those of alpha and of a model without
// such layers ErrRecipe.
func Smooth(ctx context.Context, m *Model, samples Samples, alpha float64, opts ...CompileOption) (*Model, *Smoothed, error) {
	if err := m.check(); err != nil {
		return nil, nil, err
	}
	if !(alpha >= 0 && alpha <= 1) {
		return nil, nil, classed{fmt.Errorf("smoothing by %v: a share from 0 to 1, such as 0.5", alpha), ErrRecipe}
	}
	if m.quantized {
		return nil, nil, classed{fmt.Errorf("%s is an int8 model: smooth the float model it was made of", m.name()), ErrRecipe}
	}
	if samples == nil {
		return nil, nil, classed{errors.New("smoothing measures ranges of channels: it needs calibration data"), ErrCalibration}
	}
	sites := rewrite.Smoothables(m.graph)
	if len(sites) == 0 {
		return nil, nil, classed{fmt.Errorf("%s has no LayerNorm, or product with a constant vector, in front of a linear layer: there is nothing to smooth; leave it out", m.name()), ErrRecipe}
	}
	var o compileOptions
	for _, opt := range opts {
		opt.applyCompile(&o)
	}
	largest, err := m.channelRanges(ctx, sites, samples, o)
	if err != nil {
		return nil, nil, classed{err, ErrCalibration}
	}
	g, err := rewrite.Smooth(m.graph, largest, alpha)
	if err != nil {
		return nil, nil, err
	}
	made := *m
	made.meta = m.meta.clone()
	made.smoothed = &Smoothed{Alpha: alpha, Norms: len(sites)}
	for _, s := range sites {
		made.smoothed.Layers += len(s.Layers)
	}
	made.setGraph(g)
	return &made, made.smoothed, nil
}

// channelRanges are the largest magnitudes of the channels of sites, by the names of their values. They
// are computed by the graph itself, so that no activation is kept.
func (m *Model) channelRanges(ctx context.Context, sites []rewrite.Smoothable, samples Samples, o compileOptions) (map[string][]float32, error) {
	g := m.graph.Clone()
	g.Outputs = nil
	for _, s := range rewrite.Smoothables(g) {
		rows := g.AddNode(s.Value.Name+"/rows", op.Reshape{Shape: []int{-1, s.Channels}}, s.Value)
		for _, name := range []string{"amax", "amin"} {
			g.Outputs = append(g.Outputs, g.AddNode(s.Value.Name+"/"+name, op.Reduce{Name: name, Axes: []int{0}}, rows))
		}
	}
	g.Prune()
	p, err := engine.Compile(g, engine.Options{Threads: o.threads, CPU: o.cpu})
	if err != nil {
		return nil, err
	}
	session, largest, seen := p.NewSession(), map[string][]float32{}, 0
	for in, err := range m.ordered(samples, 0) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		y, err := session.Run(ctx, in...)
		if err != nil {
			return nil, err
		}
		seen++
		for i, s := range sites {
			if err := widen(largest, s.Value, y[2*i:][:2]); err != nil {
				return nil, err
			}
		}
	}
	if seen == 0 {
		return nil, errors.New("there is no calibration data: give some samples")
	}
	return largest, nil
}

// widen takes the extremes of the channels of v into account.
func widen(largest map[string][]float32, v *graph.Value, extremes []*tensor.Tensor) error {
	for _, t := range extremes {
		if largest[v.Name] == nil {
			largest[v.Name] = make([]float32, t.Numel())
		}
		for c, x := range t.Float32s() {
			if x-x != 0 {
				return fmt.Errorf("%q is %v in channel %d: ranges are finite", v.Name, x, c)
			}
			largest[v.Name][c] = max(largest[v.Name][c], x, -x)
		}
	}
	return nil
}
