package op

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
)

// A list of functions is read as it was written; what is no list of functions is refused.
func TestComposedIsReadAsWritten(t *testing.T) {
	low := 0.25
	o := Composed{Functions: []Unary{SiLU{}, ScaleShift{Scale: 3, Shift: -1}, Clip{Lo: &low}, LeakyReLU{Slope: 0.2}}}
	attrs, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	back, err := Decode(o.Kind(), attrs)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []float32{-3, -0.5, 0, 0.25, 7} {
		if got := back.(Composed).Real(x); got != o.Real(x) {
			t.Errorf("%v of %v, not %v", got, x, o.Real(x))
		}
	}
	for attrs, want := range map[string]string{
		`{"functions":[{"op":"composed","attrs":{"functions":[]}},{"op":"silu"}]}`: "expected one list",
		`{"functions":[{"op":"add"},{"op":"silu"}]}`:                               "no function of one number",
		`{"functions":[{"op":"no such"},{"op":"silu"}]}`:                           "no operator",
		`{"functions":[{"op":"silu","attrs":{"slope":1}}]}`:                        "unknown field",
		`{"functions":[]} {}`: "more than one",
	} {
		if _, err := Decode("composed", []byte(attrs)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v; want one with %q", attrs, err, want)
		}
	}
	for _, o := range []Composed{{}, {Functions: []Unary{SiLU{}}}, {Functions: []Unary{SiLU{}, Composed{Functions: []Unary{SiLU{}, SiLU{}}}}}} {
		if _, err := o.Infer([]graph.Fact{{Type: graph.Float32}}); err == nil {
			t.Errorf("%d functions are accepted", len(o.Functions))
		}
	}
}
