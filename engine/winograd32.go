package engine

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/sgemm"
	"github.com/octet-ml/octet/internal/kernel/winograd32"
	"github.com/octet-ml/octet/internal/operand"
	"github.com/octet-ml/octet/quant"
)

// winograd32Conv is a convolution of 3x3 in float32 with fewer multiplications.
type winograd32Conv struct {
	geometry
	k       *winograd32.Kernel
	product *sgemm.Kernel
	weights []*sgemm.Weights // by point
	bias    []float32
	then    *adding
	pad     []float32
	lo, hi  float32
}

func (o winograd32Conv) with(a adding) operation {
	o.then = &a
	return o
}

// newWinograd32 packs w, [O][tap][channel]. It returns nil where no such kernel
// computes g, or where another is better.
func newWinograd32(n *graph.Node, g geometry, w []float32, act quant.Activation, t target) operation {
	if !g.winogradable() {
		return nil
	}
	k := winograd32.Select(winograd32.Table, g.in, g.out, t.cpu)
	if k == nil {
		return nil
	}
	o := winograd32Conv{geometry: g, k: k, product: sgemm.Select(sgemm.Table, t.cpu), bias: biasOf(n), pad: make([]float32, g.in)}
	if o.bias == nil {
		o.bias = make([]float32, g.out)
	}
	o.lo, o.hi = clampOf(act)
	filters := winograd32.Filters(w, g.out, g.in)
	for size := g.out * g.in; len(filters) > 0; filters = filters[size:] {
		o.weights = append(o.weights, o.product.Pack(t.memory, filters[:size], g.out, g.in, nil))
	}
	return o
}

func (o winograd32Conv) kernel() (string, string) { return o.k.Name, o.k.ISA }

func (o winograd32Conv) fix(in, outs []desc, threads int) (fixed, error) {
	out := outs[0]
	f := fixedWinograd32{winograd32Conv: o, tiling: o.tile(in[0].Shape, out.Shape)}
	e := extent{m: f.tiling.n, n: o.out, k: winograd32.Points * o.in, groups: 1, bytes: 4}
	threads = threadsFor(e.time(o.product.Rate), threads)
	count := divUp(e.m, max(1, pieceCacheBytes/(4*winograd32.Points*(o.in+o.out))))
	if threads > 1 {
		count = roundUp(count, threads)
	}
	chunk := roundUp(divUp(e.m, count), o.product.MR)
	f.runs = runs{e.m, chunk, divUp(e.m, chunk)}
	return f, nil
}

// pieceCacheBytes limits the size of the transformed input of a piece and of its
// accumulators, so that they stay in the second-level cache; the fewer pieces, the less
// often filters are read.
const pieceCacheBytes = 1 << 20

type fixedWinograd32 struct {
	winograd32Conv
	tiling
	runs
}

func (f fixedWinograd32) macs() int64 { return f.tiling.macs(f.geometry) }

// scratch holds the transformed input, the accumulators and the scratch of the product.
func (f fixedWinograd32) scratch() int {
	return divUp(winograd32.Points*f.chunk*(f.in+f.out)+f.product.Work(f.chunk, f.in), 2)
}

func (f fixedWinograd32) bind(in, outs []memory, scratch [][]uint64) step {
	out := outs[0]
	t := &taskWinograd32{f, make([]winograd32Calls, len(scratch)), f.then.bind(in, out, len(scratch))}
	for i := range t.calls {
		work := words[float32](scratch[i])
		c := &t.calls[i]
		c.input, work = work[:winograd32.Points*f.chunk*f.in], work[winograd32.Points*f.chunk*f.in:]
		c.acc, work = work[:winograd32.Points*f.chunk*f.out], work[winograd32.Points*f.chunk*f.out:]
		c.tiles.Matrix = matrixOf(f.rows(), f.in, in[0].reals(), f.pad)
		c.product = sgemm.Call{
			Matrix: operand.Matrix[float32]{Taps: 1, Depth: f.in, Stride: f.in, Pad: f.pad},
			Lo:     float32(math.Inf(-1)), Hi: float32(math.Inf(1)), LD: f.out, N1: f.out, Work: work,
		}
		c.output = winograd32.OutputTiles{
			N1: f.out, LD: f.out, Bias: f.bias, Lo: f.lo, Hi: f.hi,
			Out: out.reals(), To: f.to, Rows: f.tiles, OutImage: f.outImage, Nowhere: make([]float32, f.out),
		}
	}
	return pieces{f.count, t}
}

// winograd32Calls are those of one worker.
type winograd32Calls struct {
	input, acc []float32 // [point][tile][channel]
	tiles      winograd32.InputTiles
	product    sgemm.Call
	output     winograd32.OutputTiles
}

type taskWinograd32 struct {
	fixedWinograd32
	calls []winograd32Calls
	then  *addition
}

func (t *taskWinograd32) Do(worker, i int) {
	c := &t.calls[worker]
	m0, m1 := t.bounds(i)
	tiles := m1 - m0
	c.tiles.M0, c.tiles.M1, c.tiles.To = m0, m1, c.input
	t.k.TransformInput(&c.tiles)
	c.product.M1 = tiles
	for p, w := range t.weights {
		c.product.W, c.product.X = w, c.input[p*tiles*t.in:]
		c.product.Out = c.acc[p*tiles*t.out:]
		t.product.Run(&c.product)
	}
	c.output.M0, c.output.M1, c.output.Products = m0, m1, c.acc
	t.k.TransformOutput(&c.output)
	t.add(t.then, worker, m0, m1, 0, t.out, t.out)
}
