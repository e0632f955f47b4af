package autodiff

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// windows are the input pixels that each output pixel of an image looks at:
// pixels of window i are cells[start[i]:start[i+1]].
type windows struct{ cells, start []int32 }

func (w *windows) close() { w.start = append(w.start, int32(len(w.cells))) }

func (w *windows) of(i int) []int32 { return w.cells[w.start[i]:w.start[i+1]] }

// slidingWindows are those of a pool.
func slidingWindows(kernel, stride, padding, dilation [2]int, in, out tensor.Shape) windows {
	w := windows{start: []int32{0}}
	for oy := range out[2] {
		for ox := range out[3] {
			for ky := range kernel[0] {
				y := oy*stride[0] - padding[0] + ky*dilation[0]
				for kx := range kernel[1] {
					x := ox*stride[1] - padding[1] + kx*dilation[1]
					if y >= 0 && y < in[2] && x >= 0 && x < in[3] {
						w.cells = append(w.cells, int32(y*in[3]+x))
					}
				}
			}
			w.close()
		}
	}
	return w
}

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

// maxPool takes the largest element under each window, and remembers which.
type maxPool struct {
	*Step
	windows
	in     *reader
	out    *value
	images int
	chosen *buffer // for each element of the result, the cell of its window
}

func (b *builder) maxPool(n *graph.Node, o op.MaxPool2D, x *value) (*value, error) {
	shape := b.types[n.Output].Shape
	if cells := o.Kernel[0] * o.Kernel[1]; cells > 256 {
		return nil, fmt.Errorf("windows of %d cells; at most 256 can be trained", cells)
	}
	c := &maxPool{Step: b.Step, in: b.read(x, false), images: shape[0],
		windows: slidingWindows(o.Kernel, o.Stride, o.Padding, o.Dilation, x.shape, shape)}
	c.out = b.newValue(n.Name, shape, x.trained)
	c.chosen = b.scratch(c.out.rows*c.out.channels, true, x.trained)
	b.push(n.Name, c, c.out)
	return c.out, nil
}

// image returns what belongs to image n.
func (c *maxPool) image(n int, in, out []float32) (x, y []float32, chosen []uint8) {
	sizeIn, sizeOut := len(in)/c.images, len(out)/c.images
	return in[n*sizeIn : (n+1)*sizeIn], out[n*sizeOut : (n+1)*sizeOut], c.chosen.mem[n*sizeOut : (n+1)*sizeOut]
}

func (c *maxPool) forward() error {
	channels := c.out.channels
	c.run(c.images, func(_, n int) {
		x, y, chosen := c.image(n, c.in.v.data.floats(), c.out.data.floats())
		for i := range len(c.start) - 1 {
			best, which := y[i*channels:(i+1)*channels], chosen[i*channels:(i+1)*channels]
			for j, cell := range c.of(i) {
				from := x[int(cell)*channels:][:len(best)]
				if j == 0 {
					copy(best, from)
					clear(which)
					continue
				}
				for ch, v := range from {
					if v > best[ch] || v != v {
						best[ch], which[ch] = v, uint8(j)
					}
				}
			}
		}
	})
	return nil
}

func (c *maxPool) backward() error {
	if !c.out.trained {
		return nil
	}
	channels := c.out.channels
	c.run(c.images, func(_, n int) {
		down, up, chosen := c.image(n, c.in.v.grad.floats(), c.out.grad.floats())
		if !c.in.add {
			clear(down)
		}
		for i := range len(c.start) - 1 {
			cells := c.of(i)
			for ch, g := range up[i*channels : (i+1)*channels] {
				down[int(cells[chosen[i*channels+ch]])*channels+ch] += g
			}
		}
	})
	return nil
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
	shape := b.types[n.Output].Shape
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
