package correct

import (
	"context"
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/parallel"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Options say what is corrected.
type Options struct {
	// Bias adds to every bias the mean error of the layer's sums.
	Bias bool
	// Round chooses codes of weights so that the layer's sums come closest, not each weight.
	Round bool
	// Codes are those that weights may have.
	Codes quant.CodeRange
	// Threads of the runs; 0 means one per core. Results do not depend on it.
	Threads int
	// Judge, if there is one, decides which layers keep corrected biases: those with which the
	// outputs come closer.
	Judge Judge
	// Progress is called with the number of layers that are done, of how many.
	Progress func(done, of int)
}

// Corrected is what Run gives.
type Corrected struct {
	Graph *graph.Graph // int8, with the new weights and biases
	// Layers are those that were looked at, by name.
	Layers []string
	// BiasLayers are those whose bias was corrected.
	BiasLayers []string
	// Biases are the new ones, in bytes, of layers that had none.
	Biases int64

	layers []*layer
}

// layer is one that is corrected.
type layer struct {
	node  *graph.Node    // in the int8 graph
	float *graph.Node    // in the float graph
	mean  []float64      // of the float graph's windows, by groups, as columns of the weight
	bias  *tensor.Tensor // of the int8 graph before it was corrected; nil where there is none
}

// Run returns a corrected copy of converted, the int8 graph that was made of the fused
// graph float. The samples are all inputs of the graphs, in their order.
func Run(ctx context.Context, float, converted *graph.Graph, samples [][]*tensor.Tensor, opts Options) (*Corrected, error) {
	if len(samples) == 0 {
		return nil, fmt.Errorf("%s: there are no samples to correct it on", converted.Name)
	}
	out := &Corrected{Graph: converted.Clone()}
	layers := layersOf(float, out.Graph)
	if opts.Bias {
		if err := expect(ctx, float, layers, samples, opts.Threads); err != nil {
			return nil, err
		}
	}
	at := map[*graph.Node]*layer{}
	for _, l := range layers {
		at[l.node] = l
	}
	pool := parallel.Shared(opts.Threads)
	s, err := newSequence(out.Graph, layers, samples, opts.Threads)
	if err != nil {
		return nil, err
	}
	for _, n := range s.nodes {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if l := at[n]; l != nil {
			if err := out.correct(ctx, l, s.read(n.Inputs[0]), pool, opts); err != nil {
				return nil, fmt.Errorf("%s: node %q: %w", converted.Name, n.Name, err)
			}
			if opts.Progress != nil {
				opts.Progress(len(out.Layers), len(layers))
			}
		}
		if err := s.compute(ctx, n); err != nil {
			return nil, err
		}
	}
	if opts.Bias && opts.Judge != nil {
		if err := out.accept(ctx, out.layers, opts.Judge); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// correct changes one layer, which reads x, a tensor for each sample.
func (c *Corrected) correct(ctx context.Context, l *layer, x []*tensor.Tensor, pool *parallel.Pool, opts Options) error {
	if opts.Round {
		if err := l.round(ctx, x, pool, opts.Codes); err != nil {
			return err
		}
	}
	if opts.Bias {
		l.bias = biasOf(l.node)
		added, err := l.correctBias(c.Graph, x)
		if err != nil {
			return err
		}
		c.Biases += added
		c.BiasLayers = append(c.BiasLayers, l.node.Name)
		c.layers = append(c.layers, l)
	}
	c.Layers = append(c.Layers, l.node.Name)
	return nil
}

// layersOf are the convolutions and linear layers on codes whose weight is theirs alone.
func layersOf(float, converted *graph.Graph) []*layer {
	reads := converted.Reads()
	var list []*layer
	for _, n := range converted.Running().Nodes {
		switch n.Op.(type) {
		case op.Conv2D, op.Linear:
		default:
			continue
		}
		twin, ok := float.Node(n.Name)
		w := n.Inputs[1]
		if !ok || w.Data == nil || w.Type.DType != tensor.QInt8 || !n.Inputs[0].Type.DType.IsQuantized() || reads[w] != 1 {
			continue
		}
		if len(n.Inputs) > 2 && (n.Inputs[2].Type.DType != tensor.Float32 || reads[n.Inputs[2]] != 1) {
			continue
		}
		if real := op.WeightOf(twin); real != nil && real.Data != nil && real.Type.DType == tensor.Float32 && real.Type.Shape.Equal(w.Type.Shape) {
			list = append(list, &layer{node: n, float: twin})
		}
	}
	return list
}

// scale is that of the weights of an output channel.
func scaleOf(q *tensor.QParams, channel int) (scale float64, zero int64) {
	i := min(channel, len(q.Scales)-1)
	return float64(float32(q.Scales[i])), q.ZeroPoints[i]
}
