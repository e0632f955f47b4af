package engine

import (
	"slices"
	"sync"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/arena"
	"github.com/octet-ml/octet/internal/slab"
	"github.com/octet-ml/octet/tensor"
)

// plan is how a program runs for inputs of one list of shapes: all of its nodes, or those up
// to one whose output shapes depend on data. The nodes after that have plans of their own,
// one for each list of its output shapes; see segment.go.
type plan struct {
	list       []lowered
	of         []lowered      // the planned nodes: list with the fusions that the shapes allow
	shapes     []tensor.Shape // of the inputs, or of the results of the node in front
	first, end int            // the nodes that are planned
	deferring  bool           // the output shapes of the last of them depend on data
	facts      map[*graph.Value]graph.Fact

	mu    sync.Mutex
	tails []*plan // of the nodes after the last one, the most recently used last

	// values has the program's values by number, then those that the plan adds:
	// values in another order, and data that is known.
	values []planned
	steps  []planStep // in order of computation
	ends   []int      // by node, from first on: how many steps have run when its results are computed
	inputs []arrival
	// outputs are the numbers of the graph's outputs, in row-major order.
	outputs []int

	arena int // bytes
	work  int // words of scratch memory for each worker
	free  frames
}

// planned is a value of a plan.
type planned struct {
	desc
	block  *arena.Block // one block for all values that share memory; nil for known data
	memory memory       // of known data that a step reads
	before int          // 1 + the value's number in the plan of the segment before, which computes it; else 0
}

// planStep computes values of a plan.
type planStep struct {
	fixed
	node    int   // of the list; a reorder belongs to the node that needs it
	in, out []int // numbers of values
}

// wishing is an operation that says which orders of its operands suit it best, for results
// whose readers prefer the orders of out; nil is no preference.
type wishing interface {
	wishes(in, out []desc) []order
}

// ordered is an operation that says which orders of axes its operands and results have.
// Others work on images channels-last and on everything else row-major.
type ordered interface {
	wishing
	// orders returns the orders in which the operands are needed, given the orders that they
	// have in in, and the orders of the results; the orders of out are preferences.
	orders(in, out []desc) (need, give []order)
}

// relabeling is an operation whose result may share the memory of its operand.
type relabeling interface {
	wishing
	// relabel returns the order of the result in the memory of the operand, or false
	// where elements have to move first; then the operand is brought into row-major
	// order.
	relabel(in, out desc) (order, bool)
}

// planner makes a plan.
type planner struct {
	*plan
	p         *Program
	wish      []order // by number of value
	reordered map[orderKey]int
}

type orderKey struct {
	value int
	order string
}

// plan is for the nodes lowered as in list.
func (p *Program) plan(list []lowered, shapes []tensor.Shape) (*plan, error) {
	facts, err := p.g.Facts(shapes...)
	if err != nil {
		return nil, err
	}
	pl, err := p.newPlanner(list, 0, facts)
	if err != nil {
		return nil, err
	}
	pl.wishes()
	for i := range p.g.Inputs {
		if err := pl.input(i, shapes[i]); err != nil {
			return nil, err
		}
	}
	return pl.finish()
}

// newPlanner begins a plan of the nodes from first on, with what is known in front of them.
func (p *Program) newPlanner(list []lowered, first int, facts map[*graph.Value]graph.Fact) (*planner, error) {
	end, deferring, err := p.infer(first, facts)
	if err != nil {
		return nil, err
	}
	pl := &planner{p: p, wish: make([]order, len(p.values)), reordered: map[orderKey]int{}}
	pl.plan = &plan{list: p.settled(list, facts, first, end), of: list, first: first, end: end, deferring: deferring}
	if deferring {
		pl.facts = facts
	}
	for _, v := range p.values {
		f := facts[v]
		pl.values = append(pl.values, planned{desc: desc{Type: f.Type, known: f.Data}})
	}
	return pl, nil
}

// finish plans the nodes.
func (pl *planner) finish() (*plan, error) {
	for i := pl.first; i < pl.end; i++ {
		if err := pl.node(i, pl.list[i]); err != nil {
			return nil, nodeError(pl.p.g, pl.list[i].node, err)
		}
		pl.ends = append(pl.ends, len(pl.steps))
	}
	if pl.deferring {
		pl.keep()
	} else if err := pl.results(); err != nil {
		return nil, err
	}
	pl.place()
	return pl.plan, nil
}

