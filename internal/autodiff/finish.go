package autodiff

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/internal/fakequant"
	"github.com/octet-ml/octet/internal/kernel/channels32"
	"github.com/octet-ml/octet/quant"
)

// finishing is the epilogue of a cell: what is applied to its result before others read it.
type finishing struct {
	norm *Norm
	bias *Param
	act  quant.Activation
	fake *fakequant.Module

	weights *weights // those that the batch norm scales, for their part in its gradient
	stats   *stats   // of the result before the epilogue, if its producer collects them; else nil
	fresh   bool     // nothing else reads the result before the epilogue
}

func (f *finishing) any() bool {
	return f.norm != nil || f.bias != nil || f.act != quant.NoActivation || f.fake != nil
}

// finish normalises or adds a bias, clamps and fake-quantizes: one pass forward, and two
// backward, of which the first computes sums over the batch.
type finish struct {
	*Step
	finishing
	in    *reader
	y     *value
	out   *value
	mask  *buffer
	own   bool // the statistics are collected here
	parts ranges
	learn *learning // nil where the scale is not learned

	pass            channels32.Finish // without memory and rows
	alpha, beta     []float32
	inv, step, zero []float32

	// Of the last forward pass, by channel.
	mean  []float32 // of y
	slope []float64 // of the normalised value along y: 1/sqrt(var+eps), over the scale of the weights
	batch bool      // normalised with the statistics of the batch

	sums    *buffer // partial sums, [parts][2][channels]
	a, b, k []float32
}

// finish builds the cell that finishes y.
func (b *builder) finish(name string, y *value, f finishing) (*value, error) {
	if f.fake != nil && f.fake.PerChannel() {
		return nil, fmt.Errorf("its result is fake-quantized per channel; activations have one scale: use a per-tensor observer")
	}
	learns := b.p.scales[f.fake] != nil
	c := &finish{Step: b.Step, finishing: f, y: y, in: b.read(y, f.norm != nil || learns)}
	c.out = b.newValue(name, y.shape, y.trained || f.norm != nil || f.bias != nil || learns)
	if f.fresh && f.norm == nil && !learns {
		b.alias(c.out, y)
	}
	c.parts = divide(y.rows, max(16, 1<<15/y.channels))
	c.learn = b.newLearning(f.fake, c.parts, y.channels)
	c.mask = b.scratch(y.rows*channels32.MaskStride(y.channels), true, c.out.trained)
	if c.stats == nil {
		c.stats, c.own = b.newStats(y, c.parts), true
	}
	n := channels32.Padded(y.channels)
	for _, v := range []*[]float32{&c.alpha, &c.beta, &c.inv, &c.step, &c.zero, &c.mean, &c.a, &c.b, &c.k} {
		*v = make([]float32, n)
	}
	c.slope = make([]float64, y.channels)
	c.stats.mem.forward.include(b.next())
	c.sums = b.scratch(4*c.parts.count*2*n, false, true)
	c.pass = channels32.Finish{C: y.channels, Alpha: c.alpha, Beta: c.beta, Inv: c.inv, Scale: c.step, Zero: c.zero}
	c.pass.Lo, c.pass.Hi = float32(math.Inf(-1)), float32(math.Inf(1))
	if f.act != quant.NoActivation {
		c.pass.Lo = 0
	}
	if f.act == quant.ReLU6 {
		c.pass.Hi = 6
	}
	c.stats.wanted = func() bool {
		return f.norm != nil && !b.p.frozen || f.fake != nil && f.fake.Observing()
	}
	b.push(name, c, c.out)
	return c.out, nil
}

func (c *finish) forward() error {
	if c.own && c.stats.wanted() {
		c.run(c.parts.count, func(_, i int) { c.stats.collect(i) })
	}
	if c.stats.wanted() {
		c.stats.combine()
	}
	c.affine()
	if err := c.round(); err != nil {
		return err
	}
	c.compute()
	return nil
}

// compute is the pass itself.
func (c *finish) compute() {
	y, out, mask := c.y.data.floats(), c.out.data.floats(), c.mask.mem
	stride, n := channels32.MaskStride(c.y.channels), c.y.channels
	c.run(c.parts.count, func(_, i int) {
		pass := c.pass
		from, to := c.parts.bounds(i)
		pass.X, pass.Out, pass.Mask, pass.Rows = y[from*n:to*n], out[from*n:to*n], mask[from*stride:to*stride], to-from
		c.p.channels.Finish(&pass)
	})
}

// recompute computes the result once more, in the backward pass.
func (c *finish) recompute() {
	c.out.data.mem = c.out.data.passes[backwardPass]
	c.compute()
}

