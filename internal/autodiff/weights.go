package autodiff

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/internal/fakequant"
	"github.com/octet-ml/octet/internal/kernel/channels32"
)

// weights are those that a convolution or a linear layer multiplies with: a parameter as
// it is, or, in quantization-aware training, scaled by its batch norm and fake-quantized.
// They are stored as [..., output channel].
type weights struct {
	*Step
	param      *Param
	rows, cols int
	fake       *fakequant.Module
	norm       *Norm // scales the weights: gamma / sqrt(running var + eps)

	parts   ranges
	rounded *buffer // nil while the weights are the parameter
	mask    *buffer
	stats   *stats
	sums    *buffer // partial sums of the products of gradient and parameter
	learn   *learning
	pass    channels32.Finish

	scale, bias     []float32
	inv, step, zero []float32
	std             []float32 // of the norm's running statistics
	along           []float64 // set by the norm: the part of the gradient of scale that comes from dividing the result by it
}

// newWeights prepares the weights of the next cell.
func (b *builder) newWeights(p *Param, cols int, norm *Norm) *weights {
	w := &weights{Step: b.Step, param: p, cols: cols, rows: len(p.Data) / cols, fake: b.p.opts.Weights[p.Name]}
	if w.fake == nil {
		return w
	}
	w.norm = norm
	n := channels32.Padded(cols)
	w.parts = divide(w.rows, max(1, 1<<14/cols))
	w.rounded = b.scratch(4*len(p.Data), true, true)
	w.mask = b.scratch(w.rows*channels32.MaskStride(cols), true, true)
	w.stats = b.newStats(&value{data: &buffer{mem: bytesOfFloats(p.Data)}, rows: w.rows, channels: cols}, w.parts)
	w.learn = b.newLearning(w.fake, w.parts, cols)
	w.sums = b.scratch(4*w.parts.count*2*n, false, true)
	for _, v := range []*[]float32{&w.scale, &w.bias, &w.inv, &w.step, &w.zero} {
		*v = make([]float32, n)
	}
	for i := range w.scale {
		w.scale[i] = 1
	}
	w.std, w.along = make([]float32, cols), make([]float64, cols)
	w.pass = channels32.Finish{C: cols, Alpha: w.scale, Beta: w.bias, Inv: w.inv, Scale: w.step, Zero: w.zero,
		Lo: float32(math.Inf(-1)), Hi: float32(math.Inf(1))}
	return w
}

// scaleOf is the multiplier of channel c; the results are divided by it.
func (w *weights) scaleOf(c int) float32 {
	if w == nil || w.norm == nil {
		return 1
	}
	return w.scale[c]
}

// data returns the weights to multiply with.
func (w *weights) data() []float32 {
	if w.rounded == nil {
		return w.param.Data
	}
	return w.rounded.floats()
}

// forward scales and fake-quantizes.
func (w *weights) forward() error {
	if w.rounded == nil {
		return nil
	}
	if w.norm != nil {
		for c := range w.std {
			// In float32, as PyTorch: a bit of the factor moves weights to other codes.
			w.std[c] = float32(math.Sqrt(float64(w.norm.Var[c] + float32(w.norm.Eps))))
			w.scale[c] = w.norm.Weight.Data[c] / w.std[c]
			if w.scale[c] == 0 {
				w.scale[c] = 1 // PyTorch divides by zero here
			}
		}
	}
	var lo, hi []float32
	if w.fake.Observing() {
		w.run(w.parts.count, func(_, i int) { w.stats.collect(i) })
		w.stats.combine()
		lo, hi = w.extremes()
	}
	if err := w.fake.Update(lo, hi); err != nil {
		return fmt.Errorf("weight %q: %w", w.param.Name, err)
	}
	if n := len(w.fake.Scale); n != 1 && n != w.cols {
		return fmt.Errorf("weight %q: %d scales for %d output channels", w.param.Name, n, w.cols)
	}
	w.pass.Quant = w.fake.Enabled
	w.pass.QMin, w.pass.QMax = w.fake.Codes()
	for c := range w.cols {
		scale, zero := w.fake.Rule(c)
		w.inv[c], w.step[c], w.zero[c] = 1/scale, scale, zero
	}
	out, mask, stride := w.rounded.floats(), w.mask.mem, channels32.MaskStride(w.cols)
	w.run(w.parts.count, func(_, i int) {
		pass := w.pass
		from, to := w.parts.bounds(i)
		pass.X, pass.Out, pass.Mask, pass.Rows = w.param.Data[from*w.cols:to*w.cols], out[from*w.cols:to*w.cols], mask[from*stride:to*stride], to-from
		w.p.channels.Finish(&pass)
	})
	return nil
}

// extremes are those of the scaled weights, by channel or of all.
func (w *weights) extremes() (lo, hi []float32) {
	for c := range w.cols {
		a, b := float32(w.stats.lo[c]*w.scale[c]), float32(w.stats.hi[c]*w.scale[c])
		a, b = min(a, b), max(a, b)
		if c > 0 && !w.fake.PerChannel() {
			lo[0], hi[0] = min(lo[0], a), max(hi[0], b)
			continue
		}
		lo, hi = append(lo, a), append(hi, b)
	}
	return lo, hi
}

// backward converts the gradient of the multiplied weights, which is in the parameter's
// Grad, to that of the parameter, and adds their part to the norm's gradient.
func (w *weights) backward() {
	if w.rounded == nil {
		return
	}
	n, stride, padded := w.cols, channels32.MaskStride(w.cols), channels32.Padded(w.cols)
	grad, mask, sums, none := w.param.Grad, w.mask.mem, w.sums.floats(), w.bias
	w.learn.learn(&w.pass, grad, w.param.Data)
	w.run(w.parts.count, func(_, i int) {
		from, to := w.parts.bounds(i)
		g, m := grad[from*n:to*n], mask[from*stride:to*stride]
		if w.norm != nil {
			part := sums[i*2*padded : (i+1)*2*padded]
			clear(part)
			w.p.channels.Reduce(&channels32.Reduce{Up: g, X: w.param.Data[from*n : to*n], Mask: m, Rows: to - from, C: n,
				Mean: none, Sum: part[:padded], SumX: part[padded:]})
		}
		w.p.channels.Apply(&channels32.Apply{Up: g, Mask: m, Rows: to - from, C: n, A: w.scale, B: none, K: none, Out: g})
	})
	for c := 0; w.norm != nil && c < n; c++ {
		along := -w.along[c] / float64(w.scale[c])
		for i := range w.parts.count {
			along += float64(sums[(i*2+1)*padded+c])
		}
		w.norm.Weight.Grad[c] += float32(along / float64(w.std[c]))
	}
}
