package report_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/internal/testseed"
)

func percent(v float64) *float64 { return &v }

// trained is the document of a short training with quantization in the loop.
func trained(steps int) *report.Training {
	t := &report.Training{
		Octet: "1.2.3", System: "linux/amd64", CPU: "avx2+fma", Threads: 2, Arch: "mobilenet_v2", Method: "quantization-aware training",
		Data: "train", Images: 640, Seconds: 61.27, Recipe: []report.Setting{{Name: "optimizer", Value: "sgd, learning rate 0.005"}},
		Results: []report.Result{
			{Name: "float", Kind: report.Float, Top1: percent(92.5), Bytes: 400_000},
			{Name: "int8 by calibration", Kind: report.Int8, Top1: percent(88.25), Bytes: 110_000},
			{Name: "int8 by training", Kind: report.Int8, Top1: percent(92.25), Bytes: 110_000},
		},
		Epochs: []report.EpochMark{{Step: steps / 2, Train: 90, Eval: percent(91)}, {Step: steps, Train: 93, Eval: percent(92.25)}},
		Phases: []report.Phase{{Name: "observing", From: 0, To: steps / 2}, {Name: "batch norms frozen", From: steps / 2, To: steps}},
		Weights: []compare.Weights{{Node: "features.1.conv.0.0", Shape: []int{3, 1, 3, 3}, Min: []float32{-0.5, -0.25, -0.001}, Max: []float32{0.25, 0.5, 0.002},
			Forms: []*compare.WeightCodes{{SQNR: 30, Coarse: 1}, {SQNR: 12, Coarse: 1}}}},
	}
	for i := range steps {
		t.Losses, t.Rates = append(t.Losses, 2*math.Exp(-float64(i)/float64(steps))), append(t.Rates, 0.1)
	}
	return t
}

func trainingHTML(t *testing.T, doc *report.Training) string {
	t.Helper()
	var b bytes.Buffer
	if err := doc.HTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTrainingPageShowsTheFigures(t *testing.T) {
	doc := trained(200)
	if page := trainingHTML(t, doc); strings.Contains(page, ">time<") {
		t.Error("a column of times that were not measured")
	}
	doc.Results[0].Latency = &report.Latency{P50: 20}
	doc.Results[1].Latency = &report.Latency{P50: 5, Speed: &report.Speed{Times: 4, Low: 3.9, High: 4.1, Turns: 20}}
	doc.Results[2].Latency = &report.Latency{P50: 20.1, Speed: &report.Speed{Times: 1, Low: 0.99, High: 1.01, Turns: 20}}
	page := trainingHTML(t, doc)
	elements, text := parse(t, closed(page))
	for _, want := range []string{
		"mobilenet_v2: quantization-aware training", "640 images of train, 200 steps in 1m1.3s", "92.50 %", "88.25 %", "−4.25 points", "−0.25",
		"loses 4.25 points; training wins back 4.00 of them, which is 94 %", "1 of the 3 channels of features.1.conv.0.0", "From step 100 on",
		"batch norms frozen", "int8 by training 12.0 dB", "learning rate 0.005", "octet 1.2.3, linux/amd64 with avx2+fma, 2 threads",
		"20.0 ms", "5.00 ms", "4.00 × (3.90–4.10)", "no difference",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	circles := 0
	for _, e := range elements {
		if e.name == "circle" {
			circles++
		}
		if e.name == "script" || e.name == "img" {
			t.Errorf("<%s> on the page", e.name)
		}
	}
	if circles != 4 || strings.Count(page, "<h2>") != 6 {
		t.Errorf("%d points of accuracies, want 4; %d sections, want 6", circles, strings.Count(page, "<h2>"))
	}
	// The curve falls from the top left to the bottom right.
	if !strings.Contains(page, `best h0" d="M`) {
		t.Error("no curve of the loss")
	}
}

// A page of any training parses and stays small: of a single step, of a hundred
// thousand, with names that look like HTML, with nothing to show.
func TestTrainingPageOfAnything(t *testing.T) {
	r := testseed.Rand(t)
	hostile := trained(10)
	hostile.Arch, hostile.Data, hostile.Results[1].Name, hostile.Phases[0].Name = "<script>", "</style>", `"><svg onload=x>`, "&amp;"
	docs := map[string]*report.Training{"hostile": hostile, "nothing": {Results: []report.Result{{Name: "float"}}}, "one step": trained(1), "long": trained(100_000)}
	random := trained(2 + r.IntN(5000))
	for i := range random.Losses {
		random.Losses[i] = math.Exp(3 * r.NormFloat64())
	}
	docs["random"] = random
	for name, doc := range docs {
		page := trainingHTML(t, doc)
		if len(page) > 300_000 {
			t.Errorf("%s: %d bytes", name, len(page))
		}
		elements, _ := parse(t, closed(page))
		for _, e := range elements {
			if e.name == "script" || e.attrs["onload"] != "" {
				t.Errorf("%s: <%s %v>", name, e.name, e.attrs)
			}
			for k, v := range e.attrs {
				if strings.Contains(v, "NaN") || strings.Contains(v, "Inf") {
					t.Errorf("%s: <%s %s=%q>", name, e.name, k, v)
				}
			}
		}
	}
}
