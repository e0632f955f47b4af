package train

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/internal/autodiff"
	"github.com/octet-ml/octet/internal/parallel"
)

// OptimizerKind names a rule by which parameters follow their gradients.
type OptimizerKind string

// The kinds of optimisers.
const (
	// SGD is torch.optim.SGD: with momentum, Nesterov's form of it, and weight decay
	// added to the gradient.
	SGD OptimizerKind = "sgd"
	// AdamW is torch.optim.AdamW: weight decay apart from the gradient.
	AdamW OptimizerKind = "adamw"
)

// Optimizer says how parameters are changed.
type Optimizer struct {
	Kind         OptimizerKind `json:"kind"`               // which algorithm
	LearningRate float64       `json:"learning_rate"`      // the highest; Schedule takes a part of it
	Momentum     float64       `json:"momentum,omitempty"` // of SGD
	Nesterov     bool          `json:"nesterov,omitempty"` // momentum is applied ahead of the gradient
	// Beta1, Beta2 and Eps of AdamW; 0 mean 0.9, 0.999 and 1e-8.
	Beta1 float64 `json:"beta1,omitempty"`
	Beta2 float64 `json:"beta2,omitempty"`
	Eps   float64 `json:"eps,omitempty"`
	// WeightDecay pulls weights towards zero: those of convolutions and linear layers
	// and, with DecayAll, biases and the parameters of batch norms too.
	WeightDecay float64 `json:"weight_decay,omitempty"`
	DecayAll    bool    `json:"decay_all,omitempty"`
	// ScaleRate is the learning rate of learned scales and zero points as a share of
	// LearningRate; 0 means 0.01. A scale is a hundredth of the numbers that it is for.
	ScaleRate float64 `json:"scale_rate,omitempty"`
}

func (o Optimizer) validate() error {
	switch {
	case o.Kind != SGD && o.Kind != AdamW:
		return fmt.Errorf("unknown optimizer %q: use sgd or adamw", o.Kind)
	case !(o.LearningRate > 0) || math.IsInf(o.LearningRate, 0):
		return fmt.Errorf("learning rate is %v; it must be positive", o.LearningRate)
	case !(o.Momentum >= 0 && o.Momentum < 1):
		return fmt.Errorf("momentum is %v; it must be from 0 to below 1", o.Momentum)
	case o.Nesterov && o.Momentum == 0:
		return fmt.Errorf("nesterov needs a momentum")
	case !(o.ScaleRate >= 0):
		return fmt.Errorf("scale rate is %v; it must be a share of the learning rate", o.ScaleRate)
	case !(o.WeightDecay >= 0):
		return fmt.Errorf("weight decay is %v; it must not be negative", o.WeightDecay)
	case !(o.Beta1 >= 0 && o.Beta1 < 1 && o.Beta2 >= 0 && o.Beta2 < 1 && o.Eps >= 0):
		return fmt.Errorf("betas %v and %v, eps %v; betas must be from 0 to below 1, eps not negative", o.Beta1, o.Beta2, o.Eps)
	}
	return nil
}

// optimizer is an Optimizer with its state.
type optimizer struct {
	Optimizer
	params  []*Param
	first   [][]float32 // momentum, or the mean of gradients
	second  [][]float32 // of AdamW: the mean of their squares
	updates int
	pieces  []piece
	pool    *parallel.Pool
	squares []float64 // by piece
}

// piece is a part of a parameter.
type piece struct{ param, from, to int }

const pieceSize = 1 << 15

func newOptimizer(o Optimizer, params []*Param, threads int) *optimizer {
	if o.Beta1 == 0 {
		o.Beta1 = 0.9
	}
	if o.Beta2 == 0 {
		o.Beta2 = 0.999
	}
	if o.Eps == 0 {
		o.Eps = 1e-8
	}
	if o.ScaleRate == 0 {
		o.ScaleRate = 0.01
	}
	s := &optimizer{Optimizer: o, params: params, pool: parallel.Shared(threads)}
	for i, p := range params {
		n := len(p.Data)
		s.first = append(s.first, make([]float32, n))
		if o.Kind == AdamW {
			s.second = append(s.second, make([]float32, n))
		}
		for from := 0; from < n; from += pieceSize {
			s.pieces = append(s.pieces, piece{i, from, min(from+pieceSize, n)})
		}
	}
	s.squares = make([]float64, len(s.pieces))
	return s
}

// decay is the weight decay of a parameter.
func (s *optimizer) decay(p *Param) float64 {
	if p.Role == autodiff.Weight || s.DecayAll && p.Role != autodiff.StepSize && p.Role != autodiff.ZeroPoint {
		return s.WeightDecay
	}
	return 0
}

type task func(i int)

func (t task) Do(_, i int) { t(i) }

// length is that of the gradient of all parameters together. The sum is taken in
// the order of the pieces.
func (s *optimizer) length() float64 {
	s.pool.Run(len(s.pieces), task(func(i int) {
		p := s.pieces[i]
		sum := 0.0
		for _, g := range s.params[p.param].Grad[p.from:p.to] {
			sum += float64(g) * float64(g)
		}
		s.squares[i] = sum
	}))
	sum := 0.0
	for _, v := range s.squares {
		sum += v
	}
	return math.Sqrt(sum)
}

// step changes the parameters by their gradients times factor.
func (s *optimizer) step(rate, factor float64) {
	s.updates++
	s.pool.Run(len(s.pieces), task(func(i int) {
		p := s.pieces[i]
		q := s.params[p.param]
		if q.Fixed {
			return
		}
		w, g, m := q.Data[p.from:p.to], q.Grad[p.from:p.to], s.first[p.param][p.from:p.to]
		rate := rate
		if q.Role == autodiff.StepSize || q.Role == autodiff.ZeroPoint {
			rate *= s.ScaleRate
		}
		if s.Kind == AdamW {
			s.adamw(w, g, m, s.second[p.param][p.from:p.to], rate, factor, s.decay(q))
		} else {
			s.sgd(w, g, m, float32(rate), float32(factor), float32(s.decay(q)))
		}
	}))
}

func (s *optimizer) sgd(w, g, m []float32, rate, factor, decay float32) {
	momentum, first := float32(s.Momentum), s.updates == 1
	for i, v := range g {
		v = float32(v*factor) + float32(decay*w[i])
		if momentum != 0 {
			b := v
			if !first {
				b += float32(momentum * m[i])
			}
			m[i] = b
			if s.Nesterov {
				v += float32(momentum * b)
			} else {
				v = b
			}
		}
		w[i] -= float32(rate * v)
	}
}

func (s *optimizer) adamw(w, g, m, v []float32, rate, factor, decay float64) {
	b1, b2 := s.Beta1, s.Beta2
	correct1, correct2 := 1-math.Pow(b1, float64(s.updates)), 1-math.Pow(b2, float64(s.updates))
	for i, x := range g {
		d := float64(x) * factor
		a, b := b1*float64(m[i])+(1-b1)*d, b2*float64(v[i])+(1-b2)*d*d
		m[i], v[i] = float32(a), float32(b)
		at := float64(w[i]) * (1 - rate*decay)
		w[i] = float32(at - rate*(a/correct1)/(math.Sqrt(b/correct2)+s.Eps))
	}
}
