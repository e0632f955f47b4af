package quant

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// torchObserver is what the golden dump says about one side of a QConfig.
type torchObserver struct {
	Observer   string
	FakeQuant  string `json:"fake_quant"`
	DType      string
	QScheme    string
	Dynamic    bool
	Eps        uint32
	Codes      *[2]int64
	Reduce     bool     `json:"reduce_range"`
	Averaging  *float64 `json:"averaging_constant"`
	Axis, Bins *int
}

var torchNames = map[ObserverKind]string{
	MinMax: "MinMaxObserver", MovingAverageMinMax: "MovingAverageMinMaxObserver",
	PerChannelMinMax: "PerChannelMinMaxObserver", MovingAveragePerChannelMinMax: "MovingAveragePerChannelMinMaxObserver",
	Histogram: "HistogramObserver", Placeholder: "PlaceholderObserver", NoObserver: "Identity",
}

func TestQConfigsGolden(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range golden[struct {
		Name, Backend      string
		Activation, Weight torchObserver
	}](t, "qconfigs.json") {
		var backend Numerics
		if c.Backend != "" {
			var err error
			if backend, err = ParseNumerics(c.Backend); err != nil {
				t.Fatal(err)
			}
		}
		got, err := ParseQConfig(c.Name, backend)
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		seen[c.Name] = true
		compareSpec(t, c.Name+" "+c.Backend+" activation", got.Activation, c.Activation)
		compareSpec(t, c.Name+" "+c.Backend+" weight", got.Weight, c.Weight)
	}
	for _, p := range QConfigs() {
		if own := strings.HasPrefix(p.Description, "octet's own"); own == seen[p.Name] {
			t.Errorf("preset %s is PyTorch's and was not compared, or is not and was", p.Name)
		}
		if PyTorchQConfig(p.Name) != seen[p.Name] {
			t.Errorf("preset %s: PyTorchQConfig says %v", p.Name, PyTorchQConfig(p.Name))
		}
		if p.Description == "" {
			t.Errorf("preset %s has no description", p.Name)
		}
	}
}

func compareSpec(t *testing.T, what string, s ObserverSpec, want torchObserver) {
	t.Helper()
	if want.Observer == "NoopObserver" { // embeddings: activations stay in float
		want.Observer, want.DType, want.Eps = "PlaceholderObserver", "float32", math.Float32bits(DefaultEps)
		want.QScheme = "per_tensor_affine"
	}
	if torchNames[s.Kind] != want.Observer || string(s.FakeQuant) != want.FakeQuant {
		t.Errorf("%s: %s %q, want %s %q", what, s.Kind, s.FakeQuant, want.Observer, want.FakeQuant)
		return
	}
	if want.Observer == "Identity" {
		return
	}
	s = s.WithDefaults()
	if s.DType.String() != want.DType || s.QScheme.String() != want.QScheme || s.Dynamic != want.Dynamic || math.Float32bits(s.Eps) != want.Eps {
		t.Errorf("%s: %+v, want %+v", what, s, want)
	}
	if want.Averaging != nil && s.AveragingConstant != *want.Averaging {
		t.Errorf("%s: averaging constant %v, want %v", what, s.AveragingConstant, *want.Averaging)
	}
	if want.Axis != nil && s.Axis != *want.Axis || want.Bins != nil && s.Bins != *want.Bins || s.ReduceRange != want.Reduce {
		t.Errorf("%s: %+v, want %+v", what, s, want)
	}
	if want.Codes != nil {
		r, err := s.Codes()
		if err != nil || r.Min != want.Codes[0] || r.Max != want.Codes[1] {
			t.Errorf("%s: codes %+v, %v, want %v", what, r, err, *want.Codes)
		}
	}
}

func TestQConfigJSONRoundTrip(t *testing.T) {
	for _, p := range QConfigs() {
		for _, n := range []Numerics{FBGEMM, QNNPACK, OneDNN} {
			c, err := ParseQConfig(p.Name, n)
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.Marshal(c)
			if err != nil {
				t.Fatal(err)
			}
			var back QConfig
			if err := json.Unmarshal(text, &back); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if d := cmp.Diff(c, back); d != "" {
				t.Errorf("%s: %s", p.Name, d)
			}
		}
	}
}

func TestQConfigsAreCopies(t *testing.T) {
	for _, name := range []string{"default_qconfig", "torchvision", "default_dynamic"} {
		a, err := ParseQConfig(name, FBGEMM)
		if err != nil {
			t.Fatal(err)
		}
		*a.Activation.QuantMax = 3
		b, _ := ParseQConfig(name, FBGEMM)
		if *b.Activation.QuantMax == 3 {
			t.Errorf("%s: a change to one copy reached another", name)
		}
	}
}

