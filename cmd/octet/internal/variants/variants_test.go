package variants

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/tensor"
)

func TestRecipesOfFlags(t *testing.T) {
	fbgemm := []octet.Backend{octet.FBGEMM}
	for _, c := range []struct {
		name string
		f    Options
		want string
	}{
		{"every backend", Options{QConfigs: []string{"default"}},
			"fbgemm default per-channel; fbgemm default per-tensor; qnnpack default per-channel; qnnpack default per-tensor; onednn default per-channel; onednn default per-tensor"},
		{"one granularity", Options{QConfigs: []string{"default", "histogram"}, Backends: fbgemm, PerTensor: true}, "fbgemm default per-tensor; fbgemm histogram per-tensor"},
		{"the other", Options{QConfigs: []string{"default"}, Backends: fbgemm, PerChannel: true}, "fbgemm default per-channel"},
		{"octet's own first", Options{QConfigs: []string{"default"}, Backends: fbgemm, PerChannel: true, Octets: true}, "fbgemm octet per-channel; fbgemm default per-channel"},
		{"octet's own is per channel", Options{QConfigs: []string{"default"}, Backends: fbgemm, PerTensor: true, Octets: true}, "fbgemm default per-tensor"},
		{"dynamic beside them", Options{QConfigs: []string{"default"}, Backends: fbgemm, PerTensor: true, Dynamic: true}, "fbgemm  per-tensor dynamic; fbgemm default per-tensor"},
		{"octet's own is fbgemm's", Options{QConfigs: []string{"default"}, Backends: []octet.Backend{octet.QNNPACK}, PerChannel: true, Octets: true}, "qnnpack default per-channel"},
	} {
		c.f.Exclude, c.f.Calibration = []string{"fc"}, []string{"photos"}
		var got []string
		for _, v := range c.f.recipes() {
			text := v.Backend + " " + v.QConfig + " " + v.Weights
			if v.Dynamic {
				text += " dynamic"
			}
			got = append(got, text)
			if !slices.Equal(v.Excluded, c.f.Exclude) {
				t.Errorf("%s: %s keeps %v in float", c.name, got[len(got)-1], v.Excluded)
			}
		}
		if text := strings.Join(got, "; "); text != c.want {
			t.Errorf("%s: %s, want %s", c.name, text, c.want)
		}
	}
}

// Without calibration data the only variants that are made are dynamic ones.
func TestDynamicRecipes(t *testing.T) {
	f := Options{QConfigs: []string{"default"}, Octets: true, Dynamic: true}
	if got := f.recipes(); len(got) != 1 || got[0].Name != "dynamic" || got[0].Backend != "" || !got[0].Dynamic {
		t.Errorf("%+v", got)
	}
	f.Backends = []octet.Backend{octet.ONNX, octet.QNNPACK}
	if got := f.recipes(); len(got) != 2 || got[1].Name != "dynamic qnnpack" || got[1].Backend != "qnnpack" {
		t.Errorf("%+v", got)
	}
	if f.Dynamic = false; len(f.recipes()) != 0 {
		t.Error("variants that nobody asked for")
	}
}

func TestGranularity(t *testing.T) {
	one := tensor.Affine(0.5, 0)
	each := tensor.PerAxis([]float64{0.5, 0.25}, []int64{0, 0}, 0)
	for want, params := range map[string][]*tensor.QParams{
		"": {nil}, report.PerTensor: {one, nil, one}, report.PerChannel: {nil, each}, report.Mixed: {one, each},
	} {
		g := graph.New("sample")
		for i, q := range params {
			g.Params = append(g.Params, &graph.Value{Name: string(rune('a' + i)), Role: graph.Parameter, Type: graph.Type{Q: q}})
		}
		if got := granularityOf(g); got != want {
			t.Errorf("%v: %q, want %q", params, got, want)
		}
	}
}

func newComparison() *Comparison {
	o := &Options{}
	o.Data.BatchSize = octet.DefaultBatchSize
	return &Comparison{Console: console.New(nil, io.Discard, io.Discard), Options: o}
}

