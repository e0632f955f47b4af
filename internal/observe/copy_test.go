package observe

import (
	"bytes"
	"testing"

	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

func TestCopyHasSeenTheSame(t *testing.T) {
	for _, k := range Kinds() {
		o := open(t, specOf(k.Name))
		observe(t, o, []float32{-1, 0.5, 3, 2})
		before := stateOf(t, o)
		spec := specOf(k.Name)
		spec.ReduceRange = true
		c, err := Copy(o, spec)
		if err != nil {
			t.Fatalf("%s: %v", k.Name, err)
		}
		if c.Spec().ReduceRange != true || !bytes.Equal(stateOf(t, c), before) {
			t.Errorf("%s: %s was copied as %s", k.Name, before, stateOf(t, c))
		}
		observe(t, c, []float32{-7, 0.25, 9, 1})
		observe(t, c, []float32{-70, 0.25, 9, 1})
		if !bytes.Equal(stateOf(t, o), before) {
			t.Errorf("%s: showing more to the copy changed the original", k.Name)
		}
	}
}

func TestCopyKeepsStrictness(t *testing.T) {
	o, err := NewStrict(specOf(quant.MinMax))
	if err != nil {
		t.Fatal(err)
	}
	c, err := Copy(o, specOf(quant.MinMax))
	if err != nil {
		t.Fatal(err)
	}
	var zero float32
	if err := c.Observe([]float32{1 / zero}, tensor.Shape{1}); err == nil {
		t.Error("infinity is accepted")
	}
}

func TestCopyRefusesOtherStatistics(t *testing.T) {
	other := specOf(quant.Histogram)
	other.Bins = 32
	for name, spec := range map[string]quant.ObserverSpec{"other kind": specOf(quant.MinMax), "other bins": other} {
		if _, err := Copy(open(t, specOf(quant.Histogram)), spec); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func stateOf(t *testing.T, o Observer) []byte {
	t.Helper()
	text, err := o.State()
	if err != nil {
		t.Fatal(err)
	}
	return text
}
