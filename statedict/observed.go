package statedict

import (
	"slices"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/torch"
)

// IsObserved reports whether a state dict is that of a model prepared for
// post-training quantization: it has observers and no fake quantization.
func IsObserved(sd *torch.StateDict) bool {
	return !IsQuantized(sd) && !IsPrepared(sd) && slices.ContainsFunc(sd.Keys(), isRange)
}

// isRange reports whether a key belongs to a fake quantization or an observer.
func isRange(key string) bool {
	return strings.Contains(key, weightQuant+".") || strings.Contains(key, actQuant+".") || strings.HasPrefix(key, numberedObserver)
}

// bindObserved binds the float parameters of a model prepared for post-training
// quantization to the fused graph, and returns what is left of the state dict.
func bindObserved(fused *graph.Graph, sd *torch.StateDict) (*graph.Graph, *torch.StateDict, error) {
	float, ranges := &torch.StateDict{Source: sd.Source}, &torch.StateDict{Source: sd.Source}
	for _, k := range sd.Keys() {
		v, _ := sd.Entry(k)
		if isRange(k) {
			ranges.Set(k, v)
		} else {
			float.Set(k, v)
		}
	}
	bound, err := Bind(fused, float)
	return bound, ranges, err
}

// freshWeight is the observer that convert makes for a weight and runs on it once: files of
// post-training quantization hold none.
func freshWeight(path string, numerics quant.Numerics) *fakeState {
	s := &fakeState{path: path, eps: quant.DefaultEps, observing: true, extremes: true, channels: numerics != quant.QNNPACK}
	s.lo, s.hi = []float32{}, []float32{}
	return s
}
