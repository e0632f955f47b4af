package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/torch"
)

// A file tells the layers in which PyTorch may saturate where its activations take
// codes above 127 under rules whose kernels add in pairs; a recipe that gives a bit
// away says so, and which one does not.
func TestRecipesAndTheirRanges(t *testing.T) {
	slow(t, "quantizes by eleven recipes")
	folder, model, calibration, _ := demoFolder(t)
	for _, x := range []struct {
		recipe    []string
		saturates bool
		hint      string
	}{
		{[]string{"--qconfig", "octet"}, true, ""},
		{[]string{"--qconfig", "octet", "--per-tensor"}, true, ""},
		{[]string{"--qconfig", "octet", "--backend", "qnnpack"}, false, ""},
		{[]string{"--backend", "onednn"}, true, ""},
		{[]string{"--qconfig", "percentile", "--backend", "qnnpack", "--per-channel"}, false, ""},
		{nil, false, "--qconfig octet"},
		{[]string{"--backend", "x86", "--qconfig", "mse"}, false, "--qconfig octet"},
		{[]string{"--qconfig", "torchvision"}, false, "--qconfig octet"},
		{[]string{"--qconfig", "torchvision", "--backend", "qnnpack"}, false, "--qconfig default"},
		{[]string{"--qconfig", "torchvision", "--backend", "onednn"}, false, "--qconfig octet"},
		{[]string{"--backend", "qnnpack"}, false, ""},
	} {
		name := strings.Join(x.recipe, " ")
		out := filepath.Join(folder, "out.pth")
		args := append([]string{"quantize", model, "--calibration", calibration, "--limit", "32", "--output", out}, x.recipe...)
		text := octetCommand(t, args...).must(t).out
		var doc quantizeOutput
		octetCommand(t, append(args, "--json")...).must(t).decode(t, &doc)
		m, err := octet.Open(out)
		if err != nil {
			t.Fatal(err)
		}
		layers := m.Metadata().Saturation
		if got := len(layers) > 0; got != x.saturates || len(doc.Report.Saturation) != len(layers) || strings.Contains(text, "saturate on x86 CPUs without VNNI") != x.saturates {
			t.Errorf("%s: %d layers may saturate, %d in the report\n%s", name, len(layers), len(doc.Report.Saturation), text)
		}
		if shown := strings.Contains(octetCommand(t, "inspect", out).must(t).out, "may saturate"); shown != x.saturates {
			t.Errorf("%s: inspect shows it: %v", name, shown)
		}
		if hint := strings.Join(doc.Hints, "\n"); hint == "" != (x.hint == "") || !strings.Contains(hint, x.hint) || !strings.Contains(text, hint) {
			t.Errorf("%s: hint %q, want %q", name, hint, x.hint)
		}
	}
}

// What saturates is known of older files too, which have only the recipe.
func TestCompareKnowsWhatSaturates(t *testing.T) {
	slow(t, "quantizes and compares five times")
	folder, model, calibration, test := demoFolder(t)
	files := map[string]string{"octet": "fbgemm", "default": "onednn", "torchvision": "fbgemm", "minmax": "qnnpack", "percentile": "onednn"}
	for qconfig, backend := range files {
		file := filepath.Join(folder, qconfig+".pth")
		octetCommand(t, "quantize", model, "--calibration", calibration, "--limit", "32", "--output", file, "--qconfig", qconfig, "--backend", backend).must(t)
		old := withoutRecord(t, file)
		c, _ := compared(t, model, old, "--inputs", test, "--limit", "24", "--layer-inputs", "1")
		if got, want := len(c.Variants[1].Saturation) > 0, backend == "onednn" || qconfig == "octet"; got != want {
			t.Errorf("%s for %s: %+v", qconfig, backend, c.Variants[1].Saturation)
		}
	}
}

