package compare

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/timing"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// Layer compares a node of a graph with the node of that name of the reference.
// The ratios are explained at the package.
type Layer struct {
	Node string `json:"node"` // name of the node, in both graphs
	Op   string `json:"op"`   // kind of its operator
	Int8 bool   `json:"int8"` // it computes on codes

	// Accumulated compares both results of whole runs, with the noise of all nodes before.
	Accumulated Decibels `json:"sqnr_db"`
	// Isolated and Introduced are set for int8 nodes. Introduced is +Inf where a
	// node only selects, moves or averages codes, and equals Isolated where the
	// reference computes codes too.
	Isolated   Decibels `json:"isolated_sqnr_db"`
	Introduced Decibels `json:"introduced_sqnr_db"`
	// Parts says where the noise of the isolated node comes from; absent where
	// there is none, or where the reference computes codes too.
	Parts *Parts `json:"parts,omitempty"`
	// Differ is the share of codes, in percent, that are not the reference's;
	// set where both compute codes with the same parameters. DifferAlone is the
	// same for the node alone, fed with the reference's codes.
	Differ      *float64 `json:"codes_differ_percent,omitempty"`
	DifferAlone *float64 `json:"isolated_codes_differ_percent,omitempty"`
}

// Parts are shares of the noise of a node, which add up to 1.
type Parts struct {
	Inputs  float64 `json:"inputs"`  // from the codes of its inputs
	Weights float64 `json:"weights"` // from the codes of its weights
	Result  float64 `json:"result"`  // from the codes of its result
}

// Options of a comparison; the zero value is good.
type Options struct {
	// Threads of the runs; 0 means one per core. Results do not depend on it.
	Threads int
	// Progress is called with the number of inputs done.
	Progress func(inputs int)
	// Total is called before the first Progress where the caller cannot know it: with
	// the number of sets that FindExclusions tries at most.
	Total func(sets int)
	// Sound is the ratio of a model that Fix leaves as it is; 0 is the target.
	Sound Decibels
}

func (o Options) progress(n int) {
	if o.Progress != nil {
		o.Progress(n)
	}
}

func (o Options) total(n int) {
	if o.Total != nil {
		o.Total(n)
	}
}

