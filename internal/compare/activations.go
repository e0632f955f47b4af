package compare

import (
	"context"
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/observe"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// histogramBins bounds the bins of an activation's histogram; there are at least
// half as many.
const histogramBins = 128

// Rival is an int8 graph with the codes that its calibrated ranges were mapped
// to; a zero range means all of quint8.
type Rival struct {
	Graph *graph.Graph    // the int8 graph; nil where its values are not the reference's
	Codes quant.CodeRange // those that calibrated ranges are mapped to; none where that is not known
}

// Activation is the distribution of a value of the float reference that int8
// graphs make codes of.
type Activation struct {
	Value string  `json:"value"` // an input, or a node whose result it is
	Min   float32 `json:"min"`   // of all values of all inputs
	Max   float32 `json:"max"`   // of all values of all inputs
	// Counts[i] is the number of values from Start + i*Width to Start + (i+1)*Width.
	Start  float64  `json:"histogram_start"`
	Width  float64  `json:"histogram_bin_width"`
	Counts []uint64 `json:"histogram"`
	// Forms has an entry for every rival; nil where the value stays float there.
	Forms []*Clip `json:"variants"`
}

// Clip is what an int8 graph makes of a value.
type Clip struct {
	Scale     float64 `json:"scale"`      // of the codes
	ZeroPoint int64   `json:"zero_point"` // the code of 0
	// Min and Max are the range that the observer chose, in real numbers.
	Min float64 `json:"clip_min"`
	Max float64 `json:"clip_max"`
	// Outside is the share of values, in percent, that no code represents: they
	// are cut off. With codes to spare beyond the chosen range (reduce_range)
	// this is less than what lies outside of it.
	Outside float64 `json:"cut_off_percent"`

	lo, hi  float32 // beyond them values are cut off
	outside int
}

func newClip(t graph.Type, codes quant.CodeRange) *Clip {
	if codes.Min == codes.Max {
		codes.Min, codes.Max = t.DType.CodeRange()
	}
	scale, zero := t.Q.Scale(), t.Q.ZeroPoint()
	real := func(code int64) float64 { return float64(code-zero) * scale }
	first, last := t.DType.CodeRange()
	return &Clip{
		Scale: scale, ZeroPoint: zero, Min: real(codes.Min), Max: real(codes.Max),
		lo: float32(real(first) - scale/2), hi: float32(real(last) + scale/2),
	}
}

// Activations collects, over the inputs, the distribution of every value of the
// float graph want that a rival makes codes of with parameters of its own, in
// order of computation.
func Activations(ctx context.Context, want *graph.Graph, rivals []Rival, inputs [][]*tensor.Tensor, opts Options) ([]Activation, error) {
	want = want.Running()
	s, err := session(want, opts, nil)
	if err != nil {
		return nil, err
	}
	watched, err := watch(want, rivals)
	if err != nil {
		return nil, err
	}
	byValue, wanted := map[*graph.Value]*watchedValue{}, map[*graph.Value]bool{}
	for _, w := range watched {
		byValue[w.value], wanted[w.value] = w, true
	}
	for i, in := range inputs {
		err := s.RunObserved(ctx, wanted, func(v *graph.Value, data []float32, shape tensor.Shape) error {
			return byValue[v].add(data, shape)
		}, in...)
		if err != nil {
			return nil, err
		}
		opts.progress(i + 1)
	}
	out := make([]Activation, len(watched))
	for i, w := range watched {
		out[i] = w.result()
	}
	return out, nil
}

// watchedValue is a value of the reference with its histogram.
type watchedValue struct {
	value  *graph.Value
	forms  []*Clip
	bins   observe.Binned
	values int
}

// watch picks the values.
func watch(want *graph.Graph, rivals []Rival) ([]*watchedValue, error) {
	types := make([]map[string]graph.Type, len(rivals))
	for i, r := range rivals {
		if r.Graph != nil {
			types[i] = ownTypes(want, r.Graph)
		}
	}
	var out []*watchedValue
	for _, v := range valuesOf(want) {
		w := &watchedValue{value: v, forms: make([]*Clip, len(rivals))}
		found := false
		for i, r := range rivals {
			if t, ok := types[i][v.Name]; ok {
				w.forms[i], found = newClip(t, r.Codes), true
			}
		}
		if !found {
			continue
		}
		if v.Type.DType != tensor.Float32 {
			return nil, fmt.Errorf("%s: %q is %v; the distribution of values needs a float model", want.Name, v.Name, v.Type)
		}
		o, err := observe.New(quant.ObserverSpec{Kind: quant.MergeableHistogram, DType: tensor.QUInt8, Bins: histogramBins})
		if err != nil {
			return nil, err
		}
		w.bins = o.(observe.Binned)
		out = append(out, w)
	}
	return out, nil
}

// valuesOf are the inputs of g, and all results of its nodes.
func valuesOf(g *graph.Graph) []*graph.Value {
	values := append([]*graph.Value(nil), g.Inputs...)
	for _, n := range g.Nodes {
		values = append(values, n.Outputs...)
	}
	return values
}

// ownTypes are the types of codes that g makes with parameters of their own, by
// the name of the value of want.
func ownTypes(want, g *graph.Graph) map[string]graph.Type {
	types := map[string]graph.Type{}
	for _, n := range g.Running().Nodes {
		if !n.Output().Type.DType.IsQuantized() || moves(n) {
			continue
		}
		name := n.Name
		if _, ok := want.Node(name); !ok { // a conversion that was inserted
			name = n.Inputs[0].Name
		}
		types[name] = n.Output().Type
	}
	return types
}

func (w *watchedValue) add(data []float32, shape tensor.Shape) error {
	if err := w.bins.Observe(data, shape); err != nil {
		return fmt.Errorf("values of %q: %w", w.value.Name, err)
	}
	w.values += len(data)
	lo, hi, _ := observe.Range(data)
	for _, c := range w.forms {
		if c == nil || lo >= c.lo && hi <= c.hi { // as with most
			continue
		}
		n := 0
		for _, x := range data {
			if x < c.lo || x > c.hi {
				n++
			}
		}
		c.outside += n
	}
	return nil
}

func (w *watchedValue) result() Activation {
	a := Activation{Value: w.value.Name, Forms: w.forms}
	a.Min, a.Max, _ = w.bins.Range()
	a.Start, a.Width, a.Counts = w.bins.Bins()
	for _, c := range a.Forms {
		if c != nil && w.values > 0 {
			c.Outside = percent(c.outside, w.values)
		}
	}
	return a
}