// withoutRecord is a copy of an int8 file whose record does not tell what saturates.
func withoutRecord(t *testing.T, file string) string {
	return changed(t, file, func(sd *torch.StateDict) {
		for name, b := range sd.Extra {
			text := string(b)
			if from := strings.Index(text, `"pytorch_saturation"`); from >= 0 {
				to := from + strings.Index(text[from:], "],") + 2
				sd.Extra[name] = []byte(text[:from] + text[to:])
			}
		}
	})
}

// compare and advise give one answer for each purpose.
func TestOneAnswer(t *testing.T) {
	slow(t, "measures every recipe several times")
	_, model, calibration, _ := demoFolder(t)
	c, _ := compared(t, model, "--calibration", calibration, "--calibration-limit", "64", "--limit", "64", "--layer-inputs", "0", "--duration", "0s")
	if len(c.Choices) != 3 {
		t.Fatalf("%+v", c.Choices)
	}
	octets, x86 := c.Variant("fbgemm per-channel octet"), c.Variant("fbgemm per-channel")
	if c.Choices[0].Variant != octets.Name || octets.Outputs.SQNR < x86.Outputs.SQNR+3 || !strings.Contains(c.Choices[0].Command, "--qconfig octet") {
		t.Errorf("%+v: %v and %v", c.Choices, octets.Outputs.SQNR, x86.Outputs.SQNR)
	}
	for _, choice := range c.Choices {
		for _, args := range [][]string{{}, {model, "--calibration", calibration, "--limit", "64"}} {
			var doc adviseOutput
			octetCommand(t, append(append([]string{"advise"}, args...), "--for", choice.For, "--json")...).must(t).decode(t, &doc)
			if v := c.Variant(choice.Variant); doc.Advice.For != choice.For || doc.Advice.Backend != v.Backend {
				t.Errorf("%s, %v: advise says %s, compare %s", choice.For, args, doc.Advice.Backend, v.Backend)
			}
		}
	}
	for _, command := range []string{"quantize", "compare", "advise"} {
		if help := octetCommand(t, command, "--help").out; !strings.Contains(help, "run by octet, on any CPU") || strings.Contains(help, "same as fbgemm") {
			t.Errorf("%s --help:\n%s", command, help)
		}
	}
	octetCommand(t, "advise", "--for", "pytorch").fails(t, exit.Usage, report.ForOctet, report.ForTorchX86, report.ForTorchARM)
}

// Without data advise says what it does not know, with data how sure it is.
func TestAdviseSaysHowSureItIs(t *testing.T) {
	slow(t, "measures every recipe seven times")
	_, model, calibration, test := demoFolder(t)
	var blind adviseOutput
	octetCommand(t, "advise", "--json").must(t).decode(t, &blind)
	if len(blind.Advice.Unknown) < 3 || blind.Measured != nil {
		t.Errorf("without data: %+v", blind.Advice)
	}
	for _, x := range []struct {
		args          []string
		want, without string
	}{
		{[]string{"--limit", "1"}, "too few to say more", "confidence"},
		{[]string{"--limit", "1", "--max-drop", "0"}, "too few to say more", "Training"},
		{[]string{"--limit", "10"}, "some hundreds at least", "about"},
		{[]string{"--limit", "100"}, "does not tell yet whether it is within the 1 points", "some hundreds"},
		{[]string{"--limit", "100", "--max-drop", "50"}, "which is within the 50 points", "does not tell"},
		{[]string{"--limit", "100", "--max-drop", "50", "--eval", test}, "points of top-1", "unknown accuracy"},
		{[]string{"--limit", "50", "--max-drop", "-100"}, "more than the -100 points", "does not tell"},
	} {
		r := octetCommand(t, append([]string{"advise", model, "--calibration", calibration}, x.args...)...).must(t)
		if !strings.Contains(r.out, x.want) || strings.Contains(r.out[strings.Index(r.out, "Advice:"):], x.without) {
			t.Errorf("%v does not say %q, or says %q:\n%s", x.args, x.want, x.without, r.out)
		}
	}
}
