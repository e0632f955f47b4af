package autodiff

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/elementwise32"
)

// addition adds two activations of equal shape.
type addition struct {
	*Step
	a, b  *reader
	out   *value
	parts ranges
}

// elements is how many numbers a piece of a pointwise computation has.
const elements = 1 << 15

func (b *builder) addition(n *graph.Node, x, y *value) *value {
	c := &addition{Step: b.Step, a: b.read(x, false), b: b.read(y, false)}
	c.out = b.newValue(n.Name, b.types[n.Output()].Shape, trained(x, y))
	c.parts = divide(c.out.rows*c.out.channels, elements)
	b.push(n.Name, c, c.out)
	return c.out
}

func (c *addition) forward() error {
	c.sum(c.out.data.floats(), c.a.v.data.floats(), c.b.v.data.floats())
	return nil
}

// sum sets out to a + b.
func (c *addition) sum(out, a, b []float32) {
	inf := float32(math.Inf(1))
	c.run(c.parts.count, func(_, i int) {
		from, to := c.parts.bounds(i)
		c.p.add.Run(&elementwise32.Call{A: a[from:to], B: b[from:to], Out: out[from:to], Lo: -inf, Hi: inf})
	})
}

func (c *addition) backward() error {
	if !c.out.trained {
		return nil
	}
	up := c.out.grad.floats()
	for _, r := range []*reader{c.a, c.b} {
		if !r.v.trained {
			continue
		}
		down := r.v.grad.floats()
		if r.add {
			c.sum(down, down, up)
			continue
		}
		c.run(c.parts.count, func(_, i int) {
			from, to := c.parts.bounds(i)
			copy(down[from:to], up[from:to])
		})
	}
	return nil
}
