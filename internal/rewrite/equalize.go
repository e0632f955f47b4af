package rewrite

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// Equalize returns a copy of a fused float graph that computes the same function with
// channels of weights whose ranges lie closer together, and the number of layers that it
// has scaled in front of others: cross-layer equalization (Nagel et al. 2019). It helps
// weights that have one scale.
//
// Channel c of a layer is divided by s = sqrt(r1 r2) / r2, r1 being the largest magnitude
// of its weights and r2 that of the weights which read it; these are multiplied by s. That
// changes nothing where positive factors pass what stands in between (see chains): ReLU
// does, ReLU6 does not. Layers are scaled again and again until no channel moves.
func Equalize(g *graph.Graph) (*graph.Graph, int, error) {
	out := g.Clone()
	e := &equalizer{layers: map[*graph.Node]*scaled{}}
	chains := chainsOf(out)
	for round := 0; round < maxRounds; round++ {
		moved := 0.0
		for _, c := range chains {
			moved = max(moved, e.equalize(c))
		}
		if moved < stillness {
			break
		}
	}
	for _, n := range out.Nodes {
		if l := e.layers[n]; l != nil {
			if err := l.apply(); err != nil {
				return nil, 0, fmt.Errorf("%s: node %q: %w", g.Name, n.Name, err)
			}
		}
	}
	return out, len(chains), nil
}

const (
	// maxRounds ends what converges slowly: long rows of depthwise layers.
	maxRounds = 100
	// stillness is the logarithm of a factor that changes no code of 8 bits.
	stillness = 1e-4
	// farthest bounds the factor of a channel: one whose weights are next to nothing would
	// otherwise get a bias, and so a range of results, beyond that of all others.
	farthest = 1 << 10
)

// equalizer has the layers of all chains.
type equalizer struct{ layers map[*graph.Node]*scaled }

// scaled is a layer with the factors of its channels.
type scaled struct {
	node    *graph.Node
	form    form
	largest []float64 // magnitude of the weights of output channel o and input i, at o*inputs + i
	divide  []float64 // of each output channel
	times   []float64 // of each input channel
}

func (e *equalizer) layer(n *graph.Node) *scaled {
	if l := e.layers[n]; l != nil {
		return l
	}
	l := &scaled{node: n, form: formOf(n)}
	l.largest = make([]float64, l.form.outputs*l.form.perGroup)
	l.divide, l.times = ones(l.form.outputs), ones(l.form.inputs)
	weights := n.Inputs[1].Data.Float32s()
	l.form.each(func(i, o, in int) {
		at := &l.largest[o*l.form.perGroup+in%l.form.perGroup]
		*at = max(*at, math.Abs(float64(weights[i])))
	})
	e.layers[n] = l
	return l
}

func ones(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = 1
	}
	return x
}

// equalize scales the channels of one chain and says how far the one went that moved most.
func (e *equalizer) equalize(c chain) (moved float64) {
	producer := e.layer(c.producer)
	own, read := producer.ranges(), make([]float64, len(producer.divide))
	for _, r := range c.readers {
		reader := e.layer(r.node)
		for i, v := range reader.readRanges() {
			at := r.channel(i, len(read), len(reader.times))
			read[at] = max(read[at], v)
		}
	}
	factor := ones(len(own))
	for o := range own {
		if own[o] == 0 || read[o] == 0 {
			continue // what is never used, or always the same, has no range to share
		}
		s := math.Sqrt(own[o] / read[o])
		factor[o] = min(max(s*producer.divide[o], 1.0/farthest), farthest) / producer.divide[o]
		producer.divide[o] *= factor[o]
		moved = max(moved, math.Abs(math.Log(factor[o])))
	}
	for _, r := range c.readers {
		reader := e.layer(r.node)
		for i := range reader.times {
			reader.times[i] *= factor[r.channel(i, len(factor), len(reader.times))]
		}
	}
	return moved
}

// ranges are the largest magnitudes of the weights of each output channel, as scaled so far.
func (l *scaled) ranges() []float64 {
	r := make([]float64, len(l.divide))
	l.each(func(o, _ int, v float64) { r[o] = max(r[o], v) })
	return r
}

// readRanges are those of the weights that read each input channel.
func (l *scaled) readRanges() []float64 {
	r := make([]float64, len(l.times))
	l.each(func(_, in int, v float64) { r[in] = max(r[in], v) })
	return r
}

func (l *scaled) each(see func(o, in int, largest float64)) {
	perGroup, outs := l.form.perGroup, l.form.outputs/l.form.groups
	for o, d := range l.divide {
		first := o / outs * perGroup
		for i, v := range l.largest[o*perGroup : (o+1)*perGroup] {
			see(o, first+i, v*l.times[first+i]/d)
		}
	}
}

// apply gives the node the scaled weights and bias.
func (l *scaled) apply() error {
	w := l.node.Inputs[1]
	old := w.Data.Float32s()
	scaled := make([]float32, len(old))
	l.form.each(func(i, o, in int) { scaled[i] = float32(float64(old[i]) * l.times[in] / l.divide[o]) })
	for _, v := range scaled {
		if math.IsInf(float64(v), 0) {
			return fmt.Errorf("equalized, its weight %q leaves the range of float32", w.Name)
		}
	}
	w.Data = tensor.Of(scaled, w.Data.Shape()...)
	bias := inputAt(l.node, 2)
	if bias == nil {
		return nil
	}
	b := make([]float32, len(l.divide))
	for o, v := range bias.Data.Float32s() {
		b[o] = float32(float64(v) / l.divide[o])
	}
	bias.Data = tensor.Of(b, len(b))
	return nil
}
