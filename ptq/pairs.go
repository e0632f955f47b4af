package ptq

import (
	"fmt"
	"math"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// LayerPairs says how a layer with int8 weights saturates in runtimes that add pairs of
// products in 16 bits (VPMADDUBSW): see quant.SaturatingPairs.
type LayerPairs struct {
	Node      string `json:"node"`                // name of the node
	Op        string `json:"op"`                  // kind of the operator: conv2d, linear
	Depthwise bool   `json:"depthwise,omitempty"` // ONNX Runtime computes it exactly; fbgemm does not
	Channels  int    `json:"channels"`            // output channels with weights that saturate for some activations
	Of        int    `json:"of"`                  // output channels
	// Worst is the largest sum of a pair for any activations; int16 ends at 32767.
	Worst int64 `json:"worst"`
	// Observed counts what saturated on data; nil without data.
	Observed *ObservedPairs `json:"observed,omitempty"`
}

// ObservedPairs counts the results of a layer that saturating sums made wrong.
type ObservedPairs struct {
	Results   int64 `json:"results"`   // of all inputs
	Saturated int64 `json:"saturated"` // those with a pair that int16 does not hold
	Largest   int64 `json:"largest"`   // largest sum of a pair, in the channels that may saturate
}

// PairWatch finds out which pairs saturate while a graph runs.
type PairWatch struct {
	Layers []*LayerPairs // all with int8 weights on codes, in order of computation
	watch  map[*graph.Node]*pairs
}

// pairs are the channels of a layer that may saturate, with their weights in the order in
// which they are added.
type pairs struct {
	layer    *LayerPairs
	channels []int // ascending
	weights  [][]int8
	order    []int
}

// maxByte is the largest code of an activation: reduce_range limits scales, not codes.
const maxByte = 255

// WatchPairs lists the layers of an int8 graph whose weights are int8.
func WatchPairs(g *graph.Graph) (*PairWatch, error) {
	w := &PairWatch{watch: map[*graph.Node]*pairs{}}
	for _, n := range g.Running().Nodes {
		switch n.Op.(type) {
		case op.Conv2D, op.Linear:
		default:
			continue
		}
		weight := n.Inputs[1]
		if weight.Data == nil || weight.Type.DType != tensor.QInt8 || !n.Inputs[0].Type.DType.IsQuantized() {
			continue
		}
		if err := weight.Data.Load(); err != nil {
			return nil, err
		}
		channels, worst, err := quant.SaturatingPairs(weight.Data, maxByte)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", n.Name, err)
		}
		shape := weight.Data.Shape()
		layer := &LayerPairs{Node: n.Name, Op: n.Op.Kind(), Depthwise: len(shape) == 4 && shape[1] == 1, Channels: len(channels), Of: shape[0], Worst: worst}
		w.Layers = append(w.Layers, layer)
		if len(channels) == 0 {
			continue
		}
		p := &pairs{layer: layer, channels: channels, order: quant.PairOrder(shape)}
		codes, row := weight.Data.Int8s(), len(p.order)
		for _, o := range channels {
			ordered := make([]int8, row)
			for i, at := range p.order {
				ordered[i] = codes[o*row+at]
			}
			p.weights = append(p.weights, ordered)
		}
		w.watch[n] = p
	}
	return w, nil
}

// See counts what saturates in readers, the layers that read x: a result of a node, or an
// input.
func (w *PairWatch) See(readers []*graph.Node, x *tensor.Tensor) {
	for _, n := range readers {
		p := w.watch[n]
		if p == nil || !x.DType().IsQuantized() {
			continue
		}
		if p.layer.Observed == nil {
			p.layer.Observed = &ObservedPairs{}
		}
		codes, zero := bytesOfCodes(x)
		if conv, ok := n.Op.(op.Conv2D); ok {
			p.convolution(conv, codes, zero, x, n.Inputs[1].Data)
			continue
		}
		row := len(p.order)
		p.layer.Observed.Results += int64(len(codes) / row * p.layer.Of)
		for ; len(codes) >= row; codes = codes[row:] {
			p.add(codes[:row], 0, len(p.channels))
		}
	}
}

// Readers lists, for values of g, the layers that read them and may saturate.
func (w *PairWatch) Readers(g *graph.Graph) map[*graph.Value][]*graph.Node {
	readers := map[*graph.Value][]*graph.Node{}
	for _, n := range g.Nodes {
		if w.watch[n] != nil {
			readers[n.Inputs[0]] = append(readers[n.Inputs[0]], n)
		}
	}
	return readers
}

// bytesOfCodes returns the codes and the zero point as x86 multiplies them, unsigned: kernels
// add 128 to signed ones.
func bytesOfCodes(x *tensor.Tensor) ([]byte, byte) {
	zero := byte(x.QParams().ZeroPoint())
	if x.DType() == tensor.QUInt8 {
		return x.Uint8s(), zero
	}
	moved := make([]byte, x.Numel())
	for i, code := range x.Int8s() {
		moved[i] = byte(code) ^ 0x80
	}
	return moved, zero ^ 0x80
}

// convolution gathers the activations of every window, in the order in which they are added.
func (p *pairs) convolution(o op.Conv2D, codes []byte, zero byte, images, weights *tensor.Tensor) {
	types, err := o.Infer(graph.FactsOf(images, weights))
	if err != nil {
		return // the node has run: there is none
	}
	x, weight, out := images.Shape(), weights.Shape(), types[0].Shape
	p.layer.Observed.Results += int64(out.Numel())
	s := o.Sliding([2]int{weight[2], weight[3]}).For(x)
	inputs, perGroup := weight[1], weight[0]/o.Groups
	window := make([]byte, len(p.order))
	for group := range o.Groups {
		first, _ := slices.BinarySearch(p.channels, group*perGroup)
		end, _ := slices.BinarySearch(p.channels, (group+1)*perGroup)
		if first == end {
			continue // nothing in it saturates
		}
		for image := range x[0] {
			for at := range out[2] * out[3] {
				top, left := at/out[3]*s.Stride[0]-s.Padding[0], at%out[3]*s.Stride[1]-s.Padding[1]
				k := 0
				for tap := range s.Kernel[0] * s.Kernel[1] {
					r, c := top+tap/s.Kernel[1]*s.Dilation[0], left+tap%s.Kernel[1]*s.Dilation[1]
					inside := r >= 0 && r < x[2] && c >= 0 && c < x[3]
					for i := range inputs {
						window[k] = zero
						if inside {
							window[k] = codes[((image*x[1]+group*inputs+i)*x[2]+r)*x[3]+c]
						}
						k++
					}
				}
				p.add(window, first, end)
			}
		}
	}
}

// add counts the saturated pairs of one window, in p.channels[first:end].
func (p *pairs) add(window []byte, first, end int) {
	seen := p.layer.Observed
	for _, weights := range p.weights[first:end] {
		saturated := false
		for k := 0; k+1 < len(weights); k += 2 {
			sum := int32(window[k])*int32(weights[k]) + int32(window[k+1])*int32(weights[k+1])
			seen.Largest = max(seen.Largest, int64(max(sum, -sum)))
			saturated = saturated || sum > math.MaxInt16 || sum < math.MinInt16
		}
		if saturated {
			seen.Saturated++
		}
	}
}
