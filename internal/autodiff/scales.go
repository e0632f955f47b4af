package autodiff

import (
	"fmt"

	"github.com/octet-ml/octet/internal/fakequant"
	"github.com/octet-ml/octet/internal/kernel/channels32"
	"github.com/octet-ml/octet/tensor"
)

// scales are the parameters of a learnable fake quantization. They are the memory
// of the module's Scale and ZeroPoint.
type scales struct {
	fake        *fakequant.Module
	scale, zero *Param
}

// registerScales makes parameters of all that is learnable.
func (p *Program) registerScales() error {
	for _, q := range p.params {
		if err := p.registerScale(q.Name+"_fake_quant", p.opts.Weights[q.Name], q.Shape[0]); err != nil {
			return fmt.Errorf("weight %q: %w", q.Name, err)
		}
	}
	for _, n := range p.g.Nodes {
		if err := p.registerScale(n.Name+".activation_post_process", p.opts.Activations[n.Name], 1); err != nil {
			return fmt.Errorf("result of %q: %w", n.Name, err)
		}
	}
	return nil
}

func (p *Program) registerScale(path string, f *fakequant.Module, channels int) error {
	if f == nil || !f.Learnable() || p.scales[f] != nil {
		return nil
	}
	if f.PerChannel() {
		if err := f.Size(channels); err != nil {
			return err
		}
	}
	param := func(name string, role Role, data []float32) *Param {
		q := &Param{Name: path + name, Role: role, Shape: tensor.Shape{len(data)}, Data: data, Grad: make([]float32, len(data)), Fixed: true}
		p.params = append(p.params, q)
		return q
	}
	p.scales[f] = &scales{f, param(".scale", StepSize, f.Scale), param(".zero_point", ZeroPoint, f.ZeroPoint)}
	return nil
}

// TrainScales makes the scales and zero points of those modules parameters that
// are trained whose Learning is set, or, with false, of none.
func (p *Program) TrainScales(on bool) {
	for _, s := range p.scales {
		fixed := !on || !s.fake.Learning
		s.scale.Fixed, s.zero.Fixed = fixed, fixed
		if fixed {
			clear(s.scale.Grad)
			clear(s.zero.Grad)
		}
	}
}

// learning computes the gradients of a fake quantization's parameters. Its owner sets all
// fields of pass but memory and rows.
type learning struct {
	*Step
	*scales
	parts ranges
	sums  *buffer // [parts][2][channels]
}

// newLearning prepares it for the next cell; nil if f is not learnable.
func (b *builder) newLearning(f *fakequant.Module, parts ranges, channels int) *learning {
	s := b.p.scales[f]
	if s == nil {
		return nil
	}
	return &learning{b.Step, s, parts, b.scratch(4*parts.count*2*channels32.Padded(channels), false, true)}
}

// learn computes the gradients from up, the gradient of the fake-quantized numbers, and x,
// the input of the pass that quantized them.
func (l *learning) learn(pass *channels32.Finish, up, x []float32) {
	if l == nil || l.scale.Fixed {
		return
	}
	clear(l.scale.Grad)
	clear(l.zero.Grad)
	if !pass.Quant {
		return
	}
	n, padded := pass.C, channels32.Padded(pass.C)
	steps, zeros := make([]float32, padded), make([]float32, padded)
	for c := range n {
		s, z := l.fake.GradientRule(c)
		steps[c], zeros[c] = 1/s, z
	}
	sums := l.sums.floats()
	l.run(l.parts.count, func(_, i int) {
		from, to := l.parts.bounds(i)
		part := sums[i*2*padded : (i+1)*2*padded]
		clear(part)
		l.p.channels.Learn(&channels32.Learn{Up: up[from*n : to*n], X: x[from*n : to*n], Rows: to - from, C: n,
			Alpha: pass.Alpha, Beta: pass.Beta, Lo: pass.Lo, Hi: pass.Hi, Inv: steps, Zero: zeros, QMin: pass.QMin, QMax: pass.QMax,
			Steps: part[:padded], Cut: part[padded:]})
	})
	step, cut := make([]float64, len(l.scale.Data)), make([]float64, len(l.scale.Data))
	for c := range n {
		for i := range l.parts.count {
			step[c%len(step)] += float64(sums[i*2*padded+c])
			cut[c%len(step)] += float64(sums[(i*2+1)*padded+c])
		}
	}
	factor := l.fake.GradientFactor(len(x))
	for c := range step {
		s, _ := l.fake.GradientRule(c)
		l.scale.Grad[c], l.zero.Grad[c] = float32(step[c]*factor), float32(-cut[c]*float64(s)*factor)
	}
}
