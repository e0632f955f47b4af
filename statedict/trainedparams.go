package statedict

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/observe"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// trainedAverage is the averaging constant of PyTorch's observers in training,
// which their files do not hold.
const trainedAverage float32 = 0.01

// derived reports whether convert computes the parameters from the range, in place of those in
// the file.
func (s *fakeState) derived() bool {
	return !s.fixed() && !s.learnable && !(s.histogram != nil && s.scale != nil)
}

// qparams returns what PyTorch's convert makes of s.
func (s *fakeState) qparams(rule codeRule, dtype tensor.DType) (*tensor.QParams, error) {
	switch {
	case !s.derived():
		return s.stored(dtype)
	case s.histogram != nil:
		return s.search(rule)
	}
	q := &tensor.QParams{Axis: tensor.PerTensor}
	if s.channels {
		q.Axis = 0
	}
	for c := range s.lo {
		// By rounding, averages of constant minima and maxima can end up in the wrong order.
		lo, hi := s.lo[c], s.hi[c]
		if !math.IsInf(float64(lo), 1) {
			lo, hi = min(lo, hi), max(lo, hi)
		}
		scale, zero, err := rule.apply(lo, hi, s.eps)
		if err != nil {
			return nil, err
		}
		q.Scales, q.ZeroPoints = append(q.Scales, scale), append(q.ZeroPoints, zero)
	}
	return q, nil
}

// stored returns the parameters in the file; learned zero points are rounded to integers.
func (s *fakeState) stored(dtype tensor.DType) (*tensor.QParams, error) {
	q := &tensor.QParams{Axis: tensor.PerTensor}
	if s.channels || len(s.scale) > 1 {
		q.Axis = 0
	}
	least, most := dtype.CodeRange()
	for c, scale := range s.scale {
		zero := s.zero[c]
		if s.learnable {
			scale = max(scale, s.eps)
			zero = max(float32(least), min(quant.RoundEven(zero), float32(most)))
		}
		if zero != zero || scale != scale {
			return nil, fmt.Errorf("scale %v and zero point %v: training has diverged", scale, zero)
		}
		q.Scales, q.ZeroPoints = append(q.Scales, float64(scale)), append(q.ZeroPoints, int64(zero))
	}
	if len(q.Scales) == 0 {
		return nil, fmt.Errorf("no scale")
	}
	return q, nil
}

// search runs octet's histogram observer from the state of PyTorch's.
func (s *fakeState) search(rule codeRule) (*tensor.QParams, error) {
	o, err := s.observer(rule)
	if err != nil {
		return nil, err
	}
	return o.QParams()
}

func (s *fakeState) observer(rule codeRule) (observe.Observer, error) {
	least, most := int(rule.codes.Min), int(rule.codes.Max)
	o, err := observe.New(quant.ObserverSpec{Kind: quant.Histogram, DType: rule.dtype, QScheme: rule.scheme,
		QuantMin: &least, QuantMax: &most, Eps: s.eps, Bins: len(s.histogram)})
	if err != nil || s.never() {
		return o, err
	}
	state, err := json.Marshal(map[string]any{"min": s.lo[0], "max": s.hi[0], "histogram": s.histogram})
	if err != nil {
		return nil, err
	}
	return o, o.SetState(state)
}

// observeWeight runs an enabled observer once more on a weight, as PyTorch's convert does.
func (s *fakeState) observeWeight(w *tensor.Tensor) error {
	rows := max(len(s.lo), 1)
	if s.fixed() {
		rows = max(len(s.scale), 1)
	}
	if s.channels || rows > 1 {
		if len(s.lo) == 0 && !s.fixed() {
			s.lo, s.hi = neverSeen(w.Dim(0))
			rows = w.Dim(0)
		}
		if rows != w.Dim(0) {
			return fmt.Errorf("%d ranges for %d channels", rows, w.Dim(0))
		}
	}
	if !s.observing || s.fixed() || w.Numel() == 0 {
		return nil
	}
	if len(s.lo) == 0 {
		s.lo, s.hi = neverSeen(1)
	}
	s.observe(extremesOf(w, len(s.lo)))
	if s.learnable {
		s.learnable = false // it takes its scales from the range as long as it observes
	}
	return nil
}

// observe moves the ranges as their observer would for new extremes.
func (s *fakeState) observe(least, most []float32) {
	s.lo, s.hi = slices.Clone(s.lo), slices.Clone(s.hi)
	for c := range s.lo {
		never := math.IsInf(float64(s.lo[c]), 1) && math.IsInf(float64(s.hi[c]), -1)
		switch {
		case never:
			s.lo[c], s.hi[c] = least[c], most[c]
		case s.extremes:
			s.lo[c], s.hi[c] = min(s.lo[c], least[c]), max(s.hi[c], most[c])
		default:
			s.lo[c] += float32(trainedAverage * (least[c] - s.lo[c]))
			s.hi[c] += float32(trainedAverage * (most[c] - s.hi[c]))
		}
	}
}

// keepAverages reports whether it decides numbers that ranges are taken for averages:
// weights have left ranges of observers that are on and of which the file does not say
// what they keep.
func keepAverages(weights map[*graph.Node]*fakeState) bool {
	for n, s := range weights {
		w := n.Inputs[1].Data
		if s == nil || !s.observing || s.fused || s.learnable || s.fixed() || s.never() || w.Numel()%len(s.lo) != 0 {
			continue
		}
		least, most := extremesOf(w, len(s.lo))
		for c := range s.lo {
			if out := max(s.lo[c]-least[c], most[c]-s.hi[c]); out > 1e-4*max(-least[c], most[c]) {
				return true
			}
		}
	}
	return false
}

// keepExtremes reports whether the weights' ranges come from min-max observers and not from
// moving averages, which files do not say. Ranges of min-max observers enclose the weights,
// with some ends equal to a weight's own and others wider; moving averages of changing weights
// never look so.
func keepExtremes(weights map[*graph.Node]*fakeState) bool {
	own, wider := 0, 0
	for n, s := range weights {
		w := n.Inputs[1].Data
		if s == nil || s.fused || s.never() || w.Numel()%len(s.lo) != 0 {
			continue
		}
		least, most := extremesOf(w, len(s.lo))
		for c := range s.lo {
			rounding := 1e-6 * max(-least[c], most[c]) // training folds batch norms in another order
			for _, d := range []float32{least[c] - s.lo[c], s.hi[c] - most[c]} {
				switch {
				case d < -rounding:
					return false
				case d <= rounding:
					own++
				default:
					wider++
				}
			}
		}
	}
	return own > 0 && wider > 0
}

// extremesOf returns the smallest and largest elements of equal parts of w.
func extremesOf(w *tensor.Tensor, parts int) (least, most []float32) {
	row := w.Numel() / parts
	least, most = make([]float32, parts), make([]float32, parts)
	for c := range parts {
		least[c], most[c] = quant.MinMaxOf(w.Float32s()[c*row : (c+1)*row])
	}
	return least, most
}

// neverSeen is the initial state of observers.
func neverSeen(n int) (lo, hi []float32) {
	inf := float32(math.Inf(1))
	return slices.Repeat([]float32{inf}, n), slices.Repeat([]float32{-inf}, n)
}
