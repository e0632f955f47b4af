package compare

import (
	"context"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// judged is the number of inputs on which graphs are judged.
const judged = 8

// Closeness makes a function that gives the ratio of signal to noise, in decibels, of the
// worst output of graphs that were converted from float, on up to eight of the inputs, at even
// distances. Where a softmax or sigmoid gives an output there are two ratios, the first of what
// is in front of it: it shows small noise that the function hides, but not whether the values
// that decide come closer.
func Closeness(ctx context.Context, float *graph.Graph, inputs [][]*tensor.Tensor, opts Options) (func(context.Context, *graph.Graph) ([]float64, error), error) {
	var some [][]*tensor.Tensor
	for i := range min(judged, len(inputs)) {
		some = append(some, inputs[i*len(inputs)/min(judged, len(inputs))])
	}
	s, err := session(float, opts, nil)
	if err != nil {
		return nil, err
	}
	behind := &fixing{float: float, inputs: some, opts: opts, program: s.Program()}
	front, err := behind.ranking(ctx)
	if err != nil {
		return nil, err
	}
	measures := []*fixing{front}
	if slices.ContainsFunc(float.Outputs, func(v *graph.Value) bool { return bare(v) != v }) {
		if behind.want, err = outputsOf(ctx, s, some); err != nil {
			return nil, err
		}
		measures = append(measures, behind)
	}
	return func(ctx context.Context, g *graph.Graph) ([]float64, error) {
		var ratios []float64
		for _, f := range measures {
			f.converted = g
			r, err := f.measure(ctx, func(string) bool { return false })
			if err != nil {
				return nil, err
			}
			ratios = append(ratios, float64(r.sqnr))
		}
		return ratios, nil
	}, nil
}