func model(t *testing.T, classes int) *octet.Model {
	t.Helper()
	m, err := octet.New("fashion_resnet8", classes, 1, testseed.Of(t))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestVariantsHaveNamesOfTheirOwn(t *testing.T) {
	s, m := newComparison(), model(t, 4)
	for range 3 {
		if err := s.add(&Variant{Variant: report.Variant{Name: "a.pth"}, Model: m}); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []string{"a.pth", "a.pth (2)", "a.pth (3)"} {
		if v := s.Variants[i]; v.Name != want || v.Kind != report.Float || v.Bytes == 0 || v.Weights != "" {
			t.Errorf("variant %d is %+v, want the name %q", i, v.Variant, want)
		}
	}
	if err := s.add(&Variant{Variant: report.Variant{Name: "b.pth"}, Model: model(t, 5)}); exit.Code(err) != exit.Model || !strings.Contains(err.Error(), "5 classes") {
		t.Errorf("a model of other classes: %v", err)
	}
	for len(s.Variants) < maxVariants {
		if err := s.add(&Variant{Variant: report.Variant{Name: "a.pth"}, Model: m}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.add(&Variant{Variant: report.Variant{Name: "a.pth"}, Model: m}); exit.Code(err) != exit.Usage {
		t.Errorf("one too many: %v", err)
	}
}

func TestVariantsAreMadeOfAFloatModelOnly(t *testing.T) {
	s := newComparison()
	if err := s.Make(t.Context()); err != nil || len(s.Variants) > 0 {
		t.Errorf("without --calibration: %v", err)
	}
	s.Options.Calibration = []string{"photos"}
	s.Variants = []*Variant{{path: "int8.pth"}}
	if err := s.Make(t.Context()); exit.Code(err) != exit.Usage || !strings.Contains(err.Error(), "int8.pth") {
		t.Errorf("of an int8 model: %v", err)
	}
	s.Float = &Variant{}
	s.Options.QConfigs = []string{"a", "b", "c"} // by three backends, in two granularities
	if err := s.Make(t.Context()); exit.Code(err) != exit.Usage || !strings.Contains(err.Error(), "19 variants") {
		t.Errorf("too many: %v", err)
	}
}

func TestQuantizeCommand(t *testing.T) {
	s, m := newComparison(), model(t, 4)
	v := &Variant{Model: m, Variant: report.Variant{Made: true, Backend: "qnnpack", QConfig: "histogram", Weights: report.PerTensor, Excluded: []string{"conv1"}}}
	s.Float = &Variant{path: "my model.pth"}
	s.Options.Calibration, s.Options.CalibrationLimit, s.Options.Data.BatchSize = []string{"photos"}, 64, octet.DefaultBatchSize+1
	got := s.QuantizeCommand(v, []string{"layer1.*"})
	for _, part := range []string{
		"octet quantize 'my model.pth' --arch fashion_resnet8 --backend qnnpack --qconfig histogram --per-tensor --calibration photos --limit 64 --batch-size ",
		" --exclude conv1 --exclude 'layer1.*' --output INT8.pth",
	} {
		if !strings.Contains(got, part) {
			t.Errorf("%s\nlacks %s", got, part)
		}
	}
	s = newComparison()
	v = &Variant{path: "zoo:ResNet18_QuantizedWeights.IMAGENET1K_FBGEMM_V1", Model: m, Variant: report.Variant{Backend: "fbgemm", QConfig: octet.DefaultQConfig}}
	if got, want := s.QuantizeCommand(v, nil), "octet quantize zoo:ResNet18_Weights.IMAGENET1K_V1 --backend fbgemm --calibration DATA --output INT8.pth"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// Where no variant is the best, one that is run by other rules than its own is spoken of.
func TestAdviceIsAboutRulesThatAreNotItsOwn(t *testing.T) {
	s := newComparison()
	s.Variants = []*Variant{
		{Variant: report.Variant{Name: "reference"}},
		{Variant: report.Variant{Name: "own", Backend: "fbgemm", MadeFor: "fbgemm"}},
		{Variant: report.Variant{Name: "other", Backend: "qnnpack", MadeFor: "fbgemm"}},
	}
	s.Doc = &report.Comparison{Variants: []report.Variant{{}}}
	if v := s.advised(); v == nil || v.Name != "other" {
		t.Errorf("advice is about %+v", v)
	}
	s.Variants = s.Variants[:2]
	if v := s.advised(); v != nil {
		t.Errorf("advice is about %+v", v)
	}
}