// affine sets the multiplier and the offset of each channel.
func (c *finish) affine() {
	if c.norm == nil {
		for i := range c.alpha {
			c.alpha[i] = 1
		}
		if c.bias != nil {
			copy(c.beta, c.bias.Data)
		}
		return
	}
	n := c.norm
	c.batch = !c.p.frozen
	for i := range c.slope {
		scale, bias := float64(c.weights.scaleOf(i)), 0.0 // the normalised values are y/scale + bias
		if c.bias != nil {
			bias = float64(c.bias.Data[i])
		}
		mean, variance := float64(n.Mean[i]), float64(n.Var[i])
		if c.batch {
			mean, variance = c.stats.mean[i]/scale+bias, c.stats.variance(i)/(scale*scale)
			count := float64(c.y.rows)
			n.Mean[i] = float32((1-Momentum)*float64(n.Mean[i]) + Momentum*mean)
			n.Var[i] = float32((1-Momentum)*float64(n.Var[i]) + Momentum*variance*count/(count-1))
		}
		inv := 1 / math.Sqrt(variance+n.Eps)
		c.slope[i] = inv / scale
		c.mean[i] = float32((mean - bias) * scale)
		alpha := float64(n.Weight.Data[i]) * c.slope[i]
		c.alpha[i] = float32(alpha)
		c.beta[i] = float32(float64(n.Bias.Data[i]) - alpha*(mean-bias)*scale)
	}
	if c.batch {
		n.Batches++
	}
}

// round derives the scale and the zero point of the result.
func (c *finish) round() error {
	if c.fake == nil {
		return nil
	}
	var lo, hi float32
	if c.fake.Observing() {
		lo, hi = c.stats.finished(&c.pass)
	}
	if err := c.fake.Update([]float32{lo}, []float32{hi}); err != nil {
		return err
	}
	c.pass.Quant = c.fake.Enabled
	c.pass.QMin, c.pass.QMax = c.fake.Codes()
	scale, zero := c.fake.Rule(0)
	for i := range c.step {
		c.inv[i], c.step[i], c.zero[i] = 1/scale, scale, zero
	}
	return nil
}

func (c *finish) backward() error {
	if !c.out.trained {
		return nil
	}
	c.learn.learn(&c.pass, c.out.grad.floats(), c.y.data.floats())
	if c.norm != nil || c.bias != nil {
		c.reduce()
	}
	if !c.y.trained {
		return nil
	}
	if c.norm == nil {
		for i := range c.a {
			c.a[i] = 1
		}
	}
	n, stride := c.y.channels, channels32.MaskStride(c.y.channels)
	up, down, y, mask := c.out.grad.floats(), c.y.grad.floats(), c.y.data.floats(), c.mask.mem
	c.run(c.parts.count, func(_, i int) {
		from, to := c.parts.bounds(i)
		pass := channels32.Apply{Up: up[from*n : to*n], Mask: mask[from*stride : to*stride], Rows: to - from, C: n,
			A: c.a, B: c.b, K: c.k, Out: down[from*n : to*n], Add: c.in.add}
		if c.norm != nil && c.batch {
			pass.X = y[from*n : to*n]
		}
		c.p.channels.Apply(&pass)
	})
	return nil
}

// reduce computes the sums over the batch of the gradient and of its products with y,
// and from them the gradients of weight and bias and the coefficients of the second pass.
func (c *finish) reduce() {
	n, stride, padded := c.y.channels, channels32.MaskStride(c.y.channels), len(c.mean)
	up, y, mask, sums := c.out.grad.floats(), c.y.data.floats(), c.mask.mem, c.sums.floats()
	c.run(c.parts.count, func(_, i int) {
		from, to := c.parts.bounds(i)
		part := sums[i*2*padded : (i+1)*2*padded]
		clear(part)
		pass := channels32.Reduce{Up: up[from*n : to*n], Mask: mask[from*stride : to*stride], Rows: to - from, C: n,
			Mean: c.mean, Sum: part[:padded], SumX: part[padded:]}
		if c.norm != nil {
			pass.X = y[from*n : to*n]
		}
		c.p.channels.Reduce(&pass)
	})
	count := float64(c.y.rows)
	for ch := range n {
		var g, gy float64
		for i := range c.parts.count {
			g += float64(sums[i*2*padded+ch])
			gy += float64(sums[(i*2+1)*padded+ch])
		}
		if c.norm == nil {
			c.bias.Grad[ch] = float32(g)
			continue
		}
		gx := gy * c.slope[ch] // with the normalised value
		c.norm.Weight.Grad[ch], c.norm.Bias.Grad[ch] = float32(gx), float32(g)
		gamma := float64(c.norm.Weight.Data[ch])
		a := gamma * c.slope[ch]
		c.a[ch], c.b[ch], c.k[ch] = float32(a), 0, 0
		if c.batch {
			b := -a * c.slope[ch] * gx / count
			c.b[ch] = float32(b)
			c.k[ch] = float32(-a*g/count - b*float64(c.mean[ch]))
		}
		scale := float64(c.weights.scaleOf(ch))
		inv := c.slope[ch] * scale
		if c.bias != nil {
			c.bias.Grad[ch] = 0 // subtracting the mean of the batch cancels a bias
			if !c.batch {
				c.bias.Grad[ch] = float32(gamma * inv * g)
			}
		}
		if c.weights == nil {
			continue
		}
		// The sum of the products of y/scale and the gradient for it.
		along := gamma * gx * c.norm.Eps * inv * inv
		if !c.batch {
			along = gamma*gx + a*g*float64(c.mean[ch])
		}
		c.weights.along[ch] = along
	}
}
