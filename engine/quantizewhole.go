package engine

import (
	"github.com/octet-ml/octet/op"
)

// rescaled quantizes or dequantizes elements with scales that are operands.
type rescaled[A, R any] struct {
	op.Scaling
	f func(out []R, x []A, scale []float32, zero []int64, step int)
}

func lowerQuantizeWhole(o op.QuantizeWhole) operation {
	return rescaled[float32, int64]{o.Scaling, func(out []int64, x []float32, scale []float32, zero []int64, step int) {
		for i := range out {
			out[i] = o.Code(x[i], scale[i*step], zero[min(i*step, len(zero)-1)])
		}
	}}
}

func lowerDequantizeWhole(o op.DequantizeWhole) operation {
	return rescaled[int64, float32]{o.Scaling, func(out []float32, x []int64, scale []float32, zero []int64, step int) {
		if step == 0 {
			s, z := scale[0], zero[0]
			for i, v := range x[:len(out)] {
				out[i] = o.Real(v, s, z)
			}
			return
		}
		for i := range out {
			out[i] = o.Real(x[i], scale[i*step], zero[min(i*step, len(zero)-1)])
		}
	}}
}

func (rescaled[A, R]) kernel() (string, string) { return "function", "go" }

// wishes has none: all operands are row-major.
func (rescaled[A, R]) wishes(in, _ []desc) []order { return make([]order, len(in)) }

func (rescaled[A, R]) orders(in, out []desc) (need, give []order) {
	return make([]order, len(in)), make([]order, len(out))
}

func (o rescaled[A, R]) fix(in, outs []desc, threads int) (fixed, error) {
	f := fixedRescaled[A, R]{rescaled: o}
	o.Runs(outs[0].Shape, in[1].Shape, func(i, n, s, step int) {
		for from := 0; from < n; from += shortest { // so that several threads share a long one
			f.parts = append(f.parts, rescaledRun{i + from, min(shortest, n-from), s + from*step, step})
		}
	})
	f.runs = splitRuns(len(f.parts), divUp(shortest/8, max(1, outs[0].Shape.Numel()/max(1, len(f.parts)))), threads)
	return f, nil
}

type rescaledRun struct{ from, n, scale, step int }

type fixedRescaled[A, R any] struct {
	rescaled[A, R]
	parts []rescaledRun
	runs
}

func (fixedRescaled[A, R]) macs() int64  { return 0 }
func (fixedRescaled[A, R]) scratch() int { return 0 }

func (f fixedRescaled[A, R]) bind(in, outs []memory, _ [][]uint64) step {
	return pieces{f.count, &taskRescaled[A, R]{f, view[A](in[0]), in[1].reals(), view[int64](in[2]), view[R](outs[0])}}
}

type taskRescaled[A, R any] struct {
	fixedRescaled[A, R]
	x     []A
	scale []float32
	zero  []int64
	out   []R
}

func (t *taskRescaled[A, R]) Do(_, i int) {
	from, to := t.bounds(i)
	for _, p := range t.parts[from:to] {
		zero := t.zero
		if len(zero) > 1 {
			zero = zero[p.scale:]
		}
		t.f(t.out[p.from:][:p.n], t.x[p.from:][:p.n], t.scale[p.scale:], zero, p.step)
	}
}