func TestParseQConfigMistakes(t *testing.T) {
	if _, err := ParseQConfig("nonsense", FBGEMM); err == nil {
		t.Error("no error for an unknown name")
	}
	if _, err := DefaultQConfig(NumericsUnset); err == nil {
		t.Error("no error without a backend")
	}
	if c, err := ParseQConfig("default_qat_qconfig", NumericsUnset); err != nil || c.Activation.FakeQuant != PlainFakeQuant {
		t.Errorf("default_qat_qconfig: %v %v", c, err)
	}
}

func TestCodeRangeMistakes(t *testing.T) {
	p := func(v int) *int { return &v }
	for _, c := range []struct {
		name   string
		lo, hi *int
		reduce bool
	}{{"half", p(0), nil, false}, {"not around zero", p(1), p(9), false}, {"swapped", p(5), p(-5), false}, {"too wide", p(0), p(300), false}, {"wrong sign", p(-128), p(127), false}, {"vanishes", p(0), p(1), true}} {
		if r, err := NewCodeRange(parseDType(t, "quint8"), c.lo, c.hi, c.reduce); err == nil {
			t.Errorf("%s: %+v without error", c.name, r)
		} else {
			t.Logf("%s: %v", c.name, err)
		}
	}
	if _, err := NewCodeRange(parseDType(t, "uint8"), nil, nil, false); err == nil {
		t.Error("no error for a type without codes")
	}
}

func TestOwnQConfigsReplaceTheActivationObserver(t *testing.T) {
	for _, kind := range []ObserverKind{MinMax, Percentile, MSE} {
		for _, n := range []Numerics{FBGEMM, QNNPACK, OneDNN} {
			got, err := ParseQConfig(string(kind), n)
			if err != nil {
				t.Fatal(err)
			}
			want, err := DefaultQConfig(n)
			if err != nil {
				t.Fatal(err)
			}
			want.Activation.Kind = kind
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s, %v: %s", kind, n, d)
			}
		}
	}
}

func TestWithBits(t *testing.T) {
	for _, c := range []struct {
		config string
		n      Numerics
		bits   int
		lo, hi int64
	}{{"default_qat", QNNPACK, 8, -127, 127}, {"default_qat", FBGEMM, 6, -31, 31}, {"octet_qat", QNNPACK, 5, -15, 15}, {"default", QNNPACK, 2, -1, 1}} {
		q, err := ParseQConfig(c.config, c.n)
		if err != nil {
			t.Fatal(err)
		}
		spec, err := q.Weight.WithBits(c.bits)
		if err != nil {
			t.Fatal(err)
		}
		r, err := spec.Codes()
		if err != nil || r.Min != c.lo || r.Max != c.hi {
			t.Errorf("%s, %v, %d bits: %d..%d, %v; want %d..%d", c.config, c.n, c.bits, r.Min, r.Max, err, c.lo, c.hi)
		}
		if q.Weight.QuantMin == spec.QuantMin || spec.Kind != q.Weight.Kind || spec.QScheme != q.Weight.QScheme {
			t.Errorf("%s, %v: %v became %v", c.config, c.n, q.Weight, spec)
		}
	}
	p := func(v int) *int { return &v }
	symmetric := ObserverSpec{Kind: MinMax, DType: parseDType(t, "qint8"), QuantMin: p(-127), QuantMax: p(127)}
	unsigned := ObserverSpec{Kind: MinMax, DType: parseDType(t, "quint8"), ReduceRange: true}
	for _, c := range []struct {
		spec   ObserverSpec
		lo, hi int64
	}{{symmetric, -7, 7}, {unsigned, 0, 15}} {
		spec, err := c.spec.WithBits(4)
		if r, _ := spec.Codes(); err != nil || r.Min != c.lo || r.Max != c.hi {
			t.Errorf("%v with 4 bits: %v %v, want %d..%d", c.spec, spec, err, c.lo, c.hi)
		}
	}
	for _, bits := range []int{-1, 0, 1, 9} {
		if _, err := symmetric.WithBits(bits); err == nil {
			t.Errorf("%d bits without error", bits)
		}
	}
}

// The recipe for octet has the scales of PyTorch's onednn default, which takes all
// codes, whatever the backend.
func TestOctetQConfig(t *testing.T) {
	want, err := DefaultQConfig(OneDNN)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []Numerics{NumericsUnset, FBGEMM, QNNPACK, OneDNN} {
		got, err := ParseQConfig("Octet", n)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%v: %s", n, d)
		}
		if codes, err := got.Activation.Codes(); err != nil || codes.Min != 0 || codes.Max != 255 {
			t.Errorf("%v: %+v, %v", n, codes, err)
		}
	}
}
