package latebound

import (
	"maps"
	"slices"
	"testing"

	"github.com/octet-ml/octet/tensor"
)

// Each attempt binds more than the one before; attempts that bind nothing more are left out.
func TestMore(t *testing.T) {
	whole := tensor.Of([]int64{2, 3}, 2)
	for name, c := range map[string]struct {
		in   Inputs
		want []string // names of constants, and of fixed sizes, of each attempt
	}{
		"all kinds": {
			Inputs{map[string]*tensor.Tensor{"size": whole, "x": tensor.New(tensor.Float32, 1, 3), "factor": tensor.Of([]float32{2})}, map[string]tensor.Shape{"ids": {4}}},
			[]string{"size|", "size|factor ids x", "factor size|ids x"},
		},
		"many whole numbers": {Inputs{Data: map[string]*tensor.Tensor{"ids": tensor.New(tensor.Int64, maxWhole+1)}}, []string{"|ids"}},
		"floats alone":       {Inputs{Data: map[string]*tensor.Tensor{"x": tensor.New(tensor.Float32, 2, 2)}}, []string{"|x"}},
		"differing alone":    {Inputs{Varying: map[string]tensor.Shape{"ids": {4}}}, []string{"|ids"}},
		"whole numbers":      {Inputs{Data: map[string]*tensor.Tensor{"size": whole}}, []string{"size|"}},
		"nothing":            {},
	} {
		var b Binding
		for _, want := range c.want {
			if !b.More(c.in) {
				t.Fatalf("%s: there is nothing more; expected %s", name, want)
			}
			if got := list(b.Constants) + "|" + list(b.Shapes); got != want {
				t.Errorf("%s: %s is bound; expected %s", name, got, want)
			}
		}
		if b.More(c.in) {
			t.Errorf("%s: %v is more", name, b)
		}
	}
}

func list[V any](m map[string]V) string {
	text := ""
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if text != "" {
			text += " "
		}
		text += name
	}
	return text
}
