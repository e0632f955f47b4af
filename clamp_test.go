package octet_test

import (
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/tensor"
)

// exploding is a mobilenet_v2 that only its ReLU6 keep together: the gains of its
// batch norms multiply from layer to layer.
func exploding(t *testing.T, gain float32) *octet.Model {
	t.Helper()
	m, err := octet.New("mobilenet_v2", 4, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range stateOf(t, m).Keys() {
		if x, ok := stateOf(t, m).Tensor(key); ok && strings.HasSuffix(key, ".1.weight") && len(x.Shape()) == 1 {
			for i := range x.Float32s() {
				x.Float32s()[i] = gain
			}
		}
	}
	path := filepath.Join(t.TempDir(), "exploding.pth")
	if err := m.Save(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if m, err = octet.Open(path); err != nil {
		t.Fatal(err)
	}
	return m
}

// colours is n inputs of 3 x 32 x 32.
func colours(n int) *tensor.Tensor {
	x := tensor.New(tensor.Float32, n, 3, 32, 32)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32((i*7919+i/1024*31)%1000)/300 - 1.6
	}
	return x
}

func largest(values []float32) (most float64) {
	for _, v := range values {
		most = max(most, math.Abs(float64(v)))
	}
	return most
}

func TestReLUInPlaceOfReLU6IsMeasured(t *testing.T) {
	slow(t, "runs mobilenet_v2 ten times")
	x := colours(4)
	for _, gain := range []float32{0.2, 1, 2, 4, 8} {
		m := exploding(t, gain)
		e, err := m.ClampEffect(t.Context(), octet.FromTensor(x))
		if err != nil {
			t.Fatal(err)
		}
		relu, err := m.Quantizable()
		if err != nil {
			t.Fatal(err)
		}
		same := slices.Equal(run(t, m, x), run(t, relu, x))
		if e.Inputs != 4 || (e.SQNR == nil) != same || e.Largest != largest(run(t, m, x)) || e.LargestReLU != largest(run(t, relu, x)) {
			t.Errorf("gain %v: %+v, same %v", gain, e, same)
		}
		if e.Harmful() != (gain >= 1) {
			t.Errorf("gain %v is harmful: %v; %v", gain, e.Harmful(), e)
		}
	}
	if e, err := open(t).ClampEffect(t.Context(), octet.FromTensor(noise(t, 2))); e != nil || err != nil {
		t.Errorf("a model without ReLU6: %v, %v", e, err)
	}
}

func TestQuantizeWarnsWhereReLU6IsNeeded(t *testing.T) {
	slow(t, "calibrates mobilenet_v2 three times")
	x := colours(4)
	m := exploding(t, 4)
	var seen *octet.Calibration
	for range 2 { // calibrated, and from statistics
		var report *ptq.Report
		var err error
		_, seen, report, err = inStages(t.Context(), m, octet.FromTensor(x), octet.WithQConfig("minmax"), octet.WithResume(seen))
		if err != nil {
			t.Fatal(err)
		}
		if e := report.ReLU6; e == nil || e.Inputs != 4 || !e.Harmful() || !slices.ContainsFunc(report.Warnings, func(w string) bool {
			return strings.Contains(w, "ReLU in place of ReLU6") && strings.Contains(w, "relative error") && strings.Contains(w, "top-1 agrees on") && strings.Contains(w, "WithReLU6Ranges")
		}) {
			t.Errorf("%+v, warnings %q", e, report.Warnings)
		}
	}
	_, report, err := octet.Quantize(t.Context(), exploding(t, 0.2), octet.FromTensor(x), octet.WithQConfig("minmax"))
	if err != nil || report.ReLU6 == nil || slices.ContainsFunc(report.Warnings, func(w string) bool { return strings.Contains(w, "ReLU6") }) {
		t.Errorf("a harmless one: %v, %q", err, report.Warnings)
	}
	if _, _, err = octet.Quantize(t.Context(), exploding(t, 16), octet.FromTensor(x)); !errors.Is(err, octet.ErrCalibration) || !strings.Contains(err.Error(), "ReLU in place of ReLU6") {
		t.Errorf("a network that cannot be calibrated: %v", err)
	}
}

func TestRangesOfReLU6KeepANetworkTogether(t *testing.T) {
	slow(t, "quantizes mobilenet_v2 five times")
	x := colours(4)
	for _, gain := range []float32{1, 2, 4, 8, 16} {
		m := exploding(t, gain)
		int8, report, err := octet.Quantize(t.Context(), m, octet.FromTensor(x), octet.WithReLU6Ranges(), octet.WithBackend("qnnpack"), octet.WithQConfig("minmax"))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := largest(run(t, int8, x)), largest(run(t, m, x)); got > 3*want || got == 0 {
			t.Errorf("gain %v: largest logit %v, with ReLU6 %v", gain, got, want)
		}
		if report.ReLU6 == nil || !int8.Metadata().Calibration.ReLU6Ranges {
			t.Errorf("gain %v: not recorded: %+v", gain, report.ReLU6)
		}
		for _, n := range report.Nodes {
			if n.Activation != nil && strings.HasPrefix(n.Name, "features.18") && n.Activation.Max > 6 {
				t.Errorf("%s ranges to %v", n.Name, n.Activation.Max)
			}
		}
	}
}
