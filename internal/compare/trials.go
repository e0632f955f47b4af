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
	inputs           []*tensor.Tensor
	opts             Options
	want             []*tensor.Tensor // the float logits
	base             Outputs
	program          *engine.Program  // of converted
	macs             map[string]int64 // of every int8 layer
	total            int64
}

func newTrials(ctx context.Context, float, converted *graph.Graph, layers []Layer, inputs []*tensor.Tensor, opts Options) (*trials, error) {
	t := &trials{float: float, converted: converted, inputs: inputs, opts: opts, macs: map[string]int64{}}
	s, err := session(float, opts, nil)
	if err != nil {
		return nil, err
	}
	if t.want, err = t.logits(ctx, s); err != nil {
		return nil, err
	}
	if s, err = session(converted, opts, nil); err != nil {
		return nil, err
	}
	t.program = s.Program()
	if t.base, err = t.outputs(ctx, s); err != nil {
		return nil, err
	}
	for _, l := range layers {
		if l.Int8 {
			t.macs[l.Node] = 0
		}
	}
	if len(inputs) == 0 {
		return t, nil
	}
	plan, err := s.Program().Plan(inputs[0].Shape())
	for _, p := range plan {
		t.total += p.MACs
		if _, ok := t.macs[p.Node.Name]; ok {
			t.macs[p.Node.Name] = p.MACs
		}
	}
	return t, err
}

func (t *trials) logits(ctx context.Context, s *engine.Session) ([]*tensor.Tensor, error) {
	out := make([]*tensor.Tensor, len(t.inputs))
	for i, x := range t.inputs {
		y, err := s.Run(ctx, x)
		if err != nil {
			return nil, err
		}
		out[i] = y[0]
	}
	return out, nil
}

func (t *trials) outputs(ctx context.Context, s *engine.Session) (Outputs, error) {
	var o Outputs
	got, err := t.logits(ctx, s)
	if err != nil {
		return o, err
	}
	for i, y := range got {
		if err := o.Add(make([]string, y.Dim(0)), nil, t.want[i], y); err != nil {
			return o, err
		}
	}
	return o, nil
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

// measure keeps modules in float.
func (t *trials) measure(ctx context.Context, modules []string) (Trial, error) {
	trial := Trial{Exclude: modules}
	g, err := Excluding(t.float, t.converted, func(name string) bool { return covers(modules, name) })
	if err != nil {
		return trial, err
	}
	s, err := session(g, t.opts, t.program)
	if err != nil {
		return trial, err
	}
	o, err := t.outputs(ctx, s)
	if err != nil {
		return trial, err
	}
	names := t.covered(modules)
	var macs int64
	for _, name := range names {
		macs += t.macs[name]
	}
	trial.Layers, trial.SQNR, trial.Agreement = len(names), o.SQNR, o.Agreement
	if t.total > 0 {
		trial.MACs = 100 * float64(macs) / float64(t.total)
	}
	if t.base.SQNR.Known() && o.SQNR.Known() {
		trial.Gain = math.Round(1e3*float64(o.SQNR-t.base.SQNR)) / 1e3
	}
	return trial, nil
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
