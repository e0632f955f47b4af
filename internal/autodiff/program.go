package autodiff

import (
	"fmt"
	"slices"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/fakequant"
	"github.com/octet-ml/octet/internal/kernel/argmax32"
	"github.com/octet-ml/octet/internal/kernel/channels32"
	"github.com/octet-ml/octet/internal/kernel/elementwise32"
	"github.com/octet-ml/octet/internal/kernel/filters32"
	"github.com/octet-ml/octet/internal/kernel/matmul32"
	"github.com/octet-ml/octet/internal/parallel"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// Options say how to train. The zero value trains in float with all cores.
type Options struct {
	// Threads is the number of threads; 0 means one for each core. Results do not
	// depend on it.
	Threads int
	// CPU limits the instruction sets, as engine.Options.CPU does.
	CPU string
	// Activations has the fake quantization of values, by the name of the node
	// that computes them.
	Activations map[string]*fakequant.Module
	// Weights has that of weights, by the name of the parameter.
	Weights map[string]*fakequant.Module
	// Recompute drops the results of batch norms after the forward pass and recomputes them
	// from their inputs when the backward pass needs them (checkpointing): less memory, for
	// one more pass over the inputs. The results are the same to the bit.
	Recompute bool
	// FrozenNorms makes batch norms use their running statistics and leave them as
	// they are, from the start; see Program.FreezeNorms.
	FrozenNorms bool
}

// Program is a graph prepared for training, with its parameters.
type Program struct {
	whole  *graph.Graph // with auxiliary outputs
	g      *graph.Graph // the part that is trained
	opts   Options
	pool   *parallel.Pool
	params []*Param
	norms  []*Norm
	scales map[*fakequant.Module]*scales

	byValue map[*graph.Value]*Param
	normOf  map[*graph.Node]*Norm
	frozen  bool
	steps   []*Step

	matmul   *matmul32.Kernel
	filters  *filters32.Kernel
	channels *channels32.Kernel
	argmax   *argmax32.Kernel
	add      *elementwise32.Kernel
}

// Compile prepares g, float32 and bound, with one input and one output, for training. Its
// tensors are copied, and g is not changed. Parameters of whole numbers, such as indices, and what
// follows from them or from shapes alone, stay what they are. What only auxiliary outputs need is not
// trained, and stays in the graph.
func Compile(g *graph.Graph, opts Options) (*Program, error) {
	whole := g
	g = g.Running()
	if len(g.Inputs) != 1 || len(g.Outputs) != 1 {
		return nil, fmt.Errorf("%s has %d inputs and %d outputs; training needs one of each", g.Name, len(g.Inputs), len(g.Outputs))
	}
	features, err := cpu.Limit(opts.CPU)
	if err != nil {
		return nil, err
	}
	p := &Program{
		whole: whole, g: g, opts: opts, pool: parallel.Shared(opts.Threads), frozen: opts.FrozenNorms, scales: map[*fakequant.Module]*scales{},
		byValue: map[*graph.Value]*Param{}, normOf: map[*graph.Node]*Norm{},
		matmul: matmul32.Select(matmul32.Table, features), filters: filters32.Select(filters32.Table, features),
		channels: channels32.Select(channels32.Table, features), argmax: argmax32.Select(argmax32.Table, features),
		add: elementwise32.Select(elementwise32.Table, elementwise32.Add, features),
	}
	for _, v := range g.Params {
		if v.Data == nil || v.Type.DType.IsQuantized() {
			var readers []string
			for _, n := range g.Consumers(v) {
				readers = append(readers, n.Name)
			}
			return nil, fmt.Errorf("%s: parameter %q of node %q is %v; training needs real parameters with their values: %s",
				g.Name, v.Name, strings.Join(readers, ", "), v.Type, untrained)
		}
	}
	for _, n := range g.Nodes {
		p.register(n)
	}
	for _, v := range g.Params { // in the order of the state dict
		if q := p.byValue[v]; q != nil {
			p.params = append(p.params, q)
		}
	}
	return p, p.registerScales()
}

// register makes the parameters of a node.
func (p *Program) register(n *graph.Node) {
	param := func(i int, role Role) *Param {
		if i >= len(n.Inputs) || n.Inputs[i].Role != graph.Parameter {
			return nil
		}
		v := n.Inputs[i]
		if p.byValue[v] == nil {
			p.byValue[v] = newParam(v, role)
		}
		return p.byValue[v]
	}
	switch o := n.Op.(type) {
	case op.Weighted:
		param(1, Weight)
		param(2, Bias)
	case op.LayerNorm, op.GroupNorm:
		param(1, NormWeight)
		param(2, NormBias)
	case op.BatchNorm:
		norm := &Norm{Name: n.Name, Weight: param(1, NormWeight), Bias: param(2, NormBias), Eps: o.Eps, mean: n.Inputs[3], variance: n.Inputs[4]}
		norm.Mean = append(norm.Mean, n.Inputs[3].Data.Float32s()...)
		norm.Var = append(norm.Var, n.Inputs[4].Data.Float32s()...)
		p.norms, p.normOf[n] = append(p.norms, norm), norm
	}
}

// Params lists the trained parameters in the order of the state dict, then the
// scales and zero points of learnable fake quantizations.
func (p *Program) Params() []*Param { return p.params }

// Norms lists the batch norms in the order of computation.
func (p *Program) Norms() []*Norm { return p.norms }

// Threads is the number of threads.
func (p *Program) Threads() int { return p.pool.Threads() }

// FreezeNorms makes batch norms use their running statistics, or those of the
// batch again.
func (p *Program) FreezeNorms(frozen bool) { p.frozen = frozen }

// Graph returns a copy of the graph with the parameters and running statistics as
// they are now.
func (p *Program) Graph() *graph.Graph {
	out := p.whole.Clone()
	copies := parallel.Func(func(_, i int) {
		if q := p.byValue[p.whole.Params[i]]; q != nil {
			out.Params[i].Data = q.Tensor()
		}
	})
	p.pool.Run(len(out.Params), copies)
	stats := map[*graph.Value][]float32{}
	for _, n := range p.norms {
		stats[n.mean], stats[n.variance] = n.Mean, n.Var
	}
	for i, v := range p.whole.Params {
		if x, ok := stats[v]; ok {
			out.Params[i].Data = tensor.Of(slices.Clone(x), len(x))
		}
	}
	return out
}

// Release gives back the memory of all steps, which are useless from then on; the
// program stays.
func (p *Program) Release() { p.steps = nil }

// maxSteps bounds the memory that batches of ever changing shapes leave behind.
const maxSteps = 2

// Step returns the program for inputs of a shape, [N, C, H, W].
func (p *Program) Step(shape tensor.Shape) (*Step, error) {
	for _, s := range p.steps {
		if s.shape.Equal(shape) {
			return s, nil
		}
	}
	s, err := p.build(shape)
	if err != nil {
		return nil, err
	}
	if len(p.steps) == maxSteps {
		p.steps = p.steps[1:]
	}
	p.steps = append(p.steps, s)
	return s, nil
}
