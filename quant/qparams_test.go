package quant

import (
	"math"
	"testing"
)

type qparamsCase struct {
	Min, Max uint32
	Scheme   string
	DType    string
	QuantMin *int `json:"quant_min"`
	QuantMax *int `json:"quant_max"`
	Reduce   bool
	Eps      uint32
	Codes    [2]int64
	Scale    uint32
	Zero     int64 // the bits of a float32 for float zero points
	Error    bool
}

func TestCalculateQParamsGolden(t *testing.T) {
	sum := tally{t: t, subject: "calculate_qparams"}
	defer sum.done()
	for i, c := range golden[qparamsCase](t, "qparams.json") {
		scheme, err := ParseQScheme(c.Scheme)
		if err != nil {
			t.Fatal(err)
		}
		dtype := parseDType(t, c.DType)
		r, err := NewCodeRange(dtype, c.QuantMin, c.QuantMax, c.Reduce)
		if err != nil {
			t.Fatalf("case %d: %v", i, err)
		}
		sum.check(r.Min == c.Codes[0] && r.Max == c.Codes[1], "case %d: codes %v, want %v", i, r, c.Codes)
		lo, hi := math.Float32frombits(c.Min), math.Float32frombits(c.Max)
		eps := math.Float32frombits(c.Eps)
		var scale float64
		var zero int64
		if scheme == PerChannelAffineFloatQParams {
			var z float32
			scale, z, err = FloatQParams(lo, hi, r, eps)
			zero = int64(math.Float32bits(z))
			if same(z, math.Float32frombits(uint32(c.Zero))) {
				zero = c.Zero // NaN has many bits
			}
		} else {
			scale, zero, err = CalculateQParams(lo, hi, scheme, dtype, r, eps)
		}
		if c.Error || err != nil {
			sum.check(c.Error == (err != nil), "case %d: error %v, want one: %v", i, err, c.Error)
			continue
		}
		want := math.Float32frombits(c.Scale)
		sum.check(same(float32(scale), want) && zero == c.Zero,
			"case %d %+v: scale %g zero %d, want %g %d", i, c, scale, zero, want, c.Zero)
	}
}

type chooseCase struct {
	Rule           string
	Min, Max       uint32
	Codes          [2]int
	Reduce, Sparse bool
	Scale          string
	Zero           int64
}

func TestChooseQParamsGolden(t *testing.T) {
	sum := tally{t: t, subject: "ChooseQuantizationParams"}
	defer sum.done()
	for i, c := range golden[chooseCase](t, "choose.json") {
		rule := ChooseQParamsDynamic
		if c.Rule == "fused" {
			rule = ChooseQParamsFused
		}
		lo, hi := math.Float32frombits(c.Min), math.Float32frombits(c.Max)
		scale, zero := rule(lo, hi, c.Codes[0], c.Codes[1], ChooseOptions{PreserveSparsity: c.Sparse, ReduceRange: c.Reduce})
		want := bits64(t, c.Scale)
		sum.check(scale == want && zero == c.Zero, "case %d %+v (%g, %g): scale %v zero %d, want %v %d", i, c, lo, hi, scale, zero, want, c.Zero)
	}
}
