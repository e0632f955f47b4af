package autodiff

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/channels32"
	"github.com/octet-ml/octet/internal/kernel/filters32"
)

// depthwise is a depthwise convolution: one filter for each channel.
type depthwise struct {
	*Step
	geometry
	in    *reader
	y     *value
	w     *weights
	stats *stats

	x     filters32.Operand // without memory
	rows  ranges
	from  filters32.Operand // the gradient of y, by input pixel and tap
	input ranges            // the input's pixels
	sums  *buffer           // partial sums of the weights' gradient: [piece][tap][channel]
	parts ranges
}

// depthwise builds the cell.
func (b *builder) depthwise(n *graph.Node, g geometry, x, y *value, w *weights, f *finishing) {
	d := &depthwise{Step: b.Step, geometry: g, in: b.read(x, true), y: y, w: w}
	d.x = filters32.Operand{Offset: g.forward(), Rows: g.outPixels(), Image: g.inPixels() * g.groups, Taps: g.taps(), C: g.groups}
	d.rows = divide(y.rows, max(16, 1<<15/g.groups))
	if f.norm != nil || f.fake != nil {
		d.stats = b.newStats(y, d.rows)
		f.stats = d.stats
	}
	if x.trained {
		d.from = filters32.Operand{Offset: g.reads(), Rows: g.inPixels(), Image: g.outPixels() * g.groups, Taps: g.taps(), C: g.groups}
		d.input = divide(x.rows, max(16, 1<<15/g.groups))
	}
	d.parts = divide(y.rows, max(rowsPerSum, (y.rows+mostSums-1)/mostSums))
	d.sums = b.scratch(4*d.parts.count*g.taps()*g.groups, false, true)
	b.zeros(channels32.Padded(g.groups))
	b.push(n.Name, d, y)
}

// reads lists, for each input pixel and tap, the offset of the output pixel that reads the
// input pixel by that tap: -1 for none.
func (g *geometry) reads() []int32 {
	offsets := make([]int32, g.inPixels()*g.taps())
	for i := range offsets {
		offsets[i] = -1
	}
	for _, p := range g.backward() {
		for i, pixel := range p.pixels {
			for j, tap := range p.taps {
				offsets[int(pixel)*g.taps()+tap] = p.offsets[i*len(p.taps)+j]
			}
		}
	}
	return offsets
}

func (d *depthwise) operand(o filters32.Operand, x []float32) filters32.Operand {
	o.X, o.Pad = x, d.pad
	return o
}

func (d *depthwise) forward() error {
	if err := d.w.forward(); err != nil {
		return err
	}
	collect := d.stats != nil && d.stats.wanted()
	x, w, out := d.operand(d.x, d.in.v.data.floats()), d.w.data(), d.y.data.floats()
	d.run(d.rows.count, func(_, i int) {
		from, to := d.rows.bounds(i)
		d.p.filters.Filter(&filters32.Filter{Operand: x, W: w, M0: from, M1: to, Out: out})
		if collect {
			d.stats.collect(i)
		}
	})
	return nil
}

func (d *depthwise) backward() error {
	up, sums, size := d.y.grad.floats(), d.sums.floats(), d.taps()*d.groups
	x := d.operand(d.x, d.in.v.data.floats())
	d.run(d.parts.count, func(_, i int) {
		from, to := d.parts.bounds(i)
		part := sums[i*size : (i+1)*size]
		clear(part)
		d.p.filters.Weights(&filters32.Weights{Operand: x, Y: up, M0: from, M1: to, Out: part})
	})
	sumInOrder(d.w.param.Grad, sums, size, d.parts.count)
	d.w.backward()
	if !d.in.v.trained {
		return nil
	}
	from, w, down := d.operand(d.from, up), d.w.data(), d.in.v.grad.floats()
	d.run(d.input.count, func(_, i int) {
		m0, m1 := d.input.bounds(i)
		d.p.filters.Filter(&filters32.Filter{Operand: from, W: w, M0: m0, M1: m1, Out: down, Add: d.in.add})
	})
	return nil
}
