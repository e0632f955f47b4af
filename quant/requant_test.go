package quant

import (
	"testing"

	"github.com/octet-ml/octet/tensor"
)

type requantCase struct {
	Engine, Layer, Mode string
	Relu                bool
	PerChannel          bool `json:"per_channel"`
	Channels            int
	ScaleIn             string `json:"scale_in"`
	ZeroIn              int64  `json:"zero_in"`
	Scales              string
	ZeroW               int64  `json:"zero_w"`
	ScaleOut            string `json:"scale_out"`
	ZeroOut             int64  `json:"zero_out"`
	Bias                string
	Acc, Codes          string
}

// TestRequantGolden compares every rule, layer by layer, with PyTorch's outputs
// on accumulators that are known.
func TestRequantGolden(t *testing.T) {
	tallies := map[string]*tally{}
	cases := golden[requantCase](t, "requant.json")
	// Inputs on which a rule and a near miss of it differ.
	cases = append(cases, golden[requantCase](t, "details.json")...)
	for i, c := range cases {
		n, err := ParseNumerics(c.Engine)
		if err != nil {
			t.Fatal(err)
		}
		w := tensor.Affine(array[float64](t, c.Scales)[0], c.ZeroW)
		if c.PerChannel {
			w = tensor.PerAxis(array[float64](t, c.Scales), make([]int64, c.Channels), 0)
		}
		var bias []float32
		if c.Bias != "" {
			bias = array[float32](t, c.Bias)
		}
		act := NoActivation
		if c.Relu {
			act = ReLU
		}
		newRule := NewRequant
		if c.Layer == "linear" {
			newRule = NewLinearRequant
		}
		r, err := newRule(n, tensor.Affine(bits64(t, c.ScaleIn), c.ZeroIn), w, tensor.Affine(bits64(t, c.ScaleOut), c.ZeroOut), tensor.QUInt8, bias, act, c.Channels)
		if err != nil {
			t.Fatal(err)
		}
		name := c.Engine + " " + c.Layer + " " + c.Mode
		if tallies[name] == nil {
			tallies[name] = &tally{t: t, subject: name}
		}
		acc := array[int32](t, c.Acc)
		for j, want := range array[uint8](t, c.Codes) {
			got := r.Code(acc[j], j%c.Channels)
			tallies[name].check(got == int32(want), "case %d (bias %v per_channel %v relu %v): acc %d: %d, want %d", i, bias != nil, c.PerChannel, c.Relu, acc[j], got, want)
		}
	}
	for _, y := range tallies {
		y.done()
	}
}

func TestRequantMistakes(t *testing.T) {
	one := tensor.Affine(1, 0)
	if _, err := NewRequant(NumericsUnset, one, one, one, tensor.QUInt8, nil, NoActivation, 1); err == nil {
		t.Error("no error without numerics")
	}
	if _, err := NewRequant(FBGEMM, one, one, one, tensor.QUInt8, make([]float32, 2), NoActivation, 3); err == nil {
		t.Error("no error for a bias of the wrong length")
	}
	if _, err := NewLinearRequant(FBGEMM, one, tensor.PerAxis([]float64{1, 1}, []int64{0, 0}, 0), one, tensor.QUInt8, nil, NoActivation, 3); err == nil {
		t.Error("no error for too few scales")
	}
}
