package engine

import (
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/kernel/layout"
	"github.com/octet-ml/octet/tensor"
)

// mover is a walk that uses the kernels of package layout where the walk is a batch of
// matrix transpositions, as between row-major and channels-last images.
type mover struct {
	walk
	k                  *layout.Kernel // nil for other walks
	images, rows, cols int            // of the source
}

// newMover brings a value of shape s from one order to another.
func newMover(s tensor.Shape, from, to order, size int, f cpu.Features) mover {
	m := mover{walk: newWalk(s, from, to, size)}
	if images, rows, cols, ok := m.matrix(); ok && (size == 1 || size == 4) {
		m.k = layout.Select(layout.Table, size, rows, f)
		m.images, m.rows, m.cols = images, rows, cols
	}
	return m
}

// all copies everything. c is scratch.
func (m *mover) all(c *layout.Call, dst, src memory) {
	if m.k == nil {
		m.walk.all(dst, src)
		return
	}
	m.columns(c, dst, src, 0, m.images*m.cols)
}

// columns copies columns from to to, of all images one after the other.
func (m *mover) columns(c *layout.Call, dst, src memory, from, to int) {
	c.Rows, c.Stride = m.rows, m.cols
	for from < to {
		image, col := from/m.cols, from%m.cols
		n := min(to-from, m.cols-col)
		at := image * m.rows * m.cols
		c.Cols = n
		c.Dst = dst[(at+col*m.rows)*m.size:][:n*m.rows*m.size]
		c.Src = src[(at+col)*m.size : (at+m.rows*m.cols)*m.size]
		m.k.Run(c)
		from += n
	}
	c.Dst, c.Src = nil, nil // the caller's
}
