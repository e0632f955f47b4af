package report_test

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/internal/report"
)

func TestFindings(t *testing.T) {
	want := []string{
		"fbgemm per-channel comes closest to resnet18.pth: 20 of 200 answers differ (with 95 % confidence 6.6 to 14.9 %), top-1 85.00 % (−5.00 points, with 95 % confidence −9.71 to −0.94), the logits at 21.2 dB, at 0.25 of the size, 4.00 times faster (3.90 to 4.10).",
		"A file for octet, on any CPU: fbgemm per-channel (21.2 dB, 4.00 × the speed of float).",
		"A file for PyTorch on x86: the same.",
		"One scale per weight, in place of one per channel, costs 6.8 dB with fbgemm (−15.00 points of top-1).",
		"In fbgemm per-channel these layers add far more noise than the median layer (39.0 dB): conv1 (24.0 dB).",
		"Not faster than resnet18.pth on this machine: fbgemm per-tensor: 1.05 times slower (1.04 to 1.06). Where layers are small, int8 gains no time: octet quantize --exclude-slower keeps in float those that are slower.",
	}
	if diff := cmp.Diff(want, sample().Findings); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestFindingsOfOtherSituations(t *testing.T) {
	for name, x := range map[string]struct {
		change func(*report.Comparison)
		want   string
	}{
		"random":      {func(c *report.Comparison) { c.Inputs.Kind = report.Random }, "Compared on random numbers"},
		"calibration": {func(c *report.Comparison) { c.Inputs.Kind = report.Calibrating }, "inputs that were calibrated on"},
		"float layers": {func(c *report.Comparison) { c.Variants[1].FloatNodes = []string{"fc"} },
			"1 of 7 layers of fbgemm per-channel compute in float: fc."},
		"other weights": {func(c *report.Comparison) {
			c.Variants[1].Made = false
			for i := range c.Weights {
				c.Weights[i].Forms[0].SQNR = 3
			}
		}, "The weights of fbgemm per-channel are at 3.0 dB from those of resnet18.pth: it was made of another checkpoint, or trained further."},
		"vectors": {func(c *report.Comparison) {
			c.Vectors, c.Variants[1].Outputs.Cosine, c.Variants[1].Outputs.MinCosine = true, 0.99999999, 0.5
		}, "fbgemm per-channel comes closest to resnet18.pth: the cosine of its outputs is 0.999999 on average and 0.500000 at least, the outputs at 21.2 dB"},
		"random vectors": {func(c *report.Comparison) { c.Vectors, c.Inputs.Kind = true, report.Random }, "how close the outputs for real inputs come"},
		"rules": {func(c *report.Comparison) {
			c.Variants[1].File, c.Variants[2].File, c.Variants[2].Backend = "a/int8.pth", "a/int8.pth", "qnnpack"
		}, "By the rules of qnnpack, int8.pth, which was made for fbgemm, agrees with resnet18.pth in 70.00 % of the answers and is at 14.5 dB; by its own rules, in 90.00 % and at 21.2 dB."},
		"headroom": {func(c *report.Comparison) {
			v := &c.Variants[2]
			v.Backend, v.MadeFor, v.Weights, v.Name = "qnnpack", "qnnpack", report.PerChannel, "qnnpack per-channel"
			v.Outputs.SQNR = 27
		}, "fbgemm per-channel is at 5.8 dB less than qnnpack per-channel: fbgemm calibrates activations to 0..127"},
	} {
		c := sample()
		x.change(c)
		c.Find()
		if !slices.ContainsFunc(c.Findings, func(f string) bool { return strings.Contains(f, x.want) }) {
			t.Errorf("%s: not said: %s\n%s", name, x.want, strings.Join(c.Findings, "\n"))
		}
	}
}

func TestSteps(t *testing.T) {
	for name, x := range map[string]struct {
		change func(*report.Comparison)
		want   []string
	}{
		"lossy": {func(*report.Comparison) {}, []string{
			"Keep conv1 in float: on 16 inputs the logits rise from 21.0 dB to 26.0 dB, for 6.50 % of the multiplications.",
			"If 5.00 points of top-1 are still too much after that, quantization-aware training is the next step.",
		}},
		"good": {func(c *report.Comparison) { c.Variants[1].Outputs = outputs(180, 1, 1, 2, 35) }, []string{
			"Nothing has to be done as far as 200 inputs tell: fbgemm per-channel answers as resnet18.pth does.",
			"Where the logits themselves matter, keep conv1 in float: on 16 inputs they rise from 21.0 dB to 26.0 dB, for 6.50 % of the multiplications.",
		}},
		"spread": {func(c *report.Comparison) {
			c.Advice.Exclusions.Proposal = nil
			for i := range c.Variants[1].Layers {
				c.Variants[1].Layers[i].Parts = &compare.Parts{Weights: 0.1, Result: 0.9}
			}
		}, []string{
			"Keeping layers in float does not help: of the 2 sets tried, none gains 1 dB. The loss is spread over the depth.",
			"Most of what layers add comes from the codes of their results, not from weights: compare observers with --qconfig default,minmax,mse,percentile.",
			"If 5.00 points of top-1 are still too much after that, quantization-aware training is the next step.",
		}},
		"per tensor": {func(c *report.Comparison) {
			c.Advice.Variant, c.Advice.Exclusions = "fbgemm per-tensor", nil
			for i := range c.Variants[2].Layers {
				c.Variants[2].Layers[i].Parts = &compare.Parts{Weights: 0.9, Result: 0.1}
			}
		}, []string{
			"Most of what layers add comes from their weights: --per-channel gives each channel a scale of its own.",
			"If 20.00 points of top-1 are still too much after that, quantization-aware training is the next step.",
		}},
		"rules": {func(c *report.Comparison) { c.Variants[1].Backend = "qnnpack" }, []string{
			"Quantize the float weights for qnnpack: what a file loses by other rules than its own, a model made for them does not.",
		}},
	} {
		c := sample()
		x.change(c)
		c.Advise()
		if diff := cmp.Diff(x.want, c.Advice.Steps); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

// Differences that chance explains do not decide.
func TestBest(t *testing.T) {
	c := sample()
	set := func(i int, o *compare.Outputs) { c.Variants[i].Outputs = o }
	for _, x := range []struct {
		one, two *compare.Outputs
		best     string
	}{
		{outputs(170, 14, 4, 20, 21), outputs(140, 44, 4, 60, 30), "fbgemm per-channel"}, // 30 answers are no chance
		{outputs(170, 14, 4, 20, 21), outputs(168, 16, 4, 22, 30), "fbgemm per-tensor"},  // 2 are
		{outputs(170, 14, 4, 70, 30), outputs(170, 14, 4, 20, 21), "fbgemm per-tensor"},  // 50 other answers
		{outputs(170, 14, 4, 20, 30), outputs(170, 14, 4, 20, 21), "fbgemm per-channel"},
		{outputs(170, 14, 4, 20, 30), outputs(170, 14, 4, 20, 30.4), "fbgemm per-channel"}, // as good
		{outputs(170, 14, 4, 20, 30), outputs(170, 14, 4, 20, 30.6), "fbgemm per-tensor"},
	} {
		set(1, x.one)
		set(2, x.two)
		if best := c.Best(); best == nil || best.Name != x.best {
			t.Errorf("%+v is best, want %s", best, x.best)
		}
	}
	c.Variants[1].Proposed, c.Variants[2].Backend = true, "qnnpack"
	if best := c.Best(); best != nil {
		t.Errorf("%s is best, though it is only proposed or under other rules", best.Name)
	}
}

// Whoever reads the document finds what docs/compare.md says, and gets the same
// figures back.
func TestDocumentIsStable(t *testing.T) {
	c := sample()
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var back report.Comparison
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&back); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(&back)
	if err != nil || !bytes.Equal(b, again) {
		t.Errorf("written again it is another: %v", err)
	}
	docs, err := os.ReadFile("../../docs/compare.md")
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(b, &fields); err != nil {
		t.Fatal(err)
	}
	for _, path := range keys("", fields) {
		if name := path[strings.LastIndexByte(path, '.')+1:]; !strings.Contains(string(docs), "`"+name+"`") {
			t.Errorf("docs/compare.md does not explain %s", path)
		}
	}
}

// keys lists the fields of a document, those of lists by their elements.
func keys(prefix string, v any) []string {
	var list []string
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			list = append(append(list, prefix+"."+k), keys(prefix+"."+k, x)...)
		}
	case []any:
		for _, x := range v {
			list = append(list, keys(prefix, x)...)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
