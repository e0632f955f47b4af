package octet_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/tensor"
)

func TestNonFiniteValuesAreCounted(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		values []float32
		want   octet.NonFinite
		rows   []int
	}{
		{[]float32{0, 1, -1, math.MaxFloat32, 1e-45, 2}, octet.NonFinite{}, nil},
		{[]float32{nan, 1, 2, 3, 4, 5}, octet.NonFinite{Inputs: 1, NaN: 1}, []int{0}},
		{[]float32{0, 1, 2, inf, -inf, 5}, octet.NonFinite{Inputs: 2, Inf: 2}, []int{1, 2}},
		{[]float32{0, nan, inf, 3, 4, -nan}, octet.NonFinite{Inputs: 3, NaN: 2, Inf: 1}, []int{0, 1, 2}},
		{[]float32{nan, nan, inf, nan, nan, nan}, octet.NonFinite{Inputs: 3, NaN: 5, Inf: 1}, []int{0, 1, 2}},
	} {
		got, rows := octet.CountNonFinite(tensor.Of(c.values, 3, 2))
		if got != c.want || !slices.Equal(rows, c.rows) {
			t.Errorf("%v: %+v in %v", c.values, got, rows)
		}
	}
}

func TestSessionsRefuseNonFiniteInputsIfTold(t *testing.T) {
	float := open(t)
	int8, _, err := octet.Quantize(t.Context(), float, octet.FromTensor(noise(t, 4)))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []*octet.Model{float, int8} {
		strict, err := m.Compile(octet.WithFiniteInputs())
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			x := noise(t, 3)
			if _, err := strict.Run(t.Context(), x); err != nil {
				t.Error(err)
			}
			x.Float32s()[784+5] = float32(v)
			if _, err := strict.Run(t.Context(), x); !errors.Is(err, octet.ErrNonFinite) {
				t.Errorf("%v: %v", v, err)
			}
			run(t, m, x) // is computed without the option
		}
	}
}
