package observe

import (
	"math"

	"github.com/octet-ml/octet/quant"
)

// through are samples of what was seen, and of a function of them.
type through struct {
	o      *mse
	f      func(float32) float32
	x, y   []float64 // values, and f of them
	weight []float64 // how often they were seen
}

// through takes two values of every bin, a quarter of it from either end.
func (o *mse) through(f func(float32) float32) *through {
	t := &through{o: o, f: f}
	width := math.Ldexp(1, o.exp)
	for i, c := range o.counts {
		if c == 0 {
			continue
		}
		for _, share := range []float64{0.25, 0.75} {
			x := o.edge(i) + share*width
			t.x, t.y, t.weight = append(t.x, x), append(t.y, float64(f(float32(x)))), append(t.weight, float64(c)/2)
		}
	}
	return t
}

// error is the sum of the squared errors of f with the codes of the range lo..hi.
func (t *through) error(lo, hi float32) float64 {
	o := t.o
	scale, zero, err := quant.CalculateQParams(min(lo, 0), max(hi, 0), o.full.QScheme, o.full.DType, o.codes, o.full.Eps)
	if err != nil || math.IsInf(scale, 0) {
		return math.Inf(1)
	}
	from, to := float64(o.codes.Min-zero), float64(o.codes.Max-zero)
	of := make([]float64, int(to-from)+1)
	for i := range of {
		of[i] = float64(t.f(float32((from + float64(i)) * scale)))
	}
	var sum float64
	for i, x := range t.x {
		code := max(from, min(math.RoundToEven(x/scale), to))
		d := t.y[i] - of[int(code-from)]
		sum += float64(float64(t.weight[i]*d) * d)
	}
	return sum
}
