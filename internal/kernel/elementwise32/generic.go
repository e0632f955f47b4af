package elementwise32

import "github.com/octet-ml/octet/quant"

func (c *Call) clamp(v float32) float32 {
	if v < c.Lo {
		return c.Lo
	}
	if v > c.Hi {
		return c.Hi
	}
	return v
}

func runClamp(c *Call) {
	a := c.A[:len(c.Out)]
	for i, v := range a {
		c.Out[i] = c.clamp(v)
	}
}

func runAdd(c *Call) {
	a, b := c.A[:len(c.Out)], c.B[:len(c.Out)]
	for i, v := range a {
		c.Out[i] = c.clamp(v + b[i])
	}
}

func runMul(c *Call) {
	a, b := c.A[:len(c.Out)], c.B[:len(c.Out)]
	for i, v := range a {
		c.Out[i] = c.clamp(v * b[i])
	}
}

func runSub(c *Call) {
	a, b := c.A[:len(c.Out)], c.B[:len(c.Out)]
	for i, v := range a {
		c.Out[i] = c.clamp(v - b[i])
	}
}

func runDiv(c *Call) {
	a, b := c.A[:len(c.Out)], c.B[:len(c.Out)]
	for i, v := range a {
		c.Out[i] = c.clamp(v / b[i])
	}
}

func runAffine(c *Call) {
	a, b, d := c.A[:len(c.Out)], c.B[:len(c.Out)], c.C[:len(c.Out)]
	for i, v := range a {
		c.Out[i] = c.clamp(float32(v*b[i]) + d[i])
	}
}

func (c *Call) each(f func(float32) float32) {
	a := c.A[:len(c.Out)]
	for i, v := range a {
		c.Out[i] = c.clamp(f(v))
	}
}

func runLeakyReLU(c *Call) {
	a := c.A[:len(c.Out)]
	for i, v := range a {
		c.Out[i] = quant.LeakyReLU(v, c.Lo)
	}
}

func runBlend(c *Call) {
	a, b := c.A[:len(c.Out)], c.B[:len(c.Out)]
	for i, v := range a {
		c.Out[i] = float32(v*c.Lo) + float32(b[i]*c.Hi)
	}
}
