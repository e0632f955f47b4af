package compare

import (
	"context"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// judged is the number of inputs on which graphs are judged.
const judged = 8

// Closeness makes a function that gives the ratio of signal to noise, in decibels, of the
// worst output of graphs that were converted from float, on up to eight of the inputs, at even
// distances, and in front of the softmax or sigmoid of an output.
func Closeness(ctx context.Context, float *graph.Graph, inputs [][]*tensor.Tensor, opts Options) (func(context.Context, *graph.Graph) (float64, error), error) {
	var some [][]*tensor.Tensor
	for i := range min(judged, len(inputs)) {
		some = append(some, inputs[i*len(inputs)/min(judged, len(inputs))])
	}
	s, err := session(float, opts, nil)
	if err != nil {
		return nil, err
	}
	f, err := (&fixing{float: float, inputs: some, opts: opts, program: s.Program()}).ranking(ctx)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, g *graph.Graph) (float64, error) {
		f.converted = g
		r, _, err := f.measure(ctx, func(string) bool { return false })
		return float64(r.sqnr), err
	}, nil
}
