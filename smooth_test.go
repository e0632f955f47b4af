package octet_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

const (
	// smoothedFloats is what factors of weights change of a float model, relative to its largest output.
	smoothedFloats = 1e-5
	// smoothedGain is how many decibels outliers of a thirtieth of the channels are worth at least.
	smoothedGain = 3
)

// outlying is a block of a transformer without attention: channels behind its norm, and behind a
// product with a constant vector, have ranges far apart.
func outlying(t *testing.T) (*octet.Model, octet.Samples) {
	t.Helper()
	normal := normal(t)
	const width = 64
	gain := normal(width)
	for i := range gain.Float32s() {
		gain.Float32s()[i] = 1 + gain.Float32s()[i]/10
		if i%30 == 7 {
			gain.Float32s()[i] *= 60
		}
	}
	g := graph.New("block")
	x := g.AddInput("x", graph.Float32)
	norm := g.AddNode("norm", op.LayerNorm{Axis: -1, Eps: 1e-5}, x, g.AddConst("gamma", gain), g.AddConst("beta", normal(width)))
	small := func(name string, out, in int) *graph.Value {
		w := normal(out, in)
		for i := range w.Float32s() {
			w.Float32s()[i] /= 8
			if gain.Float32s()[i%in%width] > 30 {
				w.Float32s()[i] /= 60
			}
		}
		return g.AddConst(name, w)
	}
	a := g.AddNode("a", op.Linear{}, norm, small("wa", width, width), g.AddConst("ba", normal(width)))
	sum := g.AddNode("sum", op.Add{}, g.AddNode("relu", op.Clamp{Act: quant.ReLU}, a), norm) // the norm is also read by a residual addition
	turned := g.AddNode("turned", op.Transpose{Perm: []int{1, 0, 2}}, g.AddNode("second", op.LayerNorm{Axis: -1, Eps: 1e-5}, x, g.AddConst("gamma2", gain)))
	back := g.AddNode("back", op.Transpose{Perm: []int{1, 0, 2}}, g.AddNode("t", op.Linear{}, turned, small("wt", 6, width)))
	scaled := g.AddNode("scaled", op.Mul{}, g.AddNode("tanh", op.Tanh{}, sum), g.AddConst("gain", gain))
	b := g.AddNode("b", op.Linear{}, scaled, small("wb", 9, width))
	g.Outputs = []*graph.Value{g.AddNode("both", op.Cat{Axis: 2}, b, back)}
	m := openGraph(t, g, []int{0, 5, width})
	data := normal(12, 5, width)
	samples, _, err := octet.SamplesOf(m, map[string]*tensor.Tensor{"x": data})
	if err != nil {
		t.Fatal(err)
	}
	return m, samples
}

// A smoothed model computes the same function, and its int8 model is closer to it.
func TestSmooth(t *testing.T) {
	m, samples := outlying(t)
	x := normal(t)(20, 5, 64)
	want := runOf(t, m, x)
	smooth, did, err := octet.Smooth(context.Background(), m, samples, 0.5, octet.WithThreads(2))
	if err != nil {
		t.Fatal(err)
	}
	if *did != (octet.Smoothed{Alpha: 0.5, Norms: 3, Layers: 3}) {
		t.Errorf("%+v", did)
	}
	if d := apart(runOf(t, smooth, x), want); d > smoothedFloats {
		t.Errorf("the float function changes by %v", d)
	}
	closeness := func(of *octet.Model) float64 {
		int8, _, err := octet.QuantizeNamed(context.Background(), of, samples)
		if err != nil {
			t.Fatal(err)
		}
		if s := int8.Metadata().Calibration.Smoothed; (s == nil) != (of == m) {
			t.Errorf("the recipe says %+v", s)
		}
		return 10 * math.Log10(1/relative(want.Float32s(), runOf(t, int8, x).Float32s()))
	}
	if plain, smoothed := closeness(m), closeness(smooth); !(smoothed > plain+smoothedGain) {
		t.Errorf("%v dB with --smooth, %v without", smoothed, plain)
	}
	again, _, err := octet.Smooth(context.Background(), m, reversed(samples), 0.5, octet.WithThreads(1))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(runOf(t, again, x).Float32s(), runOf(t, smooth, x).Float32s()) {
		t.Error("the order of samples changes the result")
	}
	// Statistics are of the smoothed model.
	c, err := octet.CalibrateNamed(context.Background(), smooth, samples)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := octet.Convert(again, c); err != nil {
		t.Error(err)
	}
	if _, _, err := octet.Convert(m, c); !errors.Is(err, octet.ErrStatistics) {
		t.Errorf("statistics of another model: %v", err)
	}
}

// relative is the power of a difference relative to that of a signal.
func relative(want, got []float32) float64 {
	r := relativeError(want, got)
	return r * r
}

func reversed(samples octet.Samples) octet.Samples {
	var all []map[string]*tensor.Tensor
	for named := range samples {
		all = append([]map[string]*tensor.Tensor{named}, all...)
	}
	return func(yield func(map[string]*tensor.Tensor, error) bool) {
		for _, named := range all {
			if !yield(named, nil) {
				return
			}
		}
	}
}

func TestSmoothRefuses(t *testing.T) {
	m, samples := outlying(t)
	int8, _, err := octet.QuantizeNamed(context.Background(), m, samples)
	if err != nil {
		t.Fatal(err)
	}
	broken := normal(t)(1, 5, 64)
	broken.Float32s()[3] = float32(math.Inf(1))
	infinite, _, err := octet.SamplesOf(m, map[string]*tensor.Tensor{"x": broken})
	if err != nil {
		t.Fatal(err)
	}
	none := func(func(map[string]*tensor.Tensor, error) bool) {}
	g := graph.New("plain")
	g.Outputs = []*graph.Value{g.AddNode("relu", op.Clamp{Act: quant.ReLU}, g.AddInput("x", graph.Float32))}
	for _, c := range []struct {
		of      *octet.Model
		samples octet.Samples
		alpha   float64
		class   error
		want    string
	}{
		{m, samples, -0.1, octet.ErrRecipe, "a share from 0 to 1"},
		{m, samples, math.NaN(), octet.ErrRecipe, "a share from 0 to 1"},
		{int8, samples, 0.5, octet.ErrRecipe, "smooth the float model"},
		{openGraph(t, g, []int{0, 4}), samples, 0.5, octet.ErrRecipe, "there is nothing to smooth"},
		{m, nil, 0.5, octet.ErrCalibration, "needs calibration data"},
		{m, none, 0.5, octet.ErrCalibration, "no calibration data"},
		{m, infinite, 0.5, octet.ErrCalibration, "finite"},
	} {
		_, _, err := octet.Smooth(context.Background(), c.of, c.samples, c.alpha)
		if err == nil || !errors.Is(err, c.class) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}
