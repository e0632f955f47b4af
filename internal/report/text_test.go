package report_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

func ExampleComparison_Text() {
	c := sample()
	c.Advice.Exclusions.Trials = c.Advice.Exclusions.Trials[:1]
	c.Findings = c.Findings[:1]
	var b strings.Builder
	c.Text(&b)
	for line := range strings.Lines(b.String()) {
		fmt.Println(strings.TrimRight(line, " \n"))
	}
	// Output:
	// resnet18, compared on 200 labelled inputs of val, layers on 16
	//
	//  variant               top-1    change  agrees   SQNR     size     ratio  time     speed
	// ──────────────────────────────────────────────────────────────────────────────────────────────────────
	//  resnet18.pth          90.00 %                            46.8 MB         20.0 ms
	//  fbgemm per-channel ←  85.00 %  −5.00   90.00 %  21.2 dB  11.8 MB  0.25   5.00 ms  4.00 × (3.90–4.10)
	//  fbgemm per-tensor     70.00 %  −20.00  70.00 %  14.5 dB  11.7 MB  0.25   21.0 ms  0.95 × (0.94–0.96)
	//
	// fbgemm per-channel comes closest to resnet18.pth: 20 of 200 answers differ (with 95 % confidence 6.6 to 14.9 %), top-1 85.00 % (−5.00 points, with 95 % confidence −9.71 to −0.94), the logits at 21.2 dB, at 0.25 of the size, 4.00 times faster (3.90 to 4.10).
	//
	// layers of fbgemm per-channel that add most noise
	//
	//  layer           operator  adds     by weights  by result  up to here  weights  cut off
	// ────────────────────────────────────────────────────────────────────────────────────────
	//  conv1           conv2d    24.0 dB  90 %        10 %       33.0 dB     41.0 dB  0.012 %
	//  layer1.0.conv1  conv2d    38.0 dB              50 %       30.0 dB
	//
	// kept in float, on 16 inputs
	//
	//  kept in float  layers  of multiplications  SQNR     gain      agrees
	// ───────────────────────────────────────────────────────────────────────
	//  none                                       21.0 dB            87.50 %
	//  conv1          1       6.5 %               26.0 dB  +5.00 dB  100 %
	//  → conv1        1       6.5 %               26.0 dB  +5.00 dB  100 %
	//
	// next       Keep conv1 in float: on 16 inputs the logits rise from 21.0 dB to 26.0 dB, for 6.50 % of the multiplications.
	// next       If 5.00 points of top-1 are still too much after that, quantization-aware training is the next step.
	//            octet quantize resnet18.pth --exclude conv1 --output INT8.pth
}

func TestMarkdown(t *testing.T) {
	var b strings.Builder
	if err := sample().Markdown(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"# resnet18: variants side by side\n", "| variant | top-1 | change | agrees | SQNR | size | ratio | time | speed |\n",
		"| fbgemm per-channel ← | 85.00 % | −5.00 | 90.00 % | 21.2 dB | 11.8 MB | 0.25 | 5.00 ms | 4.00 × (3.90–4.10) |\n",
		"## What to do about fbgemm per-channel\n", "```sh\noctet quantize resnet18.pth --exclude conv1 --output INT8.pth\n```\n", "| → conv1 |",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("not there: %s\n%s", want, b.String())
		}
	}
}

func TestMarkdownKeepsHostileNamesFromBeingMarkup(t *testing.T) {
	c := hostile()
	c.Variants[1].Name, c.Advice.Variant = "a|b`c`[x](https://evil.example)", "a|b`c`[x](https://evil.example)"
	c.Variants[0].Name = "a\n\n# heading"
	c.Advice.Commands = []string{"x\n```\n# heading"}
	c.Find()
	var b strings.Builder
	if err := c.Markdown(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if strings.Contains(text, "<script") || strings.Contains(text, "<img") || strings.Contains(text, "`c`") || regexp.MustCompile(`[^\\]\]\(https`).MatchString(text) {
		t.Errorf("markup gets through:\n%s", text)
	}
	fences := 0
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "```") {
			fences++
		}
		if strings.HasPrefix(line, "# heading") && fences != 1 {
			t.Errorf("a heading of its own: %q", line)
		}
	}
	if fences != 2 {
		t.Errorf("%d fences", fences)
	}
}
