package fakequant

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// stream is what PyTorch's module made of some batches.
type stream struct {
	Spec  quant.ObserverSpec `json:"spec"`
	Steps []struct {
		Observer  int       `json:"observer"`
		Fake      int       `json:"fake"`
		Min       []float32 `json:"min"`
		Max       []float32 `json:"max"`
		Scale     []float32 `json:"scale"`
		ZeroPoint []float32 `json:"zero_point"`
		MinVal    []float32 `json:"min_val"`
		MaxVal    []float32 `json:"max_val"`
	} `json:"steps"`
}

func TestGoldenStreams(t *testing.T) {
	text, err := os.ReadFile("testdata/streams.json")
	if err != nil {
		t.Fatal(err)
	}
	// JSON of Python has infinities for observers that have seen nothing.
	var streams []stream
	if err := json.Unmarshal([]byte(strings.ReplaceAll(string(text), "Infinity", "1e39")), &streams); err != nil {
		t.Fatal(err)
	}
	for i, s := range streams {
		m, err := New(s.Spec)
		if err != nil {
			t.Fatalf("stream %d: %v", i, err)
		}
		for j, step := range s.Steps {
			m.ObserverEnabled, m.Enabled = step.Observer != 0, step.Fake != 0
			if err := m.Update(step.Min, step.Max); err != nil {
				t.Fatalf("stream %d, step %d: %v", i, j, err)
			}
			lo, hi := m.Ranges()
			for _, c := range []struct {
				what      string
				got, want []float32
			}{{"scale", m.Scale, step.Scale}, {"zero point", m.ZeroPoint, step.ZeroPoint}, {"min_val", lo, step.MinVal}, {"max_val", hi, step.MaxVal}} {
				if !slices.Equal(c.got, c.want) {
					t.Errorf("stream %d (%v), step %d: %s is %v, PyTorch's %v", i, s.Spec, j, c.what, c.got, c.want)
				}
			}
		}
	}
	t.Logf("%d streams", len(streams))
}

func TestNewRefuses(t *testing.T) {
	codes := quant.ObserverSpec{Kind: quant.Histogram, DType: tensor.QUInt8, FakeQuant: quant.PlainFakeQuant}
	for want, spec := range map[string]quant.ObserverSpec{
		"without fake quantization":  {Kind: quant.MinMax, DType: tensor.QUInt8},
		"cannot be used in training": codes,
		"has no codes":               {Kind: quant.MinMax, DType: tensor.Float32, FakeQuant: quant.PlainFakeQuant},
	} {
		if _, err := New(spec); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
}

func TestFixedNeverChanges(t *testing.T) {
	m, err := New(quant.ObserverSpec{Kind: quant.FixedQParams, DType: tensor.QUInt8, Scale: 1.0 / 256})
	if err != nil {
		t.Fatal(err)
	}
	if m.Observing() || m.Update([]float32{-1}, []float32{5}) != nil || m.Scale[0] != 1.0/256 || m.ZeroPoint[0] != 0 {
		t.Errorf("fixed parameters became %v, %v", m.Scale, m.ZeroPoint)
	}
	if lo, hi := m.Codes(); lo != 0 || hi != 255 {
		t.Errorf("codes %v to %v", lo, hi)
	}
}

func TestInfiniteRangesAreAnError(t *testing.T) {
	m, err := New(quant.ObserverSpec{Kind: quant.MovingAverageMinMax, DType: tensor.QUInt8, FakeQuant: quant.PlainFakeQuant})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Update([]float32{0}, []float32{float32(math.Inf(1))}); err == nil || !strings.Contains(err.Error(), "NaN or infinite") {
		t.Errorf("error %v", err)
	}
}
