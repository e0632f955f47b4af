package autodiff

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/matmul32"
	"github.com/octet-ml/octet/op"
)

// conv builds the cell of a convolution.
func (b *builder) conv(n *graph.Node, o op.Conv2D, w *Param, f *finishing) (*value, error) {
	x := b.activations(n)[0]
	g := newGeometry(o, x.shape, w.Shape, b.types[n.Output()].Shape)
	y, ws, err := b.weighted(n, x, w, f)
	if err != nil {
		return nil, err
	}
	if g.depthwise() {
		b.depthwise(n, g, x, y, ws, f)
		return y, nil
	}
	p := b.product(g, x, y, ws, f)
	switch {
	case g.pointwise():
		p.x = matmul32.Operand{Taps: 1, Depth: g.depth, Stride: g.inChannels()}
	case g.narrow():
		b.bordered(p, x)
	default:
		p.x = matmul32.Operand{Taps: g.taps(), Depth: g.depth, Offset: g.forward(), Rows: g.outPixels(), Image: g.inPixels() * g.inChannels()}
	}
	if x.trained {
		p.inputPhases(b, g)
	}
	b.pushProduct(n, p, y)
	return y, nil
}

// linear builds the cell of a linear layer: a convolution of single pixels.
func (b *builder) linear(n *graph.Node, w *Param, f *finishing) (*value, error) {
	x := b.activations(n)[0]
	y, ws, err := b.weighted(n, x, w, f)
	if err != nil {
		return nil, err
	}
	g := geometry{kernel: [2]int{1, 1}, stride: [2]int{1, 1}, dilation: [2]int{1, 1}, in: [2]int{1, 1}, out: [2]int{1, 1},
		images: x.rows, groups: 1, depth: x.channels, width: y.channels}
	p := b.product(g, x, y, ws, f)
	p.x = matmul32.Operand{Taps: 1, Depth: g.depth, Stride: g.depth}
	if x.trained {
		p.inputPhases(b, g)
	}
	b.pushProduct(n, p, y)
	return y, nil
}

// weighted declares the result and the weights of a convolution or linear layer,
// and tells f what is left to do.
func (b *builder) weighted(n *graph.Node, x *value, w *Param, f *finishing) (*value, *weights, error) {
	for _, other := range b.p.g.Consumers(n.Inputs[1]) {
		if other != n {
			return nil, nil, fmt.Errorf("its weight %q is shared with %q; shared weights cannot be trained", w.Name, other.Name)
		}
	}
	y := b.newValue(n.Name, b.types[n.Output()].Shape, true)
	if len(n.Inputs) > 2 {
		if f.bias = b.p.byValue[n.Inputs[2]]; f.bias == nil {
			return nil, nil, fmt.Errorf("its bias is computed; only parameters can be trained")
		}
	}
	f.fresh = true
	ws := b.newWeights(w, y.channels, f.norm)
	if ws.norm != nil {
		f.weights = ws
	}
	return y, ws, nil
}

// product is a convolution, or a linear layer, as products of matrices: rows of
// input pixels times the weights; rows of gradients of output pixels times the
// weights transposed; and the sum over all rows of the outer products of both.
type product struct {
	*Step
	geometry
	in    *reader
	y     *value
	w     *weights
	stats *stats // of y, where wanted

	x        matmul32.Operand // of group 0, without memory
	border   *border          // a copy of the input that x reads instead
	rows     ranges
	panels   []*matmul32.Panels // by group
	packed   *buffer
	phases   []inputPhase
	repacked *buffer
	grads    weightGradient
}

// product declares the memory that all products need.
func (b *builder) product(g geometry, x, y *value, w *weights, f *finishing) *product {
	p := &product{Step: b.Step, geometry: g, in: b.read(x, true), y: y, w: w}
	p.rows = divide(y.rows, p.rowsPerPiece(y.rows, g.outChannels()))
	if f.norm != nil || f.fake != nil {
		p.stats = b.newStats(y, p.rows)
		f.stats = p.stats
	}
	return p
}

// rowsPerPiece is how many rows of a result with so many columns a piece has: enough to
// reuse the packed weights, few enough to stay in the second-level cache, and to give all
// threads a piece.
func (p *product) rowsPerPiece(rows, columns int) int {
	n := max(96, min(1<<17/columns, 384))
	mr := p.p.matmul.MR
	return (max(mr, min(n, rows/8)) + mr - 1) / mr * mr
}

// pushProduct declares the memory for the packed weights, whose layout x decides.
func (b *builder) pushProduct(n *graph.Node, p *product, y *value) {
	size := 0
	for range p.groups {
		panels := b.p.matmul.NewPanels(p.x.Taps, p.x.Depth, p.width)
		size = panels.Len()
		p.panels = append(p.panels, panels)
	}
	p.packed = b.scratch(4*size*p.groups, true, false)
	b.zeros(p.x.Depth)
	p.grads = p.newWeightGradient(b)
	b.push(n.Name, p, y)
}

// operand returns x of a group.
func (p *product) operand(group int) matmul32.Operand {
	x := p.x
	x.X, x.Pad, x.Base = p.in.v.data.floats(), p.pad, group*p.depth
	if p.border != nil {
		x.X = p.border.mem.floats()
	}
	return x
}

func (p *product) forward() error {
	if err := p.w.forward(); err != nil {
		return err
	}
	if p.border != nil {
		p.border.fill()
	}
	p.pack()
	out, ld := p.y.data.floats(), p.outChannels()
	collect := p.stats != nil && p.stats.wanted()
	p.run(p.rows.count, func(worker, i int) {
		from, to := p.rows.bounds(i)
		for g, panels := range p.panels {
			p.p.matmul.Rows(&matmul32.RowsCall{Operand: p.operand(g), W: panels, M0: from, M1: to, N1: p.width,
				Out: out[g*p.width:], LD: ld, Work: &p.work[worker]})
		}
		if collect {
			p.stats.collect(i)
		}
	})
	return nil
}

// pack packs the weights, which are stored as [tap][depth][output channel].
func (p *product) pack() {
	data, w, ld := p.packed.floats(), p.w.data(), p.outChannels()
	size := p.panels[0].Len()
	for g, panels := range p.panels {
		panels.Use(data[g*size:])
	}
	columns := divide(p.width, packedColumns)
	p.run(p.groups*p.x.Taps*columns.count, func(_, i int) {
		g, tap := i/columns.count/p.x.Taps, i/columns.count%p.x.Taps
		from, to := columns.bounds(i % columns.count)
		p.panels[g].Pack(tap, w[tap*p.x.Depth*ld+g*p.width:], ld, from, to)
	})
}

// packedColumns is how many columns are packed at a time: a multiple of every
// kernel's NR.
const packedColumns = 256

func (p *product) backward() error {
	p.grads.compute(p)
	p.w.backward()
	if p.in.v.trained {
		p.inputGradient()
	}
	return nil
}
