package autodiff

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/argmax32"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// maxPool computes the largest element of each window, and keeps which tap it was.
type maxPool struct {
	*Step
	in     *reader
	out    *value
	images int
	taps   int
	offset []int32   // [pixels of a result][taps] where a pixel of an image starts; -1 is padding
	pad    []float32 // the channels of padding
	chosen *buffer   // [rows][channels] the tap that was largest
}

func (b *builder) maxPool(n *graph.Node, o op.MaxPool2D, x *value) (*value, error) {
	shape := b.types[n.Output()].Shape
	taps := o.Kernel[0] * o.Kernel[1]
	if taps > 256 {
		return nil, fmt.Errorf("windows of %d cells; at most 256 can be trained", taps)
	}
	c := &maxPool{Step: b.Step, in: b.read(x, false), images: shape[0], taps: taps, offset: slidingOffsets(o, x.shape, shape)}
	c.pad = make([]float32, x.channels)
	for i := range c.pad {
		c.pad[i] = float32(math.Inf(-1))
	}
	c.out = b.newValue(n.Name, shape, x.trained)
	c.chosen = b.scratch(c.out.rows*c.out.channels, true, x.trained)
	b.push(n.Name, c, c.out)
	return c.out, nil
}

// slidingOffsets lists the offsets in an image of the taps of each window.
func slidingOffsets(o op.MaxPool2D, in, out tensor.Shape) []int32 {
	s := o.Sliding().For(in)
	offsets := make([]int32, 0, out[2]*out[3]*o.Kernel[0]*o.Kernel[1])
	for oy := range out[2] {
		for ox := range out[3] {
			for ky := range o.Kernel[0] {
				y := oy*o.Stride[0] - s.Padding[0] + ky*o.Dilation[0]
				for kx := range o.Kernel[1] {
					x := ox*o.Stride[1] - s.Padding[1] + kx*o.Dilation[1]
					if y < 0 || y >= in[2] || x < 0 || x >= in[3] {
						offsets = append(offsets, -1)
						continue
					}
					offsets = append(offsets, int32((y*in[3]+x)*in[1]))
				}
			}
		}
	}
	return offsets
}

// image returns what belongs to image n.
func (c *maxPool) image(n int, in, out []float32) (x, y []float32, chosen []uint8) {
	sizeIn, sizeOut := len(in)/c.images, len(out)/c.images
	return in[n*sizeIn : (n+1)*sizeIn], out[n*sizeOut : (n+1)*sizeOut], c.chosen.mem[n*sizeOut : (n+1)*sizeOut]
}

func (c *maxPool) forward() error {
	c.run(c.images, func(_, n int) {
		x, y, chosen := c.image(n, c.in.v.data.floats(), c.out.data.floats())
		c.p.argmax.Run(&argmax32.Call{X: x, Pad: c.pad, Offset: c.offset, Taps: c.taps, C: c.out.channels,
			M1: c.out.rows / c.images, Out: y, Which: chosen})
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
		for i := range c.out.rows / c.images {
			offsets := c.offset[i*c.taps : (i+1)*c.taps]
			which := chosen[i*channels : (i+1)*channels]
			for ch, g := range up[i*channels : (i+1)*channels] {
				if from := offsets[which[ch]]; from >= 0 { // else all are -Inf
					down[int(from)+ch] += g
				}
			}
		}
	})
	return nil
}
