package autodiff

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/tensor"
)

// windows are the input pixels that each output pixel of an image looks at:
// pixels of window i are cells[start[i]:start[i+1]].
type windows struct{ cells, start []int32 }

func (w *windows) close() { w.start = append(w.start, int32(len(w.cells))) }

func (w *windows) of(i int) []int32 { return w.cells[w.start[i]:w.start[i+1]] }

// adaptiveWindows are those of an adaptive pool.
func adaptiveWindows(in, out tensor.Shape) windows {
	w := windows{start: []int32{0}}
	for oy := range out[2] {
		for ox := range out[3] {
			for y := oy * in[2] / out[2]; y < ((oy+1)*in[2]+out[2]-1)/out[2]; y++ {
				for x := ox * in[3] / out[3]; x < ((ox+1)*in[3]+out[3]-1)/out[3]; x++ {
					w.cells = append(w.cells, int32(y*in[3]+x))
				}
			}
			w.close()
		}
	}
	return w
}

// average takes the mean under each window.
type average struct {
	*Step
	windows
	in     *reader
	out    *value
	images int
}

func (b *builder) average(n *graph.Node, x *value, w windows) *value {
	shape := b.types[n.Output()].Shape
	c := &average{Step: b.Step, in: b.read(x, false), images: shape[0], windows: w}
	c.out = b.newValue(n.Name, shape, x.trained)
	b.push(n.Name, c, c.out)
	return c.out
}

func (c *average) forward() error {
	x, out, channels := c.in.v.data.floats(), c.out.data.floats(), c.out.channels
	c.run(c.images, func(_, n int) {
		x, out := x[n*len(x)/c.images:], out[n*len(out)/c.images:]
		sums := make([]float64, channels)
		for i := range len(c.start) - 1 {
			clear(sums)
			for _, cell := range c.of(i) {
				for ch, v := range x[int(cell)*channels:][:channels] {
					sums[ch] += float64(v)
				}
			}
			for ch, s := range sums {
				out[i*channels+ch] = float32(s) / float32(len(c.of(i)))
			}
		}
	})
	return nil
}

func (c *average) backward() error {
	if !c.out.trained {
		return nil
	}
	up, down, channels := c.out.grad.floats(), c.in.v.grad.floats(), c.out.channels
	c.run(c.images, func(_, n int) {
		down, up := down[n*len(down)/c.images:(n+1)*len(down)/c.images], up[n*len(up)/c.images:]
		if !c.in.add {
			clear(down)
		}
		for i := range len(c.start) - 1 {
			cells := c.of(i)
			inv := 1 / float32(len(cells))
			for _, cell := range cells {
				to := down[int(cell)*channels:][:channels]
				for ch, g := range up[i*channels:][:channels] {
					to[ch] += float32(g * inv)
				}
			}
		}
	})
	return nil
}
