package pt2

import "testing"

// TestEveryOperatorHasASchema: without one its defaults are missing.
func TestEveryOperatorHasASchema(t *testing.T) {
	for target := range importers {
		if _, ok := schemas()[target]; !ok {
			t.Errorf("%s is read without the schema of PyTorch: python tools/pt2/schema.py", target)
		}
	}
	for target := range schemas() {
		if importers[target] == nil {
			t.Errorf("%s has a schema and is not read: python tools/pt2/schema.py", target)
		}
	}
}

func TestOperatorsInPlaceAreFunctional(t *testing.T) {
	for target, want := range map[string]string{"relu_.default": "relu.default", "__and__.Tensor": "__and__.Tensor", "_operator.add": "_operator.add", "fill_.Scalar": "fill.Scalar", "none": "none"} {
		if got, inPlace := functional(target); got != want || inPlace != (target != want) {
			t.Errorf("%s is %s in place %v; want %s", target, got, inPlace, want)
		}
	}
}

func TestSymbolsOfExpressions(t *testing.T) {
	for text, want := range map[string]string{
		"Symbol('s77', positive=True, integer=True)": "s77", "s0": "s0", "2*s0": "", "": "",
		"2*Symbol('s0', integer=True)": "", "Symbol('s0') + Symbol('s1')": "", "Symbol('s0": "",
	} {
		if got := symbol(text); got != want {
			t.Errorf("%q is the symbol %q; want %q", text, got, want)
		}
	}
}
