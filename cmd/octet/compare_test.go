package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/cmd/octet/internal/console"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/torch"
)

// compared runs `octet compare` and reads its document, which has no other fields
// than package report knows.
func compared(t *testing.T, args ...string) (*report.Comparison, result) {
	t.Helper()
	r := octetCommand(t, append([]string{"compare", "--json", "--duration", "1ms"}, args...)...).must(t)
	var doc report.Comparison
	d := json.NewDecoder(strings.NewReader(r.out))
	d.DisallowUnknownFields()
	if err := d.Decode(&doc); err != nil {
		t.Fatalf("%v\n%s", err, r.out)
	}
	return &doc, r
}

func variantNames(c *report.Comparison) []string {
	var names []string
	for _, v := range c.Variants {
		names = append(names, v.Name)
	}
	return names
}

func TestCompareMakesVariants(t *testing.T) {
	slow(t, "measures every recipe")
	folder, model, calibration, test := demoFolder(t)
	html, markdown := filepath.Join(folder, "report.html"), filepath.Join(folder, "report.md")
	c, r := compared(t, model, "--calibration", calibration, "--calibration-limit", "32", "--eval", test, "--limit", "100", "--layer-inputs", "4", "--html", html, "--markdown", markdown)
	names := variantNames(c)
	want := []string{"fashion_resnet8.pth", "fbgemm per-channel octet", "fbgemm per-channel", "fbgemm per-tensor", "qnnpack per-channel", "qnnpack per-tensor", "onednn per-channel", "onednn per-tensor"}
	if !slices.Equal(names[:min(8, len(names))], want) {
		t.Fatalf("variants %q", names)
	}
	holds(t, fmt.Sprintf("%+v, %+v", c.Inputs, c.Calibration), map[string]bool{
		"version 1": c.Version == 1, "the architecture": c.Arch == "fashion_resnet8", "10 labels": len(c.Labels) == 10,
		"labelled inputs": c.Inputs.Kind == report.Labelled, "100 of them": c.Inputs.Count == 100, "4 for layers": c.Inputs.Layers == 4,
		"32 to calibrate on": c.Calibration.Samples == 32,
	})
	for i, v := range c.Variants {
		a := v.Outputs.Accuracy
		if a == nil || a.Top1Percent != float64(a.Top1) || a.Top1 < 75 || len(a.Confusion) != 10 {
			t.Errorf("%s: accuracy %+v", v.Name, a)
		}
		if v.Latency.Runs < 10 || v.Latency.P50 <= 0 {
			t.Errorf("%s: latency %+v", v.Name, v.Latency)
		}
		if i == 0 {
			continue
		}
		holds(t, fmt.Sprintf("%s: %+v, %d layers, size %g", v.Name, v.Outputs, len(v.Layers), v.SizeRatio), map[string]bool{
			"15 dB": v.Outputs.SQNR >= 15, "agreement": v.Outputs.Agreement >= 90, "a small file": v.SizeRatio <= 0.4,
			"18 layers, timed": len(v.Layers) == 18 && v.Layers[1].Time != nil, "its own rules": v.Backend == v.MadeFor, "made here": v.Made,
		})
	}
	if len(c.Weights) != 10 || len(c.Weights[0].Forms) != len(names)-1 || len(c.Activations) < 14 || len(c.Activations[0].Forms) != len(names)-1 {
		t.Errorf("%d weights, %d activations", len(c.Weights), len(c.Activations))
	}
	if a := c.Advice; a == nil || len(a.Guilty) != 6 || len(a.Steps) == 0 || len(a.Exclusions.Trials) < 6 || !strings.HasPrefix(a.Commands[0], "octet quantize "+model) {
		t.Errorf("advice %+v", a)
	}
	if n := strings.Count(r.errOut, "calibrate: 32/32"); n != 1 && len(names) == 8 {
		t.Errorf("calibrated %d times for seven variants:\n%s", n, r.errOut)
	}
	for file, part := range map[string]string{html: "<h2>Side by side</h2>", markdown: "| fbgemm per-channel"} {
		if b, err := os.ReadFile(file); err != nil || !strings.Contains(string(b), part) {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// What compare says of a variant is what eval says of its file.
func TestCompareAgreesWithEval(t *testing.T) {
	slow(t, "quantizes, compares and evaluates")
	folder, model, calibration, test := demoFolder(t)
	keep := filepath.Join(folder, "kept")
	c, _ := compared(t, model, "--calibration", calibration, "--backend", "qnnpack", "--per-tensor", "--qconfig", "torchvision,mse", "--exclude", "fc", "--calibration-limit", "32",
		"--eval", test, "--limit", "100", "--keep", keep)
	for _, name := range []string{"qnnpack per-tensor torchvision", "qnnpack per-tensor mse"} {
		v := c.Variant(name)
		if v == nil {
			t.Fatalf("variants %q", variantNames(c))
		}
		var e evalOutput
		octetCommand(t, "eval", v.File, test, "--limit", "100", "--json").must(t).decode(t, &e)
		if e.Top1 != v.Outputs.Accuracy.Top1 || e.Top5 != v.Outputs.Accuracy.Top5 || v.Bytes != console.FileSize(v.File) || !slices.Equal(v.FloatNodes, []string{"fc"}) || v.Weights != report.PerTensor {
			t.Errorf("%+v; eval counts %d and %d", v, e.Top1, e.Top5)
		}
	}
}

func TestCompareFiles(t *testing.T) {
	folder, int8, test := quantized(t)
	float := filepath.Join(folder, demoModel)
	c, r := compared(t, int8, float, "--backend", "qnnpack,fbgemm", "--inputs", test, "--limit", "50")
	if names := variantNames(c); !slices.Equal(names, []string{"fashion_resnet8.pth", "int8.pth", "int8.pth by qnnpack's rules"}) {
		t.Fatalf("variants %q", names)
	}
	own, other := c.Variants[1], c.Variants[2]
	if own.Backend != "fbgemm" || own.MadeFor != "fbgemm" || own.QConfig != "torchvision" {
		t.Errorf("as it was made: %+v", own)
	}
	if other.Backend != "qnnpack" || other.MadeFor != "fbgemm" {
		t.Errorf("with another backend: %+v", other)
	}
	if own.Outputs.Accuracy != nil {
		t.Errorf("an accuracy without labels: %+v", own.Outputs.Accuracy)
	}
	if a := c.Advice; a.Variant != "int8.pth" || a.Exclusions == nil || !strings.Contains(a.Commands[0], "--qconfig torchvision") {
		t.Errorf("%+v", a)
	}
	if strings.Contains(r.errOut, "as told") {
		t.Errorf("warns of what was asked for:\n%s", r.errOut)
	}
}

// Another backend's rules are compared with the file's own.
func TestCompareRules(t *testing.T) {
	_, int8, test := quantized(t)
	c, _ := compared(t, int8, "--backend", "qnnpack", "--inputs", test, "--limit", "50")
	v := c.Variants[1]
	holds(t, fmt.Sprintf("%+v", v), map[string]bool{
		"two variants": len(c.Variants) == 2, "an int8 reference": c.Reference().Kind == report.Int8, "qnnpack's rules": v.Backend == "qnnpack",
		"made for fbgemm": v.MadeFor == "fbgemm", "some equal logits": v.Outputs.Equal >= 1 && v.Outputs.Equal <= 99, "20 dB": v.Outputs.SQNR >= 20,
	})
	if c.Advice.Variant != v.Name || !strings.Contains(c.Advice.Commands[0], "--backend qnnpack") || !strings.Contains(c.Advice.Steps[0], "for qnnpack") || c.Activations != nil {
		t.Errorf("%+v", c.Advice)
	}
	if !slices.ContainsFunc(c.Findings, func(f string) bool { return strings.HasPrefix(f, "By the rules of qnnpack") }) {
		t.Errorf("%q", c.Findings)
	}
	// A file that does not say what it was made for.
	bare := changed(t, int8, func(sd *torch.StateDict) { sd.Extra = nil })
	c, _ = compared(t, bare, "--backend", "qnnpack", "--limit", "4")
	if v := c.Variants[1]; v.MadeFor != "fbgemm" || v.Backend != "qnnpack" || c.Inputs.Kind != report.Random || c.Inputs.Count != 4 {
		t.Errorf("%+v, %+v", v, c.Inputs)
	}
}

func TestCompareLeavesOut(t *testing.T) {
	folder, int8, test := quantized(t)
	r := octetCommand(t, "compare", filepath.Join(folder, demoModel), int8, "--inputs", test, "--limit", "8", "--layer-inputs", "0", "--duration", "0s", "--json").must(t)
	var c report.Comparison
	r.decode(t, &c)
	if c.Variants[1].Latency != nil || c.Variants[1].Layers != nil || c.Advice != nil || c.Activations != nil {
		t.Errorf("what was not asked for was measured: %+v", c.Variants[1])
	}
	if len(c.Weights) != 10 || c.Inputs.Layers != 0 {
		t.Errorf("%d weights, layers on %d inputs", len(c.Weights), c.Inputs.Layers)
	}
	text := octetCommand(t, "compare", filepath.Join(folder, demoModel), int8, "--inputs", test, "--limit", "8", "--layer-inputs", "2", "--duration", "0s", "--quiet").must(t)
	if text.errOut != "" || !strings.Contains(text.out, "layers of int8.pth that add most noise") || strings.Contains(text.out, " time ") {
		t.Errorf("stdout:\n%s\nstderr:\n%s", text.out, text.errOut)
	}
}

func TestCompareProposes(t *testing.T) {
	_, model, calibration, test := demoFolder(t)
	// A layer with one weight far above the others loses all of them.
	broken := changed(t, model, func(sd *torch.StateDict) {
		v, _ := sd.Entry("layer2.0.conv1.weight")
		v.(*torch.Tensor).Data.Float32s()[0] = 40
	})
	c, _ := compared(t, broken, "--calibration", calibration, "--calibration-limit", "32", "--backend", "fbgemm", "--per-tensor", "--eval", test, "--limit", "100")
	last := c.Variants[len(c.Variants)-1]
	if p := c.Advice.Exclusions.Proposal; p == nil || !last.Proposed || last.Outputs.SQNR < c.Variants[1].Outputs.SQNR+3 || len(last.FloatNodes) == 0 {
		t.Fatalf("%+v\n%+v", c.Advice.Exclusions, last.Outputs)
	}
	if !strings.Contains(strings.Join(c.Advice.Commands, "\n"), "--exclude") || c.Advice.Guilty[0].Node != "layer2.0.conv1" {
		t.Errorf("%+v", c.Advice)
	}
}

func TestCompareUsage(t *testing.T) {
	folder, int8, test := quantized(t)
	float := filepath.Join(folder, demoModel)
	for name, x := range map[string]struct {
		args []string
		code int
		text string
	}{
		"nothing to compare with": {[]string{float, "--inputs", test}, exit.Usage, "--calibration"},
		"own backend":             {[]string{int8, "--backend", "fbgemm", "--inputs", test}, exit.Usage, "nothing to be compared with"},
		"no float model":          {[]string{int8, "--calibration", test}, exit.Usage, "name one beside"},
		"no model":                {nil, exit.Usage, "octet compare"},
		"backend":                 {[]string{float, "--backend", "fbgemm,cuda", "--calibration", test}, exit.Usage, "cuda"},
		"qconfig":                 {[]string{float, "--qconfig", "default,best", "--calibration", test}, exit.Usage, "best"},
		"keep without variants":   {[]string{float, int8, "--keep", folder}, exit.Usage, "--calibration"},
		"truth without eval":      {[]string{float, int8, "--truth", "x.npy"}, exit.Usage, "--eval"},
		"two inputs":              {[]string{float, int8, "--eval", test, "--inputs", test}, exit.Usage, "--eval and --inputs contradict"},
		"granularity":             {[]string{float, "--calibration", test, "--per-tensor", "--per-channel"}, exit.Usage, "per-channel"},
		"layers":                  {[]string{float, int8, "--layer-inputs", "-1"}, exit.Usage, "--layer-inputs -1"},
		"duration":                {[]string{float, int8, "--duration", "-1s"}, exit.Usage, "--duration"},
		"too many":                {[]string{float, "--calibration", test, "--limit", "4", "--calibration-limit", "4", "--qconfig", "default,minmax,mse"}, exit.Usage, "19 variants, more than 16"},
		"page":                    {[]string{float, int8, "--html", filepath.Join(folder, "nowhere", "x.html")}, exit.Output, "nowhere"},
		"page over a model":       {[]string{float, int8, "--html", int8}, exit.Usage, "is a model"},
		"one name for both":       {[]string{float, int8, "--html", filepath.Join(folder, "r"), "--markdown", filepath.Join(folder, "r")}, exit.Usage, "both name"},
		"unlabelled":              {[]string{float, int8, "--eval", grey(t, 3)}, exit.Data, "no labels"},
		"inputs":                  {[]string{float, int8, "--inputs", "nowhere.npy"}, exit.Data, "nowhere.npy"},
		"calibration":             {[]string{float, "--calibration", "nowhere.npy"}, exit.Data, "nowhere.npy"},
		"file":                    {[]string{float, "nowhere.pth"}, exit.Model, "nowhere.pth"},
		"other architecture":      {[]string{float, writeBytes(t, "r18.pth", smallResNet18(t)), "--inputs", test}, exit.Model, "compare variants of one model"},
		"exclusion":               {[]string{float, "--calibration", test, "--limit", "4", "--calibration-limit", "4", "--exclude", "layer9"}, exit.Usage, "layer9"},
	} {
		t.Run(name, func(t *testing.T) {
			octetCommand(t, append([]string{"compare"}, x.args...)...).fails(t, x.code, x.text)
		})
	}
}

func TestCompareIsInterrupted(t *testing.T) {
	folder, int8, test := quantized(t)
	html := filepath.Join(folder, "x.html")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	octetCommandContext(t, ctx, "compare", filepath.Join(folder, demoModel), int8, "--inputs", test, "--html", html).fails(t, exit.Interrupted, "interrupted")
	if exists(html) {
		t.Error("a page was left")
	}
}

// Weights by name are known to be made for a backend, though their file does not
// say so.
func TestAnotherBackendIsNoticed(t *testing.T) {
	w := mirror(t, smallResNet18(t))
	photo := filepath.Join(t.TempDir(), "photo.png")
	picture(t, photo, 99)
	const name = "zoo:ResNet18_QuantizedWeights.DEFAULT"
	r := octetCommand(t, "run", name, photo, "--backend", "qnnpack").must(t)
	for _, want := range []string{"backend qnnpack, as told, for a file that was made for fbgemm", "octet compare " + name + " --backend qnnpack"} {
		if !strings.Contains(r.errOut, want) {
			t.Errorf("not said: %s\n%s", want, r.errOut)
		}
	}
	c, _ := compared(t, name, "--backend", "qnnpack", "--inputs", photo, "--layer-inputs", "1")
	if v := c.Variants[1]; v.MadeFor != "fbgemm" || !strings.Contains(c.Advice.Commands[0], "octet quantize zoo:"+w.Unquantized+" --backend qnnpack") {
		t.Errorf("%+v, %+v", v, c.Advice)
	}
	calibration := grey(t, 2)
	octetCommand(t, "quantize", name, "--calibration", calibration, "--output", filepath.Join(t.TempDir(), "o.pth")).fails(t, exit.Model, "int8 model already", "zoo:"+w.Unquantized)
	var seen inspection
	octetCommand(t, "inspect", name, "--json").must(t).decode(t, &seen)
	if seen.Arch != "resnet18" || seen.Backend != "fbgemm" || seen.Kind != "int8" || len(seen.Assumptions) != 0 || len(seen.Layers) == 0 {
		t.Errorf("inspect sees %+v", seen)
	}
}

// The model for another backend is one flag away: nothing is calibrated again.
func TestStatisticsServeEveryBackend(t *testing.T) {
	folder, model, calibration, _ := demoFolder(t)
	stats := filepath.Join(folder, "stats.json")
	base := []string{"quantize", model, "--calibration", calibration, "--limit", "16", "--stats", stats, "--output", filepath.Join(folder, "int8.pth")}
	octetCommand(t, base...).must(t)
	for _, more := range [][]string{{"--backend", "qnnpack"}, {"--backend", "onednn", "--per-tensor"}} {
		if r := octetCommand(t, append(base, more...)...).must(t); !strings.Contains(r.errOut, "nothing is calibrated") {
			t.Errorf("%q:\n%s", more, r.errOut)
		}
	}
}

func TestCompletionOfCompare(t *testing.T) {
	got := octetCommand(t, "__complete", "compare", "float.pth", "zoo:ResNet18_Q").must(t).out
	if !strings.Contains(got, "zoo:ResNet18_QuantizedWeights.DEFAULT\n") {
		t.Errorf("the second model is not completed:\n%s", got)
	}
}

func TestCompareWithCorrections(t *testing.T) {
	_, model, calibration, test := demoFolder(t)
	c, _ := compared(t, model, "--calibration", calibration, "--calibration-limit", "32", "--backend", "fbgemm", "--per-tensor", "--equalize", "--eval", test, "--limit", "50", "--layer-inputs", "2")
	more, _ := compared(t, model, "--calibration", calibration, "--calibration-limit", "32", "--backend", "fbgemm", "--per-tensor", "--bias-correction", "--round", "adaptive", "--inputs", test, "--limit", "20", "--layer-inputs", "1")
	names := []string{"fashion_resnet8.pth", "fbgemm per-tensor", "fbgemm per-tensor bias-correction", "fbgemm per-tensor round adaptive", "fbgemm per-tensor bias-correction round adaptive"}
	if got := variantNames(more); !slices.Equal(got[:min(5, len(got))], names) {
		t.Errorf("variants %q", got)
	} else if !slices.Equal(more.Variants[4].Corrections, []string{"--bias-correction", "--round=adaptive"}) || len(more.Weights[0].Forms) != len(got)-1 || more.Weights[0].Forms[3] == nil {
		t.Errorf("%q, weights %+v", more.Variants[4].Corrections, more.Weights[0].Forms)
	}
	plain, equal := c.Variant("fbgemm per-tensor"), c.Variant("fbgemm per-tensor equalize")
	if plain == nil || equal == nil {
		t.Fatalf("variants %q", variantNames(c))
	}
	if len(plain.Corrections) > 0 || !slices.Equal(equal.Corrections, []string{"--equalize"}) {
		t.Errorf("corrections %q and %q", plain.Corrections, equal.Corrections)
	}
	for _, l := range equal.Layers {
		if l.Introduced < 15 {
			t.Errorf("%s introduces noise at %v: it was compared with something else", l.Node, l.Introduced)
		}
	}
	if f := c.Weights[0].Forms; f[0] == nil || f[1] != nil {
		t.Errorf("weights %+v: equalized ones have no place beside the reference's", f)
	}
	if !slices.ContainsFunc(c.Findings, func(s string) bool { return strings.Contains(s, "What equalize changes") }) {
		t.Errorf("findings %q", c.Findings)
	}
}
