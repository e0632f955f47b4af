package compare_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/octet-ml/octet/internal/compare"
)

func TestDecibelsOfAKnownError(t *testing.T) {
	for n := 1; n < 12; n++ { // around the four sums
		x, y := make([]float32, n), make([]float32, n)
		for i := range x {
			x[i], y[i] = 2, 2.25 // an eighth of the signal
		}
		var noise compare.Noise
		noise.Add(x[:n/2], y[:n/2])
		noise.Add(x[n/2:], y[n/2:])
		near(t, "the ratio", float64(noise.Decibels()), 20*math.Log10(8), stepsBound)
		near(t, "the signal", noise.Signal, 4*float64(n), 0)
	}
}

func TestDecibelsWithoutNoiseOrSignal(t *testing.T) {
	for _, c := range []struct {
		signal, noise float64
		text, json    string
	}{
		{4, 0, "exact", "null"},
		{0, 0, "exact", "null"},
		{0, 1, "no signal", "null"},
		{100, 1, "20.0 dB", "20"},
		{1, 3, "-4.8 dB", "-4.771"},
	} {
		d := compare.Noise{Signal: c.signal, Noise: c.noise}.Decibels()
		b, err := json.Marshal(d)
		if err != nil || d.String() != c.text || string(b) != c.json || d.Known() != (c.json != "null") {
			t.Errorf("%+v: %v, %s, %v", c, d, b, err)
		}
	}
	var back struct{ A, B compare.Decibels }
	if err := json.Unmarshal([]byte(`{"A": null, "B": -4.771}`), &back); err != nil || !math.IsInf(float64(back.A), 1) || back.B != -4.771 {
		t.Errorf("%+v, %v", back, err)
	}
	if err := json.Unmarshal([]byte(`"many"`), &back.A); err == nil {
		t.Error("text is taken for a ratio")
	}
}
