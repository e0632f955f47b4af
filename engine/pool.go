package engine

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/kernel/pool32"
	"github.com/octet-ml/octet/internal/kernel/pool8"
	"github.com/octet-ml/octet/internal/operand"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// windowsOf lists the windows of a pooling operator for images of shape in.
type windowsOf func(in, out tensor.Shape) windows

// windows lists the input pixels of each output pixel of one image.
type windows struct {
	cells, start []int32
	divisors     []int // of averages; nil means the number of cells
}

func (w *windows) close() { w.start = append(w.start, int32(len(w.cells))) }

func lowerMaxPool(n *graph.Node, p op.MaxPool2D, t target) (operation, string) {
	s := sliding(p.Sliding())
	return newPool(n, false, t, s.windows, nil)
}

func lowerAvgPool(n *graph.Node, p op.AvgPool2D, t target) (operation, string) {
	s := sliding(p.Sliding())
	numerics := t.numerics
	if p.CeilMode && numerics == quant.QNNPACK {
		numerics = quant.FBGEMM // qnnpack's own rule knows no ceil mode
	}
	d := n.Output().Type.DType
	whole := d == tensor.QUInt8 && numerics == quant.QNNPACK || d.IsQuantized() && numerics == quant.ONNX && p.CountIncludePad
	list := func(in, out tensor.Shape) windows {
		w := s.windows(in, out)
		switch {
		case whole:
			w.divisors = make([]int, len(w.start)-1)
			for i := range w.divisors {
				w.divisors[i] = p.Kernel[0] * p.Kernel[1]
			}
		case p.CountIncludePad:
			w.divisors = s.padded(in, out)
		}
		return w
	}
	if d, reason := arithmetic(n); reason == "" && d.IsQuantized() && numerics == quant.ONNX {
		return lowerRealAverage(n, d, list), ""
	}
	if p.Rescaled && n.Output().Type.DType.IsQuantized() {
		return nil, notRescaled(numerics)
	}
	return newPool(n, true, t, list, func(_, _ tensor.Shape) *quant.Average {
		return quant.NewAverage(numerics, n.Output().Type.Q, n.Output().Type.DType)
	})
}

func lowerAdaptive(n *graph.Node, p op.AdaptiveAvgPool2D, t target) (operation, string) {
	from, to := n.Inputs[0].Type.Q, n.Output().Type
	if p.Rescaled && to.DType.IsQuantized() && t.numerics != quant.ONNX {
		return nil, notRescaled(t.numerics)
	}
	return newPool(n, true, t, adaptiveWindows, func(in, out tensor.Shape) *quant.Average {
		even := in[2]%out[2] == 0 && in[3]%out[3] == 0 && (in[2] != out[2] || in[3] != out[3])
		return quant.NewAdaptiveAverage(t.numerics, from, to.Q, to.DType, even)
	})
}

// lowerMeanPool lowers a mean that is an average of one window.
func lowerMeanPool(n *graph.Node, t target) (operation, string) {
	one := func(in, _ tensor.Shape) windows { return adaptiveWindows(in, tensor.Shape{in[0], in[1], 1, 1}) }
	to := n.Output().Type
	var rule *quant.Average
	if to.DType.IsQuantized() {
		rule, _ = quant.NewMeanAverage(t.numerics, n.Inputs[0].Type.Q, to.Q, to.DType)
	}
	return newPool(n, true, t, one, func(_, _ tensor.Shape) *quant.Average { return rule })
}

// pool is a pooling operator over codes or float32.
type pool struct {
	list   windowsOf
	k8     *pool8.Kernel
	rule   func(in, out tensor.Shape) *quant.Average // of averages of codes
	signed bool
	k32    *pool32.Kernel
}

func newPool(n *graph.Node, average bool, t target, list windowsOf, rule func(in, out tensor.Shape) *quant.Average) (operation, string) {
	d, reason := arithmetic(n)
	switch {
	case reason != "":
		return nil, reason
	case d == tensor.Float32:
		return pool{list: list, k32: pool32.Select(pool32.Table, average, t.cpu)}, ""
	}
	return pool{list: list, rule: rule, signed: d == tensor.QInt8, k8: pool8.Select(pool8.Table, average, t.cpu)}, ""
}

func (o pool) kernel() (string, string) {
	if o.k8 != nil {
		return o.k8.Name, o.k8.ISA
	}
	return o.k32.Name, o.k32.ISA
}

func (o pool) fix(in, outs []desc, threads int) (fixed, error) {
	out := outs[0]
	x := in[0].Shape
	f := fixedPool{pool: o, windows: o.list(x, out.Shape), channels: x[1], image: x[1:].Numel()}
	for i := range f.cells {
		f.cells[i] *= int32(f.channels)
	}
	rows := len(f.start) - 1
	f.runs = splitRuns(x[0]*rows, max(1, shortest/max(1, f.channels)/max(1, len(f.cells)/max(1, rows))), threads)
	if o.rule == nil && (o.k32 == nil || !o.k32.Average) {
		return f, nil
	}
	var rule *quant.Average
	if o.k8 != nil {
		if rule = o.rule(x, out.Shape); o.signed {
			rule = rule.Unsigned()
		}
	}
	f.average = rule
	f.factors = make([]float32, rows)
	for i := range f.factors {
		div := int(f.start[i+1] - f.start[i])
		if f.divisors != nil {
			div = f.divisors[i]
		}
		f.factors[i] = float32(div)
		if rule != nil {
			f.factors[i] = rule.Multiplier(div)
		}
	}
	return f, nil
}

type fixedPool struct {
	pool
	windows
	runs
	channels, image int
	average         *quant.Average
	factors         []float32 // multipliers of codes, divisors of floats
}

func (fixedPool) macs() int64    { return 0 }
func (f fixedPool) scratch() int { return f.channels }

func (f fixedPool) bind(in, outs []memory, scratch [][]uint64) step {
	out := outs[0]
	if f.k8 != nil {
		t := &taskPool8{f, make([]pool8.Call, len(scratch))}
		for i := range t.calls {
			t.calls[i] = pool8.Call{
				Windows: block(&f, in[0].codes(), out.codes()),
				Rule:    f.average, Mult: f.factors, Acc: words[int32](scratch[i]),
			}
		}
		return pieces{f.count, t}
	}
	t := &taskPool32{f, make([]pool32.Call, len(scratch))}
	for i := range t.calls {
		t.calls[i] = pool32.Call{
			Windows: block(&f, in[0].reals(), out.reals()),
			Div:     f.factors, Acc: words[float64](scratch[i]),
		}
	}
	return pieces{f.count, t}
}

// block is the windows of f over x, all rows, with their results in out.
func block[T any](f *fixedPool, x, out []T) operand.Windows[T] {
	return operand.Windows[T]{X: x, Channels: f.channels, Cells: f.cells, Start: f.start, Rows: len(f.start) - 1, Image: f.image, Out: out}
}

type taskPool8 struct {
	fixedPool
	calls []pool8.Call
}

func (t *taskPool8) Do(worker, i int) {
	c := &t.calls[worker]
	c.M0, c.M1 = t.bounds(i)
	t.k8.Run(c)
}

type taskPool32 struct {
	fixedPool
	calls []pool32.Call
}

func (t *taskPool32) Do(worker, i int) {
	c := &t.calls[worker]
	c.M0, c.M1 = t.bounds(i)
	t.k32.Run(c)
}