// results brings the outputs of the graph into row-major order, where they stay.
func (pl *planner) results() error {
	for _, v := range pl.p.outputs {
		n, err := pl.as(v, nil, len(pl.list)-1)
		if err != nil {
			return err
		}
		pl.outputs = append(pl.outputs, n)
	}
	for _, v := range pl.outputs {
		if b := pl.values[v].block; b != nil {
			b.Last = len(pl.steps)
		}
	}
	if len(pl.ends) > 0 {
		pl.ends[len(pl.ends)-1] = len(pl.steps)
	}
	return nil
}

// place assigns offsets in one arena to all values.
func (pl *plan) place() {
	var blocks []*arena.Block
	for _, v := range pl.values {
		if v.block != nil && !slices.Contains(blocks, v.block) {
			blocks = append(blocks, v.block)
		}
	}
	pl.arena = arena.Place(blocks)
}

// wishes finds, from the last node to the first, the order that the readers of each value prefer.
func (pl *planner) wishes() {
	for i := pl.end - 1; i >= pl.first; i-- {
		l := pl.list[i]
		in, out := pl.descs(l.inputs), pl.descs(l.outputs)
		for j, v := range l.outputs {
			out[j].order = pl.wish[v]
		}
		var wishes []order
		switch o := l.op.(type) {
		case nil:
			continue
		case wishing:
			wishes = o.wishes(in, out)
		default:
			for _, d := range in {
				wishes = append(wishes, usual(d.Shape))
			}
		}
		for j, v := range l.inputs {
			if wishes[j] != nil {
				pl.wish[v] = wishes[j]
			}
		}
	}
}

// descs describes values as far as they are planned.
func (pl *planner) descs(values []int) []desc {
	all := make([]desc, len(values))
	for i, v := range values {
		all[i] = pl.values[v].desc
	}
	return all
}

// input plans how input i is copied into the arena.
func (pl *planner) input(i int, s tensor.Shape) error {
	s = s.Clone()
	pl.shapes = append(pl.shapes, s)
	v := &pl.values[i]
	v.Shape, v.order = s, pl.wish[i]
	if err := pl.allocate(i); err != nil {
		return err
	}
	pl.inputs = append(pl.inputs, pl.p.arrival(i, v.desc))
	return nil
}

// allocate gives value v memory from the next step on.
func (pl *planner) allocate(v int) error {
	bytes, err := bytesOf(pl.values[v].Type)
	if err != nil {
		return err
	}
	at := len(pl.steps)
	if v < len(pl.p.g.Inputs) {
		at = -1
	}
	pl.values[v].block = &arena.Block{Bytes: bytes, First: at, Last: at}
	return nil
}

// node plans the steps of one node.
func (pl *planner) node(i int, l lowered) error {
	if l.op == nil || pl.allKnown(l.outputs) {
		return nil
	}
	in, out := pl.descs(l.inputs), pl.descs(l.outputs)
	for j, v := range l.outputs {
		out[j].order = pl.wish[v]
	}
	if r, ok := l.op.(relabeling); ok {
		return pl.relabel(i, l, r, in[0], out[0])
	}
	need, give := pl.orders(l.op, in, out)
	s := planStep{node: i, out: l.outputs}
	for j, v := range l.inputs {
		n, err := pl.as(v, need[j], i)
		if err != nil {
			return err
		}
		s.in = append(s.in, n)
		in[j] = pl.values[n].desc
	}
	for j := range out {
		out[j].order = give[j]
		pl.values[l.outputs[j]].order = give[j]
	}
	var err error
	if s.fixed, err = pl.p.fixed(l, in, out); err != nil {
		return err
	}
	return pl.step(s)
}

func (pl *planner) allKnown(values []int) bool {
	return !slices.ContainsFunc(values, func(v int) bool { return pl.values[v].known == nil })
}

