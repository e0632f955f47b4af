package gemm8

import "slices"

// initialed is a layout of weights that holds initial accumulators of its own.
type initialed interface {
	// withInit returns the layout with other initial accumulators, which begin as its own.
	withInit() (data any, init []int32)
}

// Own returns a copy of w for one run at a time, which shares the packed matrix: its initial
// accumulators may be changed before Run, where the zero point is known only then.
func (w *Weights) Own() *Weights {
	c := *w
	if d, ok := w.Data.(initialed); ok {
		var init []int32
		c.Data, init = d.withInit()
		c.Init = init[:w.N]
	} else {
		c.Init = slices.Clone(w.Init)
	}
	return &c
}
