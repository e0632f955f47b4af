package correct

import (
	"context"
	"slices"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// expect finds the mean window of each layer in the float graph.
func expect(ctx context.Context, float *graph.Graph, layers []*layer, samples [][]*tensor.Tensor, threads int) error {
	p, err := engine.Compile(float, engine.Options{Threads: threads})
	if err != nil {
		return err
	}
	means := make([]mean, len(layers))
	for i, l := range layers {
		means[i].within = l.node.Inputs[0].Type.Q
		means[i].dtype = l.node.Inputs[0].Type.DType
	}
	of := map[*graph.Value][]int{}
	for i, l := range layers {
		of[l.float.Inputs[0]] = append(of[l.float.Inputs[0]], i)
	}
	see := func(v *graph.Value, x *tensor.Tensor) error {
		for _, i := range of[v] {
			means[i].add(layers[i].float, x)
		}
		return nil
	}
	session := p.NewSession()
	for _, in := range samples {
		for i, v := range float.Inputs {
			if err := see(v, in[i]); err != nil {
				return err
			}
		}
		if _, err := session.RunTapped(ctx, see, in...); err != nil {
			return err
		}
	}
	for i, l := range layers {
		l.mean = means[i].value()
	}
	return nil
}

// mean is that of windows.
type mean struct {
	sums  []float64
	count int
	// within are the parameters of codes of dtype; real numbers beyond what these hold count as
	// the nearest that they hold. A bias that made up for what is cut off would make the mean
	// right and what is usual wrong. nil takes all as they are.
	within *tensor.QParams
	dtype  tensor.DType
}

// add takes in the windows of n on x, in real numbers.
func (m *mean) add(n *graph.Node, x *tensor.Tensor) {
	w := windowsOf(n, x.Shape())
	if m.sums == nil {
		m.sums = make([]float64, w.channels*w.taps())
	}
	m.count += w.count()
	q := x.QParams()
	if q == nil {
		addSums(m.sums, w, m.held(x.Float32s()), 0)
		return
	}
	if x.DType() == tensor.QUInt8 {
		addSums(m.sums, w, x.Uint8s(), float64(q.ZeroPoint()))
	} else {
		addSums(m.sums, w, x.Int8s(), float64(q.ZeroPoint()))
	}
}

// held is x within what the codes hold.
func (m *mean) held(x []float32) []float32 {
	if m.within == nil {
		return x
	}
	first, last := m.dtype.CodeRange()
	scale, zero := m.within.Scale(), m.within.ZeroPoint()
	low, high := float32(float64(first-zero)*scale), float32(float64(last-zero)*scale)
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = min(max(v, low), high)
	}
	return y
}

// value is the mean of what add has seen, in codes less their zero point where it has seen codes.
func (m *mean) value() []float64 {
	v := slices.Clone(m.sums)
	for i := range v {
		v[i] /= float64(max(m.count, 1))
	}
	return v
}

// correctBias adds to the bias of each output channel the mean of what the sums are less
// than the float layer's: by its weights, and by what is in front of it. The sums are
// linear, so their means are those of the mean windows. It returns the bytes of a bias that
// the layer had not.
func (l *layer) correctBias(g *graph.Graph, x []*tensor.Tensor) (added int64, err error) {
	var codes mean
	for _, t := range x {
		codes.add(l.node, t)
	}
	seen, q := codes.value(), x[0].QParams()
	weight := l.node.Inputs[1]
	if err := weight.Data.Load(); err != nil {
		return 0, err
	}
	real, ints, params := l.float.Inputs[1].Data.Float32s(), weight.Data.Int8s(), weight.Data.QParams()
	outputs, columns := weight.Type.Shape[0], weight.Type.Shape[1:].Numel()
	perGroup := outputs / (len(seen) / columns)
	bias := make([]float32, outputs)
	if len(l.node.Inputs) > 2 {
		copy(bias, l.node.Inputs[2].Data.Float32s())
	}
	for o := range outputs {
		first := o / perGroup * columns
		scale, zero := scaleOf(params, o)
		want, got := 0.0, 0.0
		for k := range columns {
			want += float64(real[o*columns+k]) * l.mean[first+k]
			got += float64(int64(ints[o*columns+k])-zero) * seen[first+k]
		}
		bias[o] += float32(want - got*scale*float64(float32(q.Scale())))
	}
	data := tensor.Of(bias, outputs)
	if len(l.node.Inputs) > 2 {
		l.node.Inputs[2].Data = data
		return 0, nil
	}
	v := &graph.Value{Name: l.node.Name + ".bias", Role: graph.Parameter, Type: graph.TypeOf(data), Data: data}
	g.Params = slices.Insert(g.Params, slices.Index(g.Params, weight)+1, v)
	l.node.Inputs = append(l.node.Inputs, v)
	return int64(4 * outputs), nil
}
