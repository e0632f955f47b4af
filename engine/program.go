package engine

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/parallel"
	"github.com/octet-ml/octet/internal/slab"
	"github.com/octet-ml/octet/tensor"
)

// Program is a graph compiled for one CPU. It is immutable.
type Program struct {
	g    *graph.Graph
	pool *parallel.Pool
	cpu  cpu.Features
	// lowered has one entry per node of g. Values are numbered: inputs first,
	// then the results of the nodes.
	lowered []lowered
	fused   []lowered // the same for runs that only give outputs, see fuse
	outputs []int
	// fromTensor tells, by input, whether it is only quantized: then it is read
	// from the caller's tensor and not copied first.
	fromTensor []bool
}

// lowered is a node with its kernel chosen and its weights packed.
type lowered struct {
	node   *graph.Node
	op     operation
	inputs []int // numbers of the operands that op reads from memory
	reason string
	gives  *graph.Value // what it computes, where that is not the node's own result
	with   string       // the node that computes it
}

// result is what l computes.
func (l *lowered) result() *graph.Value {
	if l.gives != nil {
		return l.gives
	}
	return l.node.Output()
}

// operation is what a node has become for this CPU.
type operation interface {
	// kernel names what computes it, and the instruction set.
	kernel() (name, isa string)
	// fix settles everything that depends on shapes.
	fix(in []graph.Type, out graph.Type, threads int) (fixed, error)
}

// fixed is an operation for operands of known shapes.
type fixed interface {
	// macs is the number of multiplications with weights.
	macs() int64
	// scratch is the number of words of memory that each worker needs.
	scratch() int
	// bind makes the step that computes out from in. scratch has one entry for
	// each worker. The step is used by one run at a time.
	bind(in []memory, out memory, scratch [][]uint64) step
}

// step computes a node's result.
type step interface {
	exec(p *parallel.Pool) error
}

// Compile lowers g for this CPU. g must not be changed afterwards. The error
// names the node that cannot be run.
func Compile(g *graph.Graph, opts Options) (*Program, error) {
	if err := check(g); err != nil {
		return nil, err
	}
	features := cpu.Host()
	if opts.CPU != "" {
		f, err := cpu.Parse(opts.CPU)
		if err != nil {
			return nil, err
		}
		if !features.Has(f) {
			return nil, fmt.Errorf("cannot use %v: this machine has %v", f, features)
		}
		features = f
	}
	g = g.Running()
	if opts.Threads < 0 {
		return nil, fmt.Errorf("%d threads; use 0 for one per core", opts.Threads)
	}
	p := &Program{g: g, pool: parallel.Shared(opts.Threads), cpu: features}
	number := map[*graph.Value]int{}
	for i, v := range g.Inputs {
		number[v] = i
	}
	for i, n := range g.Nodes {
		number[n.Output()] = len(g.Inputs) + i
	}
	if err := p.lowerAll(target{cpu: features, numerics: g.Numerics, memory: slab.New(bytesOfWeights(g))}); err != nil {
		return nil, err
	}
	for i, n := range g.Nodes {
		for _, v := range n.Inputs {
			if v.Role != graph.Parameter {
				p.lowered[i].inputs = append(p.lowered[i].inputs, number[v])
			}
		}
	}
	for _, v := range g.Outputs {
		i, ok := number[v]
		if !ok {
			return nil, fmt.Errorf("%s: output %q is a parameter; an output must be computed", g.Name, v.Name)
		}
		p.outputs = append(p.outputs, i)
	}
	p.fromTensor = p.onlyQuantized()
	p.fused = fuse(g, p.lowered)
	return p, nil
}

// bytesOfWeights is the size of all parameters of two dimensions and more.
func bytesOfWeights(g *graph.Graph) int {
	bytes := 0
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			if v.Role == graph.Parameter && len(v.Type.Shape) > 1 {
				bytes += v.Type.Shape.Numel() * v.Type.DType.Size()
			}
		}
	}
	return bytes
}

// lowerAll lowers every node. Nodes do not depend on each other, and packing
// weights is most of the time between a file and its first answer.
func (p *Program) lowerAll(t target) error {
	p.lowered = make([]lowered, len(p.g.Nodes))
	errs := make([]error, len(p.g.Nodes))
	p.pool.Run(len(p.g.Nodes), lowering{p, t, make([]weightBuffers, p.Threads()), errs})
	for i, err := range errs {
		if err != nil {
			return nodeError(p.g, p.g.Nodes[i], err)
		}
	}
	return nil
}

// lowering is the work of lowerAll, by node.
type lowering struct {
	p       *Program
	t       target
	weights []weightBuffers // by worker
	errs    []error
}

// Do lowers node i.
func (l lowering) Do(worker, i int) {
	l.t.weights = &l.weights[worker]
	l.p.lowered[i], l.errs[i] = lower(l.p.g.Nodes[i], l.t)
}

// Graph returns the graph that was compiled.
func (p *Program) Graph() *graph.Graph { return p.g }

// Threads is the number of threads of one run.
func (p *Program) Threads() int { return p.pool.Threads() }

// NodePlan says how one node is computed.
type NodePlan struct {
	Node   *graph.Node
	Kernel string // its name, or "identity" where nothing is computed
	With   string // the node that computes it at once with its own; Kernel is then "identity"
	ISA    string // the instruction set; "go" for portable code
	Reason string // why the operator's own evaluation is used instead of a kernel
	MACs   int64  // multiplications with weights, for the given shapes
}

// Plan lists the nodes in order. MACs, and whether a flatten is free, depend on
// the shapes of the graph's inputs; without any, MACs are 0.
func (p *Program) Plan(inputs ...tensor.Shape) ([]NodePlan, error) {
	var pl *plan
	if len(inputs) > 0 {
		var err error
		if pl, err = p.plan(p.fused, inputs); err != nil {
			return nil, err
		}
	}
	nodes := make([]NodePlan, len(p.lowered))
	for i, l := range p.fused {
		name, isa := l.op.kernel()
		nodes[i] = NodePlan{Node: l.node, Kernel: name, ISA: isa, Reason: l.reason}
		nodes[i].With = l.with
		if pl == nil {
			continue
		}
		if pl.steps[i] == nil {
			nodes[i].Kernel, nodes[i].ISA = "identity", "go"
		} else {
			nodes[i].MACs = pl.steps[i].macs()
		}
	}
	return nodes, nil
}
