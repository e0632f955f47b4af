package compare

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// trials measures exclusions.
type trials struct {
	float, converted *graph.Graph
	inputs           [][]*tensor.Tensor
	opts             Options
	want             []*tensor.Tensor // the float logits
	base             Outputs
	program          *engine.Program  // of converted
	macs             map[string]int64 // of every int8 layer
	total            int64
}

func newTrials(ctx context.Context, float, converted *graph.Graph, layers []Layer, inputs [][]*tensor.Tensor, opts Options) (*trials, error) {
	t := &trials{float: float, converted: converted, inputs: inputs, opts: opts, macs: map[string]int64{}}
	s, err := session(float, opts, nil)
	if err != nil {
		return nil, err
	}
	for _, in := range inputs {
		y, err := s.Run(ctx, in...)
		if err != nil {
			return nil, err
		}
		want, err := Answers(y, Count(in, y))
		if err != nil {
			return nil, err
		}
		t.want = append(t.want, want)
	}
	if s, err = session(converted, opts, nil); err != nil {
		return nil, err
	}
	t.program = s.Program()
	for _, l := range layers {
		if l.Int8 {
			t.macs[l.Node] = 0
		}
	}
	if len(inputs) == 0 {
		return t, nil
	}
	var shapes []tensor.Shape
	for _, x := range inputs[0] {
		shapes = append(shapes, x.Shape())
	}
	plan, err := t.program.Plan(shapes...)
	for _, p := range plan {
		t.total += p.MACs
		if _, ok := t.macs[p.Node.Name]; ok {
			t.macs[p.Node.Name] = p.MACs
		}
	}
	return t, err
}

// candidates are the layers to try and the modules around them that hold other
// int8 layers too, but not most of them. What the first layer adds runs through
// all others, what the last adds is seen by all classes.
func (t *trials) candidates(layers []Layer) []string {
	var names []string
	add := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	guilty := Guilty(layers)
	for _, l := range guilty[:min(triedLayers, len(guilty))] {
		add(l.Node)
	}
	for _, l := range []*Layer{firstWith(t.macs, layers), firstWith(t.macs, backward(layers))} {
		if l != nil {
			add(l.Node)
		}
	}
	for _, name := range slices.Clone(names) {
		if module := t.around(name); module != "" {
			add(module)
		}
	}
	return names
}

// around is the innermost module that holds a layer and other int8 layers, if
// those are not most of the model's.
func (t *trials) around(layer string) string {
	for module := parent(layer); module != ""; module = parent(module) {
		switch n := len(t.covered([]string{module})); {
		case n > len(t.macs)/2:
			return ""
		case n > 1:
			return module
		}
	}
	return ""
}

func backward(layers []Layer) []Layer {
	out := slices.Clone(layers)
	slices.Reverse(out)
	return out
}

// firstWith is the first layer that multiplies.
func firstWith(macs map[string]int64, layers []Layer) *Layer {
	i := slices.IndexFunc(layers, func(l Layer) bool { return macs[l.Node] > 0 })
	if i < 0 {
		return nil
	}
	return &layers[i]
}

func parent(module string) string {
	dot := max(0, strings.LastIndexByte(module, '.'))
	return module[:dot]
}

// covered lists the int8 layers that are, or lie below, one of the modules.
func (t *trials) covered(modules []string) []string {
	var names []string
	for name := range t.macs {
		if covers(modules, name) {
			names = append(names, name)
		}
	}
	return names
}

func covers(modules []string, name string) bool {
	return slices.ContainsFunc(modules, func(m string) bool { return name == m || strings.HasPrefix(name, m+".") })
}

// attempt is the model with some modules in float.
type attempt struct {
	modules []string
	session *engine.Session
	inputs  []string // values of converted that it begins with; none: it begins with the input
	outputs Outputs
}

// attempt keeps modules in float; cutting leaves out what is computed as in converted.
func (t *trials) attempt(modules []string, cutting bool) (*attempt, error) {
	g, err := Excluding(t.float, t.converted, func(name string) bool { return covers(modules, name) })
	if err != nil {
		return nil, err
	}
	a := &attempt{modules: modules}
	if cutting {
		a.inputs = cut(g, t.converted)
	}
	a.session, err = session(g, t.opts, t.program)
	return a, err
}