// orders asks an operation for the orders of axes of its operands and results.
func (pl *planner) orders(o operation, in, out []desc) (need, give []order) {
	if o, ok := o.(ordered); ok {
		return o.orders(in, out)
	}
	for _, d := range in {
		need = append(need, usual(d.Shape))
	}
	for _, d := range out {
		give = append(give, usual(d.Shape))
	}
	return need, give
}

// relabel plans a node whose result shares its operand's memory, which is first brought
// into row-major order where that is necessary.
func (pl *planner) relabel(i int, l lowered, r relabeling, in, out desc) error {
	v := l.inputs[0]
	o, ok := r.relabel(in, out)
	if !ok {
		var err error
		if v, err = pl.as(v, nil, i); err != nil {
			return err
		}
		o, _ = r.relabel(pl.values[v].desc, out)
	}
	if pl.values[v].known != nil { // large data, of which the result is not known
		n, err := pl.constant(v, pl.values[v].order)
		if err != nil {
			return err
		}
		v = n
	}
	if b := pl.values[v].block; b != nil {
		b.Last = max(b.Last, len(pl.steps)) // who looks at the result does so behind the steps so far
	}
	result := &pl.values[l.outputs[0]]
	result.order, result.block, result.memory, result.before = o, pl.values[v].block, pl.values[v].memory, pl.values[v].before
	return nil
}

// as returns the number of value v in an order. If v is stored in another one, a step
// reorders it, once for all later nodes that need that order.
func (pl *planner) as(v int, o order, node int) (int, error) {
	d := &pl.values[v]
	if d.known != nil {
		return pl.constant(v, o)
	}
	if sameMemory(d.Shape, d.order, o) {
		d.order = o // they mean the same memory
		return v, nil
	}
	key := orderKey{v, string(o.axes(len(d.Shape)).bytes())}
	if n, ok := pl.reordered[key]; ok {
		return n, nil
	}
	n := len(pl.values)
	pl.reordered[key] = n
	pl.values = append(pl.values, planned{desc: desc{Type: d.Type, order: o}})
	return n, pl.step(planStep{newReorder(pl.values[v].desc, o, pl.p.cpu, pl.p.Threads()), node, []int{v}, []int{n}})
}

// constant returns the number of a value that holds the known data of v in an order.
func (pl *planner) constant(v int, o order) (int, error) {
	key := orderKey{v, string(o.axes(len(pl.values[v].Shape)).bytes())}
	if n, ok := pl.reordered[key]; ok {
		return n, nil
	}
	t := pl.values[v].known
	if err := t.Load(); err != nil {
		return 0, err
	}
	d := desc{graph.TypeOf(t), o, t}
	bytes, err := bytesOf(d.Type)
	if err != nil {
		return 0, err
	}
	data := words[byte](slab.Make[uint64](divUp(bytes+overRead, 8)))
	c := planned{desc: d, memory: memory(data[:d.Shape.Numel()*d.DType.Size()])}
	w := newWalk(d.Shape, nil, o, d.DType.Size())
	w.all(c.memory, elementsOf(t))
	flip(c.memory, d.DType)
	n := len(pl.values)
	pl.reordered[key] = n
	pl.values = append(pl.values, c)
	return n, nil
}

// step appends a step and gives its results memory.
func (pl *planner) step(s planStep) error {
	for _, v := range s.out {
		if err := pl.allocate(v); err != nil {
			return err
		}
	}
	for _, v := range s.in {
		if b := pl.values[v].block; b != nil {
			b.Last = len(pl.steps)
		}
	}
	pl.steps = append(pl.steps, s)
	pl.work = max(pl.work, s.scratch())
	return nil
}

// fixed settles what depends on shapes.
func (p *Program) fixed(l lowered, in, out []desc) (fixed, error) {
	if c, ok := l.op.(conversion); ok && p.readsTensor(l.inputs[0], in[0]) {
		return c.fixImage(in[0].Shape, p), nil
	}
	return l.op.fix(in, out, p.Threads())
}

// fits reports whether the plan is for list and inputs of these shapes.
func (pl *plan) fits(list []lowered, inputs []*tensor.Tensor) bool {
	return &pl.of[0] == &list[0] && slices.EqualFunc(pl.shapes, inputs, func(s tensor.Shape, t *tensor.Tensor) bool { return s.Equal(t.Shape()) })
}
