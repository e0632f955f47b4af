package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/winograd8"
)

// winograd8Conv is a convolution of 3x3 on codes with fewer multiplications.
type winograd8Conv struct {
	geometry
	k       *winograd8.Kernel
	weights *winograd8.Weights
	rule    *winograd8.Rule
	then    *adding
	pad     []uint8
}

func (o winograd8Conv) with(a adding) operation {
	o.then = &a
	return o
}

// newWinograd8 packs w, [O][tap][channel]. It returns nil where no such kernel
// computes g, or where another is better.
func newWinograd8(n *graph.Node, g geometry, w []int8, f finish, t target) operation {
	rule := f.inRegisters()
	if !g.winogradable() || rule == nil {
		return nil
	}
	k := winograd8.Select(winograd8.Table, g.in, g.out, t.cpu)
	if k == nil {
		return nil
	}
	o := winograd8Conv{geometry: g, k: k, pad: fill8(g.in, zeroOf(n))}
	o.weights = k.Pack(t.memory, w, g.in, g.out, o.pad[0])
	o.rule = k.PackRule(o.weights, rule)
	return o
}

func (o winograd8Conv) kernel() (string, string) { return o.k.Name, o.k.ISA }

// tilesBytes limits the size of the transformed input of a piece, so that it stays
// in the second-level cache; the fewer pieces, the less often filters are read.
const tilesBytes = 512 << 10

func (o winograd8Conv) fix(in, outs []desc, threads int) (fixed, error) {
	out := outs[0]
	f := fixedWinograd8{winograd8Conv: o, tiling: o.tile(in[0].Shape, out.Shape)}
	e := extent{m: f.tiling.n, n: o.out, k: 16 * o.in, groups: 1, bytes: 2}
	threads = threadsFor(e.time(4*o.k.Rate), threads)
	f.columns = e.columns(o.k.Channels, threads, 1) // transformed, filters are eight times as large
	f.parts = divUp(o.out, f.columns)
	count := divUp(e.m, max(1, tilesBytes/(32*o.in)))
	if threads > 1 && f.parts == 1 {
		count = roundUp(count, threads)
	}
	chunk := roundUp(divUp(e.m, count), 6) // rows of the products' tiles
	f.runs = runs{e.m, chunk, divUp(e.m, chunk)}
	return f, nil
}

type fixedWinograd8 struct {
	winograd8Conv
	tiling
	runs
	columns, parts int // of a piece; of all columns
}

func (f fixedWinograd8) macs() int64 { return f.tiling.macs(f.geometry) }

func (f fixedWinograd8) scratch() int { return f.k.Work(f.chunk, f.in) }

func (f fixedWinograd8) bind(in, outs []memory, scratch [][]uint64) step {
	out := outs[0]
	t := &taskWinograd8{f, make([]winograd8.Call, len(scratch)), f.then.bind(in, out, len(scratch))}
	for i := range t.calls {
		t.calls[i] = winograd8.Call{
			Matrix: matrixOf(f.rows(), f.in, in[0].codes(), f.pad), W: f.weights, Rule: f.rule,
			Out: out.codes(), To: f.to, OutImage: f.outImage, Work: scratch[i],
		}
	}
	return pieces{f.count * f.parts, t}
}

type taskWinograd8 struct {
	fixedWinograd8
	calls []winograd8.Call
	then  *addition
}

func (t *taskWinograd8) Do(worker, i int) {
	c := &t.calls[worker]
	c.M0, c.M1 = t.bounds(i / t.parts)
	c.N0 = i % t.parts * t.columns
	c.N1 = min(c.N0+t.columns, t.out)
	t.k.Run(c)
	t.add(t.then, worker, c.M0, c.M1, c.N0, c.N1, t.out)
}
