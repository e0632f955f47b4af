package engine

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/parallel"
	"github.com/octet-ml/octet/internal/slab"
)

// Program is a graph compiled for one CPU. It is immutable.
type Program struct {
	g    *graph.Graph
	pool *parallel.Pool
	cpu  cpu.Features
	// values are the inputs, then the results of the nodes in order, then the
	// parameters that steps read. The number of a value is its index here.
	values []*graph.Value
	number map[*graph.Value]int
	// lowered has one entry per node of g.
	lowered []lowered
	fused   []lowered // the same for runs whose intermediate results are not observed, see fuse
	outputs []int
	// fromTensor tells, by input, whether it is only quantized: then it is read
	// from the caller's tensor and not copied first.
	fromTensor []bool
}

// lowered is a node with its kernel chosen and its weights packed.
type lowered struct {
	node            *graph.Node
	op              operation // nil where another node's kernel computes this one, too
	inputs, outputs []int     // numbers of the values that op reads from memory and computes
	reason          string
	with            string // the node whose kernel also computes this one
	takes           []int  // the indices of other nodes that op also computes
}

// packer is an operation that packs the parameters of its node when it is lowered. Other
// operations read parameters as operands.
type packer interface{ packsParameters() }

// operation is a node lowered for this CPU.
type operation interface {
	// kernel names what computes it, and the instruction set.
	kernel() (name, isa string)
	// fix settles everything that depends on shapes.
	fix(in, out []desc, threads int) (fixed, error)
}

// fixed is an operation for operands of known shapes.
type fixed interface {
	// macs is the number of multiplications with weights.
	macs() int64
	// scratch is the number of words of memory that each worker needs.
	scratch() int
	// bind makes the step that computes out from in. scratch has one entry for
	// each worker. The step is used by one run at a time.
	bind(in, out []memory, scratch [][]uint64) step
}

// step computes a node's results.
type step interface {
	exec(p *parallel.Pool) error
}

// Compile lowers g for this CPU. g must not be changed afterwards. The error
// names the node that cannot be run.
func Compile(g *graph.Graph, opts Options) (*Program, error) {
	if err := check(g); err != nil {
		return nil, err
	}
	features, err := cpu.Limit(opts.CPU)
	if err != nil {
		return nil, err
	}
	g = g.Running()
	if opts.Threads < 0 {
		return nil, fmt.Errorf("%d threads; use 0 for one per core", opts.Threads)
	}
	p := &Program{g: g, pool: parallel.Shared(opts.Threads), cpu: features}
	layers := p.packedLayers(opts.Like)
	if err := p.lowerAll(target{cpu: features, numerics: g.Numerics, memory: slab.New(bytesOfWeights(g, layers)), packed: layers}); err != nil {
		return nil, err
	}
	p.connect()
	for _, v := range g.Outputs {
		if v.Role == graph.Parameter {
			return nil, fmt.Errorf("%s: output %q is a parameter; an output must be computed", g.Name, v.Name)
		}
		p.outputs = append(p.outputs, p.number[v])
	}
	p.fromTensor = p.onlyQuantized()
	p.fused = p.fuse()
	return p, nil
}

// connect numbers the values and records which ones every operation reads and computes.
func (p *Program) connect() {
	p.number = map[*graph.Value]int{}
	add := func(v *graph.Value) int {
		n, ok := p.number[v]
		if !ok {
			n = len(p.values)
			p.values, p.number[v] = append(p.values, v), n
		}
		return n
	}
	for _, v := range p.g.Inputs {
		add(v)
	}
	for i, n := range p.g.Nodes {
		for _, v := range n.Outputs {
			p.lowered[i].outputs = append(p.lowered[i].outputs, add(v))
		}
	}
	for i, n := range p.g.Nodes {
		_, packs := p.lowered[i].op.(packer)
		for _, v := range n.Inputs {
			if v.Role != graph.Parameter || !packs {
				p.lowered[i].inputs = append(p.lowered[i].inputs, add(v))
			}
		}
	}
}

// bytesOfWeights is the size of all parameters of two dimensions and more, save those of
// layers that are packed already.
func bytesOfWeights(g *graph.Graph, packed packedLayers) int {
	bytes := 0
	for _, n := range g.Nodes {
		if _, ok := packed.like(n); ok {
			continue
		}
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
	if found, ok := l.t.packed.like(l.p.g.Nodes[i]); ok {
		l.p.lowered[i] = found
		return
	}
	l.t.weights = &l.weights[worker]
	l.p.lowered[i], l.errs[i] = lower(l.p.g.Nodes[i], l.t)
}

// Graph returns the graph that was compiled.
func (p *Program) Graph() *graph.Graph { return p.g }

// Threads is the number of threads of one run.
func (p *Program) Threads() int { return p.pool.Threads() }
