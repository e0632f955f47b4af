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

// Step is a model on the way to a target: what it keeps in float, and what that gives.
type Step struct {
	// Layer is the one that was added last, with the nodes on codes behind it; empty of the
	// model as it was.
	Layer string `json:"layer,omitempty"`
	// Layers is how many are kept in float.
	Layers int `json:"layers"`
	// MACs is the share, in percent, of the multiplications with weights done in float.
	MACs float64  `json:"float_macs_percent"`
	SQNR Decibels `json:"sqnr_db"` // of the worst output of floats
}

// Fixed is what Fix has found.
type Fixed struct {
	Target Decibels `json:"target_db"`
	Steps  []Step   `json:"steps"` // the models that were measured, by their share of float
	Best   Step     `json:"best"`  // the first to reach the target, or else that of the highest ratio
	// Exclude names the nodes that Best computes in float.
	Exclude []string `json:"exclude"`

	Graph *graph.Graph `json:"-"` // of Best
}

// Fix looks for few layers of converted to keep in float so that its outputs are within
// target decibels of those of float, the fused graph that it was made from, on the given
// inputs. What each layer alone costs is measured, with all others in float; layers are
// kept in float in the order of that noise for the multiplications that they hold. How
// many of them the target needs is found by halving; those that it does not miss then
// return to codes, the largest first. When ctx ends, the best model so far is returned with
// its error.
func Fix(ctx context.Context, float, converted *graph.Graph, inputs [][]*tensor.Tensor, target Decibels, opts Options) (*Fixed, error) {
	f, err := newFixing(ctx, float, converted, inputs, opts)
	if err != nil {
		return nil, err
	}
	found := &Fixed{Target: target}
	take := func(kept []*unit) (Decibels, error) {
		sqnr, g, err := f.keep(ctx, kept)
		if err != nil {
			return 0, err
		}
		s := f.step(kept, sqnr)
		found.Steps = append(found.Steps, s)
		reached, before := s.SQNR >= target, found.Best.SQNR >= target
		if len(found.Steps) == 1 || reached && (!before || s.MACs <= found.Best.MACs) || !before && s.SQNR > found.Best.SQNR {
			found.Best, found.Graph, found.Exclude = s, g, names(kept)
		}
		return s.SQNR, nil
	}
	sqnr, err := take(nil)
	if err == nil && sqnr < target {
		if err = f.rank(ctx); err == nil {
			err = f.choose(target, take)
		}
	}
	slices.SortStableFunc(found.Steps, func(a, b Step) int { return cmp.Compare(a.MACs, b.MACs) })
	if found.Graph == nil {
		return nil, err
	}
	return found, err
}

// fixing is a search in progress.
type fixing struct {
	float, converted *graph.Graph
	inputs           [][]*tensor.Tensor
	opts             Options
	want             [][]*tensor.Tensor // outputs of float
	program          *engine.Program
	units            []*unit
	macs             float64 // of all layers with weights
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
	s, err := session(float, opts, nil)
	if err != nil {
		return nil, err
	}
	f.program = s.Program()
	for _, in := range inputs {
		y, err := s.Run(ctx, in...)
		if err != nil {
			return nil, err
		}
		f.want = append(f.want, y)
	}
	macs, err := f.multiplications()
	if err != nil {
		return nil, err
	}
	f.group(macs)
	return f, nil
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

// rank measures what every unit alone costs and orders them.
func (f *fixing) rank(ctx context.Context) error {
	f.opts.total(len(f.units))
	for i, u := range f.units {
		own := map[string]bool{}
		for _, name := range u.nodes {
			own[name] = true
		}
		sqnr, _, err := f.measure(ctx, func(name string) bool { return !own[name] })
		if err != nil {
			return err
		}
		u.noise = math.Pow(10, -float64(sqnr)/10)
		f.opts.progress(i + 1)
	}
	value := func(u *unit) float64 { return u.noise / (u.macs + f.macs/1000) }
	slices.SortStableFunc(f.units, func(a, b *unit) int { return cmp.Compare(value(b), value(a)) })
	return nil
}

// choose looks for the fewest units that reach the target: those that the sum of the noises
// tells, and then by halving what is left open. What can return to codes does.
func (f *fixing) choose(target Decibels, take func([]*unit) (Decibels, error)) error {
	if len(f.units) == 0 {
		return nil // the model as it was is all that there is
	}
	low, high := 0, len(f.units) // low misses the target; high reaches it, as float does
	for high-low > 1 {
		k := (low + high) / 2
		if low == 0 && high == len(f.units) {
			k = min(max(1, f.told(target)), high-1)
		}
		sqnr, err := take(f.units[:k])
		if err != nil {
			return err
		}
		if sqnr >= target {
			high = k
		} else {
			low = k
		}
	}
	if high == len(f.units) {
		if _, err := take(f.units); err != nil {
			return err
		}
	}
	kept := slices.Clone(f.units[:high])
	order := slices.Clone(kept)
	slices.SortStableFunc(order, func(a, b *unit) int { return cmp.Compare(b.macs, a.macs) })
	for _, u := range order[:min(returning, len(order))] {
		if len(kept) == high && u == f.units[high-1] {
			continue // measured above: it is needed
		}
		without := slices.DeleteFunc(slices.Clone(kept), func(k *unit) bool { return k == u })
		sqnr, err := take(without)
		if err != nil {
			return err
		}
		if sqnr >= target {
			kept = without
		}
	}
	return nil
}

// returning is how many units are tried on codes again: the search stays linear in the
// layers, and small layers are not worth it.
const returning = 12

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

func (f *fixing) step(kept []*unit, sqnr Decibels) Step {
	s := Step{Layers: len(kept), SQNR: sqnr}
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
func (f *fixing) keep(ctx context.Context, kept []*unit) (Decibels, *graph.Graph, error) {
	float := map[string]bool{}
	for _, name := range names(kept) {
		float[name] = true
	}
	return f.measure(ctx, func(name string) bool { return float[name] })
}

// measure runs the model with some nodes in float.
func (f *fixing) measure(ctx context.Context, exclude func(string) bool) (Decibels, *graph.Graph, error) {
	g, err := Excluding(f.float, f.converted, exclude)
	if err != nil {
		return 0, nil, err
	}
	s, err := session(g, f.opts, f.program)
	if err != nil {
		return 0, nil, err
	}
	noise := make([]Noise, len(g.Outputs))
	for i, in := range f.inputs {
		y, err := s.Run(ctx, in...)
		if err != nil {
			return 0, nil, err
		}
		for k, want := range f.want[i] {
			noise[k].addOutput(want, y[k])
		}
	}
	worst := Decibels(math.Inf(1))
	for _, n := range noise {
		if n.Signal > 0 {
			worst = min(worst, n.Decibels())
		}
	}
	return min(worst, exactly), g, nil
}

// exactly bounds a ratio, so that outputs that are equal have one that is a number.
const exactly = 200

// addOutput is Add for an output, if it is of floats. It adds one number after the other, where
// Add has four sums: a ratio in the last place of a target decides what Fix keeps.
func (n *Noise) addOutput(want, got *tensor.Tensor) {
	if want.DType() != tensor.Float32 || !want.Shape().Equal(got.Shape()) {
		return // whole numbers, or as many of them as the data tells
	}
	for i, v := range want.Float32s() {
		d := float64(v) - float64(got.Float32s()[i])
		n.Signal, n.Noise = n.Signal+float64(v)*float64(v), n.Noise+d*d
	}
}
