package compare

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// fixing measures models of which some layers are in float.
type fixing struct {
	float, converted *graph.Graph
	inputs           [][]*tensor.Tensor
	opts             Options
	want             [][]*tensor.Tensor // outputs of float
	program          *engine.Program
	probed           *graph.Graph // float, with what is in front of its softmaxes as outputs behind its own; nil: float
	units            []*unit
	macs             float64 // of all layers with weights
	measured         int     // models, for the progress
}

// unit is a layer on codes with the nodes on codes behind it, up to the next layers.
type unit struct {
	layer string
	nodes []string
	macs  float64
	noise float64 // relative to the signal, of this unit alone
}

func newFixing(ctx context.Context, float, converted *graph.Graph, inputs [][]*tensor.Tensor, opts Options) (*fixing, error) {
	if len(inputs) == 0 {
		return nil, errors.New("there are no inputs to measure on")
	}
	f := &fixing{float: float, converted: converted, inputs: inputs, opts: opts}
	f.probed = probed(float)
	s, err := session(f.probed, opts, nil)
	if err != nil {
		return nil, err
	}
	f.program = s.Program()
	if f.want, err = outputsOf(ctx, s, inputs); err != nil {
		return nil, err
	}
	macs, err := f.multiplications()
	if err != nil {
		return nil, err
	}
	f.group(macs)
	return f, nil
}

// probed is g with more outputs: what is in front of softmax and sigmoid of those that it has.
func probed(g *graph.Graph) *graph.Graph {
	p := g.Clone()
	for _, v := range p.Outputs {
		if b := bare(v); b != v && !slices.Contains(p.Outputs, b) {
			p.Outputs = append(p.Outputs, b)
		}
	}
	return p
}

func outputsOf(ctx context.Context, s *engine.Session, inputs [][]*tensor.Tensor) ([][]*tensor.Tensor, error) {
	var outputs [][]*tensor.Tensor
	for _, in := range inputs {
		y, err := s.Run(ctx, in...)
		if err != nil {
			return nil, err
		}
		outputs = append(outputs, y)
	}
	return outputs, nil
}

// multiplications are those with weights of the float graph's nodes.
func (f *fixing) multiplications() (map[string]float64, error) {
	var shapes []tensor.Shape
	for _, x := range f.inputs[0] {
		shapes = append(shapes, x.Shape())
	}
	plan, err := f.program.Plan(shapes...)
	macs := map[string]float64{}
	for _, p := range plan {
		macs[p.Node.Name] = float64(p.MACs)
		f.macs += float64(p.MACs)
	}
	return macs, err
}

// group makes units of the nodes on codes.
func (f *fixing) group(macs map[string]float64) {
	of := map[*graph.Node]*unit{}
	for _, n := range f.converted.Nodes {
		if _, ok := f.float.Node(n.Name); !ok || !onCodes(n) {
			continue
		}
		if _, stub := n.Op.(op.Quantize); stub {
			continue
		}
		u := (*unit)(nil)
		for _, v := range n.Inputs {
			if u == nil && v.Node != nil && op.WeightOf(n) == nil {
				u = of[v.Node]
			}
		}
		if u == nil {
			u = &unit{layer: n.Name}
			f.units = append(f.units, u)
		}
		of[n] = u
		u.nodes, u.macs = append(u.nodes, n.Name), u.macs+macs[n.Name]
	}
}

// done counts a model that was measured.
func (f *fixing) done() {
	f.measured++
	f.opts.progress(f.measured)
}

// ranked is the number of inputs on which units are ranked: noise in front of softmax and
// sigmoid is much the same on all.
const ranked = 4

