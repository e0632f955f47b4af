package statedict

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/octet-ml/octet/tensor"
)

// fakeState is what a state dict holds of a fake quantization, or of an observer
// that stands in its place.
type fakeState struct {
	path string
	// lo and hi are the observed range: of each channel, where channels is set. Both
	// are nil where parameters are fixed.
	lo, hi   []float32
	channels bool
	eps      float32
	// histogram is that of a HistogramObserver, which decides more than its range.
	histogram []float32
	// scale and zero are the last that training fake-quantized with; nil for an observer.
	scale, zero []float32
	observing   bool // its observer is on
	extremes    bool // its observer keeps minimum and maximum, no moving average
	learnable   bool // scale and zero are parameters, which training may have changed
	fused       bool // PyTorch's fused kernel (observe and fake-quantize) made them
}

// fixed reports whether scale and zero do not follow from a range.
func (s *fakeState) fixed() bool { return s.lo == nil }

// never reports whether the observer saw no batch.
func (s *fakeState) never() bool {
	return len(s.lo) == 0 || math.IsInf(float64(s.lo[0]), 1) && math.IsInf(float64(s.hi[0]), -1)
}

// fake reads the fake quantization or the observer at a path. Where there is none, or it cannot
// be used, it records a Difference and returns nil. All keys below the path count as used.
func (b *binder) fake(path string) *fakeState {
	s := &fakeState{path: path}
	if b.useBelow(path) == 0 {
		b.differ(path+observerOf+".min_val", Missing, "the range that training observed", "")
		return nil
	}
	before := len(b.err.Differences)
	observer := path
	if _, ok := b.sd.Entry(path + ".fake_quant_enabled"); ok {
		observer += observerOf
		s.scale, s.zero = b.numbers(path+".scale"), b.numbers(path+".zero_point")
		s.switches(b)
	} else {
		s.observing, s.extremes = true, true
	}
	s.eps = b.epsilon(observer, s)
	if s.learnable = b.has(path + ".learning_enabled"); s.learnable {
		s.eps = b.epsilon(path, s)
	}
	if !b.has(observer+".min_val") && !b.has(observer+".max_val") && b.has(observer+".scale") {
		if s.scale == nil { // a bare observer of fixed parameters
			s.scale, s.zero = b.numbers(observer+".scale"), b.numbers(observer+".zero_point")
		}
	} else {
		s.ranges(b, observer)
	}
	if len(s.scale) != len(s.zero) {
		b.differ(path+".zero_point", WrongShape, fmt.Sprintf("%d values, as many as scales", len(s.scale)), fmt.Sprintf("%d values", len(s.zero)))
	}
	if len(b.err.Differences) > before {
		return nil
	}
	return s
}

// switches reads which parts are enabled, and what kind of module it is.
func (s *fakeState) switches(b *binder) {
	name := ".observer_enabled"
	if b.has(s.path + ".static_enabled") {
		name = ".static_enabled" // which learnable ones use instead
	}
	t, ok := b.sd.Tensor(s.path + name)
	if !ok || t.Numel() != 1 {
		b.differ(s.path+name, Missing, "an integer, 0 or 1", "")
		return
	}
	s.observing = slices.ContainsFunc(t.Bytes(), func(v byte) bool { return v != 0 })
	s.fused = t.DType() == tensor.Int64 // the others have bytes
}

// ranges reads the range of an observer.
func (s *fakeState) ranges(b *binder, observer string) {
	s.lo, s.hi = b.numbers(observer+".min_val"), b.numbers(observer+".max_val")
	if len(s.lo) != len(s.hi) && s.lo != nil && s.hi != nil {
		b.differ(observer+".max_val", WrongShape, fmt.Sprintf("%d values, as many as min_val has", len(s.lo)), fmt.Sprintf("%d values", len(s.hi)))
		return
	}
	if t, ok := b.sd.Tensor(observer + ".min_val"); ok {
		s.channels = len(t.Shape()) == 1
	}
	if b.has(observer + ".histogram") {
		s.histogram = b.numbers(observer + ".histogram")
		s.channels = false // it has one range; old files give it shape [1]
	}
	for c := range min(len(s.lo), len(s.hi)) {
		lo, hi := s.lo[c], s.hi[c]
		never := math.IsInf(float64(lo), 1) && math.IsInf(float64(hi), -1)
		if span := float64(hi) - float64(lo); !never && (math.IsNaN(span) || math.IsInf(span, 0)) {
			b.differ(observer+".min_val", BadValue, "", fmt.Sprintf("a range from %v to %v: training has diverged", lo, hi))
			return
		}
	}
}

// epsilon reads eps, the smallest scale that an observer gives.
func (b *binder) epsilon(observer string, s *fakeState) float32 {
	if !b.has(observer+".min_val") && !b.has(observer+".eps") {
		return 0 // of fixed parameters
	}
	e := b.numbers(observer + ".eps")
	if e != nil && (len(e) != 1 || !(e[0] > 0)) {
		b.differ(observer+".eps", BadValue, "one positive number", fmt.Sprint(e))
	}
	if len(e) == 0 {
		return 0
	}
	return e[0]
}

func (b *binder) has(key string) bool {
	_, ok := b.sd.Entry(key)
	return ok
}

// numbers reads a tensor of floats or integers as float32; nil, with a difference,
// when there is none. A tensor without elements gives an empty slice.
func (b *binder) numbers(key string) []float32 {
	const expected = "a number for each channel, or one"
	t, ok := b.sd.Tensor(key)
	if !ok {
		b.differ(key, Missing, expected, "")
		return nil
	}
	b.use(key)
	switch t.DType() {
	case tensor.Int32:
		return widened(t.Int32s())
	case tensor.Int64:
		return widened(t.Int64s())
	}
	f, err := t.ToFloat32()
	if err != nil {
		b.differ(key, WrongType, expected, t.String())
		return nil
	}
	return append([]float32{}, f.Float32s()...)
}

func widened[T int32 | int64](values []T) []float32 {
	out := make([]float32, len(values))
	for i, v := range values {
		out[i] = float32(v)
	}
	return out
}

// useBelow marks the keys below a path as known and counts them.
func (b *binder) useBelow(path string) int {
	n := 0
	for _, k := range b.sd.Keys() {
		if strings.HasPrefix(k, path+".") {
			b.use(k)
			n++
		}
	}
	return n
}