// run takes in the inputs of a run, of which the model computes values.
func (a *attempt) run(ctx context.Context, in []*tensor.Tensor, want *tensor.Tensor, values map[string]*tensor.Tensor) error {
	if a.inputs != nil {
		in = nil
		for _, name := range a.inputs {
			in = append(in, values[name])
		}
	}
	got, err := a.session.Run(ctx, in...)
	if err != nil {
		return err
	}
	answers, err := Answers(got, want.Dim(0))
	if err != nil {
		return err
	}
	return a.outputs.Add(make([]string, want.Dim(0)), nil, want, answers)
}

// measureAll keeps one candidate after the other in float, and sets what becomes of the
// logits without. For each input the model itself runs once, up to its end: every attempt
// begins behind what it has in common with it.
func (t *trials) measureAll(ctx context.Context, candidates []string) ([]Trial, error) {
	var attempts []*attempt
	var kept []string // values that attempts begin with
	for _, c := range candidates {
		a, err := t.attempt([]string{c}, true)
		if err != nil {
			return nil, err
		}
		attempts = append(attempts, a)
		for _, name := range a.inputs {
			if !isInput(t.converted, name) && !slices.Contains(kept, name) {
				kept = append(kept, name)
			}
		}
	}
	g := t.converted.Clone()
	own := len(g.Outputs)
	g.Outputs = append(slices.Clip(g.Outputs), valuesNamed(g, kept)...)
	s, err := session(g, t.opts, t.program)
	if err != nil {
		return nil, err
	}
	for i, in := range t.inputs {
		y, err := s.Run(ctx, in...)
		if err != nil {
			return nil, err
		}
		n := t.want[i].Dim(0)
		answers, err := Answers(y[:own], n)
		if err != nil {
			return nil, err
		}
		if err := t.base.Add(make([]string, n), nil, t.want[i], answers); err != nil {
			return nil, err
		}
		values := map[string]*tensor.Tensor{}
		for j, v := range t.converted.Inputs {
			values[v.Name] = in[j]
		}
		for j, name := range kept {
			values[name] = y[own+j]
		}
		for _, a := range attempts {
			if err := a.run(ctx, in, t.want[i], values); err != nil {
				return nil, err
			}
		}
		t.opts.progress(len(candidates) * (i + 1) / len(t.inputs))
	}
	var found []Trial
	for _, a := range attempts {
		found = append(found, t.trial(a))
	}
	return found, nil
}

// isInput reports whether g has an input of that name.
func isInput(g *graph.Graph, name string) bool {
	return slices.ContainsFunc(g.Inputs, func(v *graph.Value) bool { return v.Name == name })
}

// measure keeps modules in float.
func (t *trials) measure(ctx context.Context, modules []string) (Trial, error) {
	a, err := t.attempt(modules, false)
	if err != nil {
		return Trial{}, err
	}
	for i, in := range t.inputs {
		if err := a.run(ctx, in, t.want[i], nil); err != nil {
			return Trial{}, err
		}
	}
	return t.trial(a), nil
}

// trial is what an attempt gave.
func (t *trials) trial(a *attempt) Trial {
	names := t.covered(a.modules)
	var macs int64
	for _, name := range names {
		macs += t.macs[name]
	}
	trial := Trial{Exclude: a.modules, Layers: len(names), SQNR: a.outputs.SQNR, Agreement: a.outputs.Agreement}
	if t.total > 0 {
		trial.MACs = 100 * float64(macs) / float64(t.total)
	}
	if t.base.SQNR.Known() && trial.SQNR.Known() {
		trial.Gain = math.Round(1e3*float64(trial.SQNR-t.base.SQNR)) / 1e3
	}
	return trial
}

// combine adds up the trials that gain most for their cost.
func (t *trials) combine(ctx context.Context, found []Trial) (*Trial, error) {
	order := slices.Clone(found)
	value := func(x Trial) float64 { return x.Gain / (x.MACs + 2) }
	slices.SortStableFunc(order, func(a, b Trial) int { return cmp.Compare(value(b), value(a)) })
	var best Trial
	for _, x := range order {
		if len(best.Exclude) == combined {
			break
		}
		if x.Gain < worthAlone || covers(best.Exclude, x.Exclude[0]) {
			continue
		}
		modules := slices.DeleteFunc(slices.Clone(best.Exclude), func(m string) bool { return covers(x.Exclude, m) })
		trial, err := t.measure(ctx, append(modules, x.Exclude...))
		if err != nil {
			return nil, err
		}
		if trial.Gain >= best.Gain+worthAlone && trial.MACs <= mostMACs {
			best = trial
		}
	}
	if best.Gain < worthAll {
		return nil, nil
	}
	return &best, nil
}
