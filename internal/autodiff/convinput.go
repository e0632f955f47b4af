package autodiff

import "github.com/octet-ml/octet/internal/kernel/matmul32"

// inputPhase is the gradient of those input pixels that are read by the same taps: rows of
// gradients of output pixels times the weights of those taps, transposed.
type inputPhase struct {
	phase
	to     []int32            // the offset of each pixel in an image
	rows   ranges             // of all images
	panels []*matmul32.Panels // by group
	at     int                // of the packed weights
}

// inputPhases declares the memory that the gradient of the input needs.
func (p *product) inputPhases(b *builder, g geometry) {
	size := 0
	for _, ph := range g.backward() {
		q := inputPhase{phase: ph, at: size, rows: divide(len(ph.pixels)*g.images, p.rowsPerPiece(len(ph.pixels)*g.images, g.inChannels()))}
		for _, pixel := range ph.pixels {
			q.to = append(q.to, pixel*int32(g.inChannels()))
		}
		for range g.groups {
			panels := b.p.matmul.NewPanels(len(ph.taps), g.width, g.depth)
			size += panels.Len()
			q.panels = append(q.panels, panels)
		}
		p.phases = append(p.phases, q)
	}
	p.repacked = b.scratch(4*size, false, true)
	b.zeros(g.width)
}

// inputGradient sets or adds to the gradient of the input.
func (p *product) inputGradient() {
	p.repack()
	for i := range p.phases {
		p.phaseGradient(&p.phases[i])
	}
}

// repack packs the weights of each tap transposed: [tap][output channel][depth].
func (p *product) repack() {
	data, w, ld := p.repacked.floats(), p.w.data(), p.outChannels()
	for i := range p.phases {
		q := &p.phases[i]
		at := q.at
		for _, panels := range q.panels {
			panels.Use(data[at:])
			at += panels.Len()
		}
		columns := divide(p.depth, packedColumns)
		p.run(p.groups*len(q.taps)*columns.count, func(_, i int) {
			g, j := i/columns.count/len(q.taps), i/columns.count%len(q.taps)
			from, to := columns.bounds(i % columns.count)
			q.panels[g].PackTransposed(j, w[q.taps[j]*p.depth*ld+g*p.width:], ld, from, to)
		})
	}
}

func (p *product) phaseGradient(q *inputPhase) {
	up, down, channels := p.y.grad.floats(), p.in.v.grad.floats(), p.inChannels()
	if len(q.taps) == 0 {
		if !p.in.add {
			p.run(p.images, func(_, n int) {
				image := down[n*p.inPixels()*channels:]
				for _, at := range q.to {
					clear(image[at : int(at)+channels])
				}
			})
		}
		return
	}
	x := matmul32.Operand{X: up, Pad: p.pad, Taps: len(q.taps), Depth: p.width, Offset: q.offsets, Rows: len(q.pixels), Image: p.outPixels() * p.outChannels()}
	if p.pointwise() {
		x.Offset, x.Stride = nil, p.outChannels()
	}
	p.run(q.rows.count, func(worker, i int) {
		from, to := q.rows.bounds(i)
		for g, panels := range q.panels {
			call := matmul32.RowsCall{Operand: x, W: panels, M0: from, M1: to, N1: p.depth, Out: down[g*p.depth:],
				LD: channels, Add: p.in.add, Work: &p.work[worker]}
			call.Base = g * p.width
			if len(p.phases) > 1 {
				call.To, call.OutImage = q.to, p.inPixels()*channels
			}
			p.p.matmul.Rows(&call)
		}
	})
}
