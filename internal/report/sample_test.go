package report_test

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/internal/report"
)

var exact = compare.Decibels(math.Inf(1))

// outputs of 200 inputs, of which some changed.
func outputs(top1, lost, gained, changed int, sqnr compare.Decibels) *compare.Outputs {
	label := 1
	o := &compare.Outputs{
		Inputs: 200, Agreement: 100 - float64(changed)/2, SQNR: sqnr, Equal: 1.5, ChangedCount: changed,
		Accuracy: &compare.Accuracy{Top1: top1, Top5: 199, Top1Percent: float64(top1) / 2, Top5Percent: 99.5, Lost: lost, Gained: gained,
			Confusion: [][]int{{90, 10, 0}, {5, 45, 0}, {0, 200 - top1, top1 - 135}}},
	}
	if changed > 0 {
		o.Changed = []compare.Changed{{Input: "val/cat/7.png", Label: &label, Want: 1, Got: 2}}
	}
	return o
}

func layer(node, op string, accumulated, introduced compare.Decibels, weights float64) report.Layer {
	ms := 0.25
	l := report.Layer{Layer: compare.Layer{Node: node, Op: op, Int8: true, Accumulated: accumulated, Isolated: introduced - 1, Introduced: introduced}, Time: &ms}
	l.Parts = &compare.Parts{Inputs: 0.2, Weights: 0.8 * weights, Result: 0.8 * (1 - weights)}
	return l
}

// sample is a small document: a float model, two variants and a proposal.
func sample() *report.Comparison {
	layers := []report.Layer{
		layer("quant", "quantize", 45, 45, 0), layer("conv1", "conv2d", 33, 24, 0.9), layer("layer1.0.conv1", "conv2d", 30, 38, 0.5),
		{Layer: compare.Layer{Node: "layer1.0.pool", Op: "max_pool2d", Int8: true, Accumulated: 31, Isolated: 40, Introduced: exact}},
		layer("layer1.0.add_relu", "add", 29, 41, 0), layer("fc", "linear", 28, 39, 0.3),
	}
	c := &report.Comparison{
		Version: report.ComparisonVersion, Octet: "1.2.3", System: "linux/amd64", CPU: "avx2+fma", Threads: 2,
		Arch: "resnet18", Classes: 3, Labels: []string{"cat", "dog", "owl"},
		Inputs:      report.Inputs{Source: "val", Kind: report.Labelled, Count: 200, Layers: 16},
		Calibration: &report.Calibration{Source: "photos", Samples: 128, BatchSize: 32},
		Variants: []report.Variant{
			{Name: "resnet18.pth", Kind: report.Float, File: "resnet18.pth", Bytes: 46_800_000, SizeRatio: 1, Outputs: outputs(180, 0, 0, 0, exact),
				Latency: &report.Latency{P50: 20, Ratio: 1, Runs: 10}},
			{Name: "fbgemm per-channel", Kind: report.Int8, Made: true, Backend: "fbgemm", MadeFor: "fbgemm", Weights: report.PerChannel, QConfig: "default",
				Bytes: 11_800_000, SizeRatio: 0.252, Int8Nodes: 6, Outputs: outputs(170, 14, 4, 20, 21.25), Layers: layers, Latency: &report.Latency{P50: 5, Speed: &report.Speed{Times: 4, Low: 3.9, High: 4.1, Turns: 10}, Ratio: 0.25, Runs: 10}},
			{Name: "fbgemm per-tensor", Kind: report.Int8, Made: true, Backend: "fbgemm", MadeFor: "fbgemm", Weights: report.PerTensor, QConfig: "default",
				Bytes: 11_700_000, SizeRatio: 0.25, Int8Nodes: 6, Outputs: outputs(140, 44, 4, 60, 14.5), Layers: layers, Latency: &report.Latency{P50: 21, Speed: &report.Speed{Times: 0.95, Low: 0.94, High: 0.96, Turns: 10}, Ratio: 1.05, Runs: 10}},
		},
		Weights: []compare.Weights{
			{Node: "conv1", Shape: []int{3, 1, 2, 2}, Min: []float32{-0.5, -0.25, -0.001}, Max: []float32{0.25, 0.5, 0.002},
				Forms: []*compare.WeightCodes{{PerChannel: true, SQNR: 41}, {SQNR: 30, Coarse: 1}}},
			{Node: "fc", Shape: []int{3, 3}, Min: []float32{-1, -1, -1}, Max: []float32{1, 1, 1}, Forms: []*compare.WeightCodes{{PerChannel: true, SQNR: 42}, nil}},
		},
		Activations: []compare.Activation{
			{Value: "conv1", Min: 0, Max: 4, Start: 0, Width: 1, Counts: []uint64{90, 9, 0, 1},
				Forms: []*compare.Clip{{Scale: 0.02, Min: 0, Max: 2.54, Outside: 0.0123}, {Scale: 0.03, Min: 0, Max: 3.81}}},
		},
		Advice: &report.Advice{
			Variant: "fbgemm per-channel", Guilty: []compare.Layer{layers[1].Layer, layers[2].Layer},
			Exclusions: &compare.Exclusions{Inputs: 16, SQNR: 21, Agreement: 87.5,
				Trials:   []compare.Trial{{Exclude: []string{"conv1"}, Layers: 1, MACs: 6.5, SQNR: 26, Gain: 5, Agreement: 100}, {Exclude: []string{"fc"}, Layers: 1, MACs: 0.1, SQNR: 20.5, Gain: -0.5, Agreement: 87.5}},
				Proposal: &compare.Trial{Exclude: []string{"conv1"}, Layers: 1, MACs: 6.5, SQNR: 26, Gain: 5, Agreement: 100}},
			Commands: []string{"octet quantize resnet18.pth --exclude conv1 --output INT8.pth"},
		},
	}
	c.Choose()
	c.Find()
	c.Advise()
	return c
}

// hostile is sample with markup wherever a file or a user may put text.
func hostile() *report.Comparison {
	c := sample()
	n := 0
	evil := func() string {
		n++
		return fmt.Sprintf(`</style></title></svg>"'><script>alert(%d)</script><img src=https://evil.example/%d onerror=alert(1)>{{.}}`, n, n)
	}
	c.Arch, c.Octet, c.CPU, c.Inputs.Source, c.Calibration.Source = evil(), evil(), evil(), evil(), evil()
	c.Labels = []string{evil(), evil(), evil()}
	c.Inputs.Skipped = []string{evil()}
	for i := range c.Variants {
		v := &c.Variants[i]
		v.Name, v.File, v.FloatNodes, v.Backend, v.QConfig = evil(), evil(), []string{evil()}, evil(), evil()
		v.MadeFor, v.Weights = v.Backend, evil()
		for j := range v.Outputs.Changed {
			v.Outputs.Changed[j].Input = evil()
		}
		layers := make([]report.Layer, len(v.Layers))
		copy(layers, v.Layers)
		for j := range layers {
			layers[j].Node, layers[j].Op = evil(), evil()
		}
		v.Layers = layers
	}
	for i := range c.Weights {
		c.Weights[i].Node = evil()
	}
	for i := range c.Activations {
		c.Activations[i].Value = evil()
	}
	a := c.Advice
	a.Variant = c.Variants[1].Name
	for i := range a.Guilty {
		a.Guilty[i].Node, a.Guilty[i].Op = c.Variants[1].Layers[i+1].Node, evil()
	}
	a.Exclusions.Trials[0].Exclude, a.Exclusions.Proposal.Exclude = []string{evil()}, []string{evil()}
	a.Commands = []string{evil()}
	c.Choose()
	c.Find()
	c.Advise()
	return c
}