// rank measures what every unit alone costs and orders them.
func (f *fixing) rank(ctx context.Context) error {
	few := *f
	few.probed = nil
	few.inputs = f.inputs[:min(ranked, len(f.inputs))]
	r, err := few.ranking(ctx)
	if err != nil {
		return err
	}
	for _, u := range f.units {
		own := map[string]bool{}
		for _, name := range u.nodes {
			own[name] = true
		}
		m, err := r.measure(ctx, func(name string) bool { return !own[name] })
		if err != nil {
			return err
		}
		u.noise = math.Pow(10, -float64(m.sqnr)/10)
		f.done()
	}
	value := func(u *unit) float64 { return u.noise / (u.macs + f.macs/1000) }
	slices.SortStableFunc(f.units, func(a, b *unit) int { return cmp.Compare(value(b), value(a)) })
	return nil
}

// ranking measures in front of what makes noise large or small by where the values lie.
func (f *fixing) ranking(ctx context.Context) (*fixing, error) {
	r := &fixing{float: f.float.Clone(), converted: f.converted, inputs: f.inputs, opts: f.opts, program: f.program}
	for i, v := range r.float.Outputs {
		r.float.Outputs[i] = bare(v)
	}
	s, err := session(r.float, f.opts, f.program)
	if err != nil {
		return nil, err
	}
	r.want, err = outputsOf(ctx, s, r.inputs)
	return r, err
}

// bare is what an output is computed of by functions that flatten: softmax, sigmoid.
func bare(v *graph.Value) *graph.Value {
	at := v
	for at.Node != nil {
		switch at.Node.Op.(type) {
		case op.Softmax, op.Sigmoid, op.Hardsigmoid, op.Tanh:
			v = at.Node.Inputs[0]
		case op.Mover:
		default:
			return v
		}
		at = at.Node.Inputs[0]
	}
	return v
}

// told is how many units have to be float where noises add up.
func (f *fixing) told(target Decibels) int {
	left, allowed := 0.0, math.Pow(10, -float64(target)/10)
	for k := len(f.units); k > 0; k-- {
		if left += f.units[k-1].noise; left > allowed {
			return k
		}
	}
	return 0
}

// names are the nodes of units.
func names(kept []*unit) []string {
	var names []string
	for _, u := range kept {
		names = append(names, u.nodes...)
	}
	return names
}

func (f *fixing) step(kept []*unit, m ratios) Step {
	s := Step{Layers: len(kept), SQNR: m.sqnr, Unseen: m.unseen}
	macs := 0.0
	for _, u := range kept {
		s.Layer, macs = u.layer, macs+u.macs
	}
	if f.macs > 0 {
		s.MACs = math.Round(1e4*macs/f.macs) / 100
	}
	return s
}

// keep measures the model with units in float.
func (f *fixing) keep(ctx context.Context, kept []*unit) (ratios, error) {
	return f.measure(ctx, keeps(kept))
}

// variant is the model with units in float.
func (f *fixing) variant(kept []*unit) (*graph.Graph, error) {
	return Excluding(f.float, f.converted, keeps(kept))
}

// keeps reports whether a node is one of units.
func keeps(kept []*unit) func(string) bool {
	float := map[string]bool{}
	for _, name := range names(kept) {
		float[name] = true
	}
	return func(name string) bool { return float[name] }
}

// measure runs the model with some nodes in float.
func (f *fixing) measure(ctx context.Context, exclude func(string) bool) (ratios, error) {
	g, err := Excluding(cmp.Or(f.probed, f.float), f.converted, exclude)
	if err != nil {
		return ratios{}, err
	}
	s, err := session(g, f.opts, f.program)
	if err != nil {
		return ratios{}, err
	}
	outputs := make([]noisy, len(g.Outputs))
	for i, in := range f.inputs {
		y, err := s.Run(ctx, in...)
		if err != nil {
			return ratios{}, err
		}
		for k, want := range f.want[i] {
			outputs[k].add(want, y[k])
		}
	}
	worst := none
	for k, n := range outputs {
		r := n.ratios()
		if k >= len(f.float.Outputs) {
			worst.front, worst.frontUnseen = min(worst.front, r.sqnr), min(worst.frontUnseen, r.unseen)
			continue
		}
		worst.sqnr, worst.unseen = min(worst.sqnr, r.sqnr), min(worst.unseen, r.unseen)
	}
	return worst, nil
}