// Layers compares got with the reference want node by node, on inputs that hold all that the graphs
// take, in their order; all results of the reference for one of them are
// held in memory. Nodes correspond by their names, or by what they compute where a quantizer named
// them anew; layers have the reference's. Nodes that only one graph has (conversions) are left out,
// and those that compute with values that the other has not. The result is in order of computation.
func Layers(ctx context.Context, want, got *graph.Graph, inputs [][]*tensor.Tensor, opts Options) ([]Layer, error) {
	all, err := LayersOf(ctx, want, []*graph.Graph{got}, inputs, opts)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// LayersOf is Layers for several graphs. They share the runs of the reference, and
// those of its layers with quantized weights that several of them have.
func LayersOf(ctx context.Context, want *graph.Graph, gots []*graph.Graph, inputs [][]*tensor.Tensor, opts Options) ([][]Layer, error) {
	c, err := newComparison(want.Running(), gots, opts)
	if err != nil {
		return nil, err
	}
	for i, in := range inputs {
		if err := c.add(ctx, in); err != nil {
			return nil, err
		}
		opts.progress(i + 1)
	}
	out := make([][]Layer, len(c.rivals))
	for i, r := range c.rivals {
		out[i] = r.layers()
	}
	return out, nil
}

// Split cuts a batch [N, ...] into its samples, [1, ...] each, without copying
// them; at most limit of them.
func Split(x *tensor.Tensor, limit int) []*tensor.Tensor {
	var out []*tensor.Tensor
	for i := range min(x.Dim(0), limit) {
		out = append(out, x.Rows(i, i+1))
	}
	return out
}

// Each makes inputs of graphs that take one tensor.
func Each(tensors []*tensor.Tensor) [][]*tensor.Tensor {
	var out [][]*tensor.Tensor
	for _, x := range tensors {
		out = append(out, []*tensor.Tensor{x})
	}
	return out
}

// comparison is the work of LayersOf.
type comparison struct {
	reference *engine.Session
	weighted  *weighted
	rivals    []*rival
	threads   int // that work on rivals side by side
}

// rival is a graph that is compared with the reference.
type rival struct {
	graph  *graph.Graph
	whole  *engine.Session
	alone  *alone
	nodes  []*node
	byName map[string]*node
}

// node is what is collected of one node of got.
type node struct {
	*graph.Node
	quantizedReference                         bool // the reference computes codes
	accumulated, isolated, weights, introduced Noise
	differ, differAlone                        mismatch
}

// mismatch counts codes that differ.
type mismatch struct{ differ, of int }

func (m mismatch) percent() *float64 {
	if m.of == 0 {
		return nil
	}
	p := percent(m.differ, m.of)
	return &p
}

func (m *mismatch) add(want, got *tensor.Tensor) {
	if !sameCodes(want, got) {
		return
	}
	codes := got.Uint8s()
	for i, c := range want.Uint8s() {
		if c != codes[i] {
			m.differ++
		}
	}
	m.of += len(codes)
}

// sameCodes reports whether both tensors hold codes of one meaning.
func sameCodes(a, b *tensor.Tensor) bool {
	return a.DType() == tensor.QUInt8 && b.DType() == tensor.QUInt8 && a.QParams().Equal(b.QParams())
}

func newComparison(want *graph.Graph, gots []*graph.Graph, opts Options) (*comparison, error) {
	c := &comparison{weighted: newWeighted(want)}
	for _, got := range gots {
		r, err := newRival(want, got.Running(), c.weighted)
		if err != nil {
			return nil, err
		}
		c.rivals = append(c.rivals, r)
	}
	var err error
	if c.reference, err = session(want, opts, nil); err != nil {
		return nil, err
	}
	if err := c.weighted.compile(opts); err != nil {
		return nil, err
	}
	// A core for each rival waits less than all cores for one: between its layers a run
	// hands results over one by one.
	c.threads = c.reference.Program().Threads()
	opts.Threads = max(1, c.threads/max(1, len(c.rivals)))
	return c, c.each(func(r *rival) error { return r.compile(opts) })
}

func newRival(want, got *graph.Graph, w *weighted) (*rival, error) {
	got = matched(want, got)
	r := &rival{graph: got, byName: map[string]*node{}}
	for _, n := range got.Nodes {
		if ref, ok := want.Node(n.Name); ok && isReal(ref) && isReal(n) && alike(want, n) {
			m := &node{Node: n, quantizedReference: onCodes(ref)}
			r.nodes, r.byName[n.Name] = append(r.nodes, m), m
		}
	}
	if len(r.nodes) == 0 {
		return nil, fmt.Errorf("%s and %s have no node in common; compare models of one architecture", want.Name, got.Name)
	}
	var err error
	r.alone, err = newAlone(want, got, r.nodes, w)
	return r, err
}

// isReal reports whether the first result of n is real numbers, or codes of some: whole numbers
// such as shapes and indices, and pixels, carry no noise.
func isReal(n *graph.Node) bool {
	d := n.Output().Type.DType
	return d.IsFloat() || d.IsQuantized()
}

// result is what a node of g computes under that name.
func result(g *graph.Graph, name string) (*graph.Value, bool) {
	for _, n := range g.Nodes {
		for _, v := range n.Outputs {
			if v.Name == name {
				return v, true
			}
		}
	}
	return nil, false
}

// alike reports whether n computes with values that want has too, but for conversions: exporters
// and quantizers of ONNX files may name another node of a few alike.
func alike(want *graph.Graph, n *graph.Node) bool {
	for _, v := range n.Inputs {
		for v.Node != nil {
			if _, ok := result(want, v.Name); ok {
				break
			}
			if !timing.IsConversion(v.Node) {
				return false
			}
			v = v.Node.Inputs[0]
		}
	}
	return true
}

func (r *rival) compile(opts Options) (err error) {
	if r.whole, err = session(r.graph, opts, nil); err != nil {
		return err
	}
	return r.alone.compile(opts, r.whole.Program())
}

// each works on all rivals, some of them side by side.
func (c *comparison) each(work func(*rival) error) error {
	errs := make([]error, len(c.rivals))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(c.threads, len(c.rivals)) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(errs)); i = next.Add(1) - 1 {
				errs[i] = work(c.rivals[i])
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// session compiles g, and shares the layers that like has too; like may be nil.
func session(g *graph.Graph, opts Options, like *engine.Program) (*engine.Session, error) {
	p, err := engine.Compile(g, engine.Options{Threads: opts.Threads, Like: like})
	if err != nil {
		return nil, err
	}
	return p.NewSession(), nil
}

// add takes in the inputs of a run.
func (c *comparison) add(ctx context.Context, in []*tensor.Tensor) error {
	values := map[string]*tensor.Tensor{} // of the reference
	takes := c.reference.Program().Graph().Inputs
	if len(in) != len(takes) {
		return fmt.Errorf("%d inputs; the model takes %d", len(in), len(takes))
	}
	for i, v := range takes {
		values[v.Name] = in[i]
	}
	_, err := c.reference.RunTapped(ctx, func(v *graph.Value, t *tensor.Tensor) error {
		values[v.Name] = t
		return nil
	}, in...)
	if err != nil {
		return err
	}
	if err := c.weighted.add(ctx, values); err != nil {
		return err
	}
	return c.each(func(r *rival) error { return r.add(ctx, in, values) })
}

// add takes in the inputs of a run, of which values has what the reference computes.
func (r *rival) add(ctx context.Context, in []*tensor.Tensor, values map[string]*tensor.Tensor) error {
	err := r.whole.RunViewed(ctx, func(v *graph.Value, t *tensor.Tensor) error {
		n, ok := r.byName[v.Name]
		if !ok {
			return nil
		}
		want := values[v.Name]
		if err := sameShape(v.Name, want, t); err != nil {
			return err
		}
		n.differ.add(want, t)
		return addNoise(&n.accumulated, want, t)
	}, in...)
	if err != nil {
		return err
	}
	return r.alone.add(ctx, values)
}

// sameShape demands results of one size. Axes of one element may be elsewhere: exporters to ONNX
// keep those of averages.
func sameShape(node string, want, got *tensor.Tensor) error {
	long := func(s tensor.Shape) tensor.Shape {
		return slices.DeleteFunc(s.Clone(), func(n int) bool { return n == 1 })
	}
	if !long(want.Shape()).Equal(long(got.Shape())) {
		return fmt.Errorf("node %q gives %v in one graph and %v in the other; compare models of one architecture", node, want, got)
	}
	return nil
}

func addNoise(n *Noise, want, got *tensor.Tensor) error {
	real, err := reals(want)
	if err != nil {
		return err
	}
	return n.addTensor(real, got)
}

// layers are the results.
func (r *rival) layers() []Layer {
	none := Decibels(math.Inf(1))
	out := make([]Layer, len(r.nodes))
	for i, n := range r.nodes {
		l := Layer{
			Node: n.Name, Op: n.Op.Kind(), Int8: onCodes(n.Node), Accumulated: n.accumulated.Decibels(),
			Isolated: none, Introduced: none, Differ: n.differ.percent(), DifferAlone: n.differAlone.percent(),
		}
		switch {
		case l.Int8 && n.quantizedReference:
			l.Isolated, l.Introduced = n.isolated.Decibels(), n.isolated.Decibels()
		case l.Int8:
			l.Isolated, l.Introduced, l.Parts = n.isolated.Decibels(), n.introduced.Decibels(), n.parts()
		}
		out[i] = l
	}
	return out
}

// parts divides the noise of the isolated node. What weights and result add is
// taken to be independent of what the inputs bring.
func (n *node) parts() *Parts {
	weights := n.weights.Noise
	result := max(0, n.introduced.Noise-weights)
	inputs := max(0, n.isolated.Noise-n.introduced.Noise)
	sum := weights + result + inputs
	if sum == 0 {
		return nil
	}
	return &Parts{Inputs: inputs / sum, Weights: weights / sum, Result: result / sum}
}

// onCodes reports whether n computes on integers: it gives codes, or takes them
// other than to make real numbers of them.
func onCodes(n *graph.Node) bool {
	if _, ok := n.Op.(op.Dequantize); ok {
		return false
	}
	return n.Output().Type.DType.IsQuantized() || len(n.Inputs) > 0 && n.Inputs[0].Type.DType.IsQuantized()
}
