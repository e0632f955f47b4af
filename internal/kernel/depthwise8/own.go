package depthwise8

import "slices"

// initialed is a layout of weights that holds initial accumulators of its own.
type initialed interface {
	// withInit returns the layout with memory of its own for initial accumulators.
	withInit() any
	// setInit sets them, by channel.
	setInit(init []int32)
}

// Own returns a copy of w for one run at a time, which shares the packed filters: its initial
// accumulators may be changed by Start, where the zero point is known only in a run.
func (w *Weights) Own() *Weights {
	c := *w
	c.Init = slices.Clone(w.Init)
	if d, ok := w.Data.(initialed); ok {
		c.Data = d.withInit()
	}
	return &c
}

// Start sets the initial accumulators to what Init holds.
func (w *Weights) Start() {
	if d, ok := w.Data.(initialed); ok {
		d.setInit(w.Init)
	}
}
