package compare

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// coarse is the number of steps below which a channel counts as coarse: its
// weights use fewer than 16 of 255 codes.
const coarse = 8

// Weights describes the weight of a convolution or linear layer of the
// reference, and its quantized forms.
type Weights struct {
	Node  string `json:"node"`  // name of the node
	Shape []int  `json:"shape"` // output channels first
	// Min and Max are the range of every output channel.
	Min []float32 `json:"channel_min"`
	Max []float32 `json:"channel_max"`
	// Forms has an entry for every graph that was given; nil where the weight is
	// float there.
	Forms []*WeightCodes `json:"variants"`
}

// WeightCodes is a quantized form of a weight.
type WeightCodes struct {
	PerChannel bool     `json:"per_channel"` // a scale for each output channel; else one
	SQNR       Decibels `json:"sqnr_db"`     // of the weight itself
	// Coarse counts the channels with so small weights that they use fewer than
	// 16 of 255 codes.
	Coarse int `json:"coarse_channels"`
}

// WeightsOf describes every weight of want, in order of computation, and the
// quantized forms that it has in the graphs of got, of which those that are nil have none.
func WeightsOf(want *graph.Graph, got []*graph.Graph) ([]Weights, error) {
	var out []Weights
	for _, n := range want.Running().Nodes {
		v := op.WeightOf(n)
		if v == nil || v.Data == nil {
			continue
		}
		real, err := reals(v.Data)
		if err != nil {
			return nil, fmt.Errorf("node %q: %w", n.Name, err)
		}
		w := Weights{Node: n.Name, Shape: v.Data.Shape()}
		w.Min, w.Max = channelRanges(real, w.Shape[0])
		for _, g := range got {
			form, err := w.form(real, g)
			if err != nil {
				return nil, fmt.Errorf("node %q: %w", n.Name, err)
			}
			w.Forms = append(w.Forms, form)
		}
		out = append(out, w)
	}
	return out, nil
}

// channelRanges returns the range of each of n equal parts.
func channelRanges(x []float32, n int) (lo, hi []float32) {
	lo, hi = make([]float32, n), make([]float32, n)
	row := len(x) / max(n, 1)
	for c := range n {
		lo[c], hi[c] = quant.MinMaxOf(x[c*row : (c+1)*row])
	}
	return lo, hi
}

// form compares the weight with that of the node in g.
func (w *Weights) form(real []float32, g *graph.Graph) (*WeightCodes, error) {
	if g == nil {
		return nil, nil
	}
	n, ok := g.Node(w.Node)
	if !ok || op.WeightOf(n) == nil || !op.WeightOf(n).Data.DType().IsQuantized() {
		return nil, nil
	}
	codes := op.WeightOf(n).Data
	if !codes.Shape().Equal(w.Shape) {
		return nil, fmt.Errorf("its weight is %v in one graph and %v in the other; compare models of one architecture", tensor.Shape(w.Shape), codes.Shape())
	}
	var noise Noise
	if err := noise.addTensor(real, codes); err != nil {
		return nil, err
	}
	q := codes.QParams()
	return &WeightCodes{PerChannel: !q.IsPerTensor(), SQNR: noise.Decibels(), Coarse: w.coarse(q)}, nil
}

// coarse counts the channels that have weights and few codes for them.
func (w *Weights) coarse(q *tensor.QParams) int {
	count := 0
	for c := range w.Min {
		scale := q.Scales[min(c, len(q.Scales)-1)]
		steps := math.Max(math.Abs(float64(w.Min[c])), math.Abs(float64(w.Max[c]))) / scale
		if steps > 0 && steps < coarse {
			count++
		}
	}
	return count
}
