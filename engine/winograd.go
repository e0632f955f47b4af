package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/winograd8"
	"github.com/octet-ml/octet/tensor"
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
	s := g.slide
	if g.groups != 1 || s.kernel != [2]int{3, 3} || s.stride != [2]int{1, 1} || s.dilation != [2]int{1, 1} || f.rule == nil {
		return nil
	}
	k := winograd8.Select(winograd8.Table, g.in, g.out, t.cpu)
	if k == nil {
		return nil
	}
	o := winograd8Conv{geometry: g, k: k, pad: fill8(g.in, zeroOf(n))}
	o.weights = k.Pack(w, g.in, g.out, o.pad[0])
	o.rule = k.PackRule(o.weights, f.rule)
	return o
}

func (o winograd8Conv) kernel() (string, string) { return o.k.Name, o.k.ISA }

// tilesBytes limits what the transformed input of a piece takes, so that it stays
// in the second-level cache; the fewer pieces, the less often filters are read.
const tilesBytes = 512 << 10

func (o winograd8Conv) fix(in []graph.Type, out graph.Type, threads int) (fixed, error) {
	x, y := in[0].Shape, out.Shape
	down, across := divUp(y[2], 2), divUp(y[3], 2)
	f := fixedWinograd8{winograd8Conv: o, inImage: x[1:].Numel(), outImage: y[1:].Numel(), tiles: down * across, across: across, outShape: y}
	n := y[0] * f.tiles
	e := extent{m: n, n: o.out, k: 16 * o.in, groups: 1, bytes: 2}
	threads = worth(e.time(4*o.k.Rate), threads)
	f.columns = e.columns(o.k.Channels, threads)
	f.parts = divUp(o.out, f.columns)
	count := divUp(n, max(1, tilesBytes/(32*o.in)))
	if threads > 1 && f.parts == 1 {
		count = roundUp(count, threads)
	}
	chunk := roundUp(divUp(n, count), 6) // rows of the products' tiles
	f.runs = runs{n, chunk, divUp(n, chunk)}
	tile := sliding{[2]int{4, 4}, [2]int{2, 2}, o.slide.padding, [2]int{1, 1}}
	grid := tensor.Shape{1, 1, down, across}
	f.from = scaled(tile.taps(x, grid), o.in)
	pixel := sliding{[2]int{2, 2}, [2]int{2, 2}, [2]int{}, [2]int{1, 1}}
	f.to = scaled(pixel.taps(y, grid), o.out)
	return f, nil
}

type fixedWinograd8 struct {
	winograd8Conv
	runs
	inImage, outImage int
	tiles, across     int // of an image, of its lines
	columns, parts    int // of a piece; of all columns
	outShape          tensor.Shape
	from, to          []int32 // input pixels of the tiles, and output pixels
}

func (f fixedWinograd8) macs() int64 {
	return int64(f.outShape.Numel()) * int64(f.taps) * int64(f.in)
}

func (f fixedWinograd8) scratch() int { return f.k.Work(f.chunk, f.in) }

func (f fixedWinograd8) bind(in []memory, out memory, scratch [][]uint64) step {
	t := &taskWinograd8{f, make([]winograd8.Call, len(scratch)), f.then.bind(in, out, len(scratch))}
	for i := range t.calls {
		rows := operandRows{geometry: geometry{taps: 16}, rows: f.tiles, image: f.inImage, offset: f.from}
		t.calls[i] = winograd8.Call{
			Matrix: matrixOf(&rows, f.in, in[0].codes(), f.pad), W: f.weights, Rule: f.rule,
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
	if t.then == nil {
		return
	}
	// Tiles of one line of them are two lines of pixels.
	height, width := t.outShape[2], t.outShape[3]
	for m := c.M0; m < c.M1; {
		line, first := m/t.across, m%t.across
		last := min(t.across, first+c.M1-m)
		image, y := line/(t.tiles/t.across), line%(t.tiles/t.across)*2
		for row := y; row < min(y+2, height); row++ {
			at := (image*height + row) * width
			t.then.block(worker, at+2*first, at+min(2*last, width), c.N0, c.N1, t.out)
		}
		m += last - first
	}
}
