package report_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/ptq"
)

// contest is a comparison of variants that differ in what serves a purpose.
func contest(variants ...report.Variant) *report.Comparison {
	c := &report.Comparison{Arch: "resnet18", Inputs: report.Inputs{Source: "val", Kind: report.Unlabelled, Count: 100}}
	c.Variants = append([]report.Variant{{Name: "float", Kind: report.Float, Outputs: answers(100, 0, exact)}}, variants...)
	c.Choose()
	c.Find()
	return c
}

func answers(inputs, changed int, db compare.Decibels) *compare.Outputs {
	return &compare.Outputs{Inputs: inputs, ChangedCount: changed, Agreement: 100 - 100*float64(changed)/float64(inputs), SQNR: db}
}

func recipe(name, backend, qconfig string, db compare.Decibels, saturating ...string) report.Variant {
	v := report.Variant{Name: name, Kind: report.Int8, Made: true, Backend: backend, MadeFor: backend, QConfig: qconfig, Weights: report.PerChannel, Outputs: answers(100, 1, db)}
	for _, layer := range saturating {
		v.Saturation = append(v.Saturation, ptq.Saturation{Node: layer, Channels: 1, Of: 2})
	}
	return v
}

// Each purpose has the variant that is closest there, of those that compute the same
// there as here.
func TestChoices(t *testing.T) {
	octet := recipe("octet", "fbgemm", "octet", 34, "conv1", "fc")
	fbgemm, qnnpack := recipe("fbgemm", "fbgemm", "default", 28), recipe("qnnpack", "qnnpack", "default", 34.2)
	onednn := recipe("onednn", "onednn", "default", 34.1, "conv1")
	for _, x := range []struct {
		name          string
		variants      []report.Variant
		octet, x86, a string
	}{
		{"all", []report.Variant{octet, fbgemm, qnnpack, onednn}, "octet", "fbgemm", "qnnpack"},
		{"without the recipe for octet", []report.Variant{fbgemm, qnnpack}, "qnnpack", "fbgemm", "qnnpack"},
		{"what saturates is nothing for PyTorch on x86", []report.Variant{octet, onednn}, "octet", "", ""},
		{"a file without a record is not known to be safe", []report.Variant{recipe("file", "fbgemm", "", 30)}, "file", "", ""},
		{"min/max is safe too, and closer", []report.Variant{octet, fbgemm, recipe("minmax", "fbgemm", "torchvision", 29)}, "octet", "minmax", ""},
		{"only for ARM", []report.Variant{qnnpack}, "qnnpack", "", "qnnpack"},
	} {
		c := contest(x.variants...)
		got := map[string]string{}
		for _, choice := range c.Choices {
			got[choice.For] = choice.Variant
		}
		if got[report.ForOctet] != x.octet || got[report.ForTorchX86] != x.x86 || got[report.ForTorchARM] != x.a {
			t.Errorf("%s: %v", x.name, got)
		}
	}
}

// Text, Markdown and the page say the same of choices and of saturation.
func TestChoicesAreSaidEverywhere(t *testing.T) {
	c := contest(recipe("octet", "fbgemm", "octet", 34, "conv1", "fc"), recipe("fbgemm", "fbgemm", "default", 28))
	var text, markdown, page bytes.Buffer
	c.Text(&text)
	for _, err := range []error{c.Markdown(&markdown), c.HTML(&page)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{
		"A file for octet, on any CPU: octet (34.0 dB).", "A file for PyTorch on x86: fbgemm (28.0 dB), −6.00 dB against that.",
		"1 of 100 answers differ (with 95 % confidence 0.2 to 5.4 %)", "it may saturate, in the worst case of the weights in up to 2 layers",
	} {
		for name, got := range map[string]string{"text": text.String(), "Markdown": markdown.String(), "page": page.String()} {
			if !strings.Contains(strings.ReplaceAll(strings.ReplaceAll(got, "<code>", ""), "</code>", ""), want) {
				t.Errorf("%s does not say %q", name, want)
			}
		}
	}
}

// A handful of inputs is counted, and nothing is concluded from it.
func TestFewInputsAreNoFinding(t *testing.T) {
	for _, x := range []struct{ inputs, changed int }{{1, 0}, {1, 1}, {2, 0}, {5, 2}, {19, 0}} {
		v := recipe("int8", "fbgemm", "default", 28)
		v.Outputs = answers(x.inputs, x.changed, 28)
		c := contest(v)
		c.Advice = &report.Advice{Variant: "int8"}
		c.Advise()
		all := strings.Join(slices.Concat(c.Findings, c.Advice.Steps), "\n")
		if !strings.Contains(all, "too few to say more") || strings.Contains(all, "confidence") || strings.Contains(all, "Nothing has to be done") {
			t.Errorf("%d of %d:\n%s", x.changed, x.inputs, all)
		}
	}
}

// A proposal costs speed: it is made only where it is better than every variant in
// something, and in nothing worse than the closest.
func TestHolds(t *testing.T) {
	with := func(v report.Variant, db compare.Decibels, changed, right int) report.Variant {
		v.Outputs = answers(100, changed, db)
		v.Outputs.Accuracy = &compare.Accuracy{Top1: right, Gained: changed}
		return v
	}
	closest, other := with(recipe("a", "fbgemm", "octet", 0), 34, 2, 90), with(recipe("b", "fbgemm", "default", 0), 28, 4, 91)
	for _, x := range []struct {
		name           string
		db             compare.Decibels
		changed, right int
		want           bool
	}{
		{"better", 36, 1, 91, true}, {"better logits, as many answers", 36, 2, 90, true}, {"a little", 34.3, 2, 90, false},
		{"worse logits", 33, 1, 95, false}, {"more answers differ", 38, 3, 95, false}, {"fewer right", 38, 1, 89, false}, {"equal", 34, 2, 90, false},
		{"more right answers", 34.2, 2, 92, true},
	} {
		c := contest(closest, other)
		p := with(recipe("p", "fbgemm", "octet", 0), x.db, x.changed, x.right)
		p.Proposed = true
		c.Variants = append(c.Variants, p)
		if got := c.Holds(&c.Variants[3]); got != x.want {
			t.Errorf("%s: %v", x.name, got)
		}
	}
}
