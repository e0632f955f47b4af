package train

import "github.com/octet-ml/octet/internal/autodiff"

// average is the exponential average of the parameters over the steps.
type average struct {
	decay  float64
	params []*autodiff.Param
	mean   [][]float32
}

func newAverage(decay float64, params []*autodiff.Param) *average {
	a := &average{decay: decay, params: params}
	for _, p := range params {
		a.mean = append(a.mean, append([]float32(nil), p.Data...))
	}
	return a
}

// include takes in the parameters of step i. The past weighs less at first, so
// that the average does not keep to where training began.
func (a *average) include(o *optimizer, i int) {
	past := float32(min(a.decay, float64(1+i)/float64(10+i)))
	o.pool.Run(len(o.pieces), task(func(j int) {
		p := o.pieces[j]
		m := a.mean[p.param][p.from:p.to]
		for k, v := range a.params[p.param].Data[p.from:p.to] {
			m[k] += float32((1 - past) * (v - m[k]))
		}
	}))
}

// swap exchanges the parameters and their average.
func (a *average) swap() {
	for i, p := range a.params {
		for j, v := range p.Data {
			p.Data[j], a.mean[i][j] = a.mean[i][j], v
		}
	}
}
