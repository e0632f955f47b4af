package compare_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/internal/hashweights"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Keeping layers of a converted graph in float gives what quantizing without them
// gives.
func TestExcludingEqualsQuantizingWithout(t *testing.T) {
	inputs := smallInputs(2)
	float := small(t)
	q, err := quant.ParseQConfig("torchvision", quant.FBGEMM)
	if err != nil {
		t.Fatal(err)
	}
	g, _ := convert(t, float, "torchvision", quant.FBGEMM, inputs)
	for _, modules := range [][]string{{"fc"}, {"layer2.0.conv2"}, {"layer2"}, {"layer3.0.conv1", "fc"}, {"layer1.0.add_relu"}, {"conv1"}, {"conv1", "maxpool", "layer1"}} {
		t.Run(strings.Join(modules, ","), func(t *testing.T) {
			got, err := compare.Excluding(float, g, func(name string) bool {
				return slices.ContainsFunc(modules, func(m string) bool { return name == m || strings.HasPrefix(name, m+".") })
			})
			if err != nil {
				t.Fatal(err)
			}
			p, err := ptq.Prepare(float, q, ptq.Options{Exclude: modules})
			if err != nil {
				t.Fatal(err)
			}
			stats, err := ptq.Calibrate(context.Background(), p, stream(inputs), ptq.CalibrateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			want, _, err := ptq.Convert(p, stats, quant.FBGEMM)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(kinds(want), kinds(got)); diff != "" {
				t.Errorf("nodes (-quantized without +excluded)\n%s", diff)
			}
			for _, x := range inputs {
				a, b := tapped(t, want, x), tapped(t, got, x)
				if diff := cmp.Diff(a[want.Outputs[0].Name].Float32s(), b[got.Outputs[0].Name].Float32s()); diff != "" {
					t.Errorf("logits (-quantized without +excluded)\n%s", diff)
				}
			}
		})
	}
}

// kinds lists the nodes with the types of their results.
func kinds(g *graph.Graph) []string {
	var list []string
	for _, n := range g.Nodes {
		list = append(list, n.Name+" "+n.Output().Type.String())
	}
	return list
}

// damage gives the weight of a layer one scale that is far too large.
func damage(t *testing.T, g *graph.Graph, layer string) {
	t.Helper()
	n, ok := g.Node(layer)
	if !ok {
		t.Fatalf("no layer %s", layer)
	}
	real, err := quant.Dequantize(n.Inputs[1].Data)
	if err != nil {
		t.Fatal(err)
	}
	largest := 0.0
	for _, v := range real.Float32s() {
		largest = max(largest, math.Abs(float64(v)))
	}
	w, err := quant.QuantizePerTensor(real, largest/2, 0, tensor.QInt8)
	if err != nil {
		t.Fatal(err)
	}
	n.Inputs[1].Data, n.Inputs[1].Type = w, graph.TypeOf(w)
}

func TestTheProposalMendsTheDamage(t *testing.T) {
	inputs := smallInputs(4)
	float := small(t)
	for _, layer := range []string{"conv1", "layer2.0.conv1", "layer2.0.downsample.0", "fc"} {
		t.Run(layer, func(t *testing.T) {
			g, _ := convert(t, float, "minmax", quant.FBGEMM, inputs)
			damage(t, g, layer)
			layers := layersOf(t, float, g, inputs)
			if first := compare.Guilty(layers)[0]; first.Node != layer || first.Parts.Weights < 0.5 {
				t.Errorf("%s is named first, %+v", first.Node, first.Parts)
			}
			found, err := compare.FindExclusions(context.Background(), float, g, layers, compare.Each(inputs), compare.Options{})
			if err != nil {
				t.Fatal(err)
			}
			p := found.Proposal
			if p == nil || !slices.Contains(p.Exclude, layer) || p.Gain < 3 || p.MACs > 15 {
				t.Fatalf("%+v", p)
			}
			if !slices.IsSortedFunc(found.Trials, func(a, b compare.Trial) int { return int(1e6 * (b.Gain - a.Gain)) }) {
				t.Errorf("trials are out of order: %+v", found.Trials)
			}
			// What is proposed was measured.
			mended, err := compare.Excluding(float, g, func(name string) bool {
				return slices.ContainsFunc(p.Exclude, func(m string) bool { return name == m || strings.HasPrefix(name, m+".") })
			})
			if err != nil {
				t.Fatal(err)
			}
			var noise, before compare.Noise
			for _, x := range inputs {
				want := tapped(t, float, x)[float.Outputs[0].Name].Float32s()
				noise.Add(want, tapped(t, mended, x)[mended.Outputs[0].Name].Float32s())
				before.Add(want, tapped(t, g, x)[g.Outputs[0].Name].Float32s())
			}
			near(t, "SQNR of the proposal", float64(p.SQNR), float64(noise.Decibels()), naiveBound)
			near(t, "its gain", p.Gain, float64(noise.Decibels()-before.Decibels()), naiveBound)
			for _, trial := range found.Trials {
				equalsWhole(t, float, g, trial, inputs)
			}
		})
	}
}

// equalsWhole checks that a trial, which computes only what it changes, gives what its
// whole graph does.
func equalsWhole(t *testing.T, float, converted *graph.Graph, trial compare.Trial, inputs []*tensor.Tensor) {
	t.Helper()
	g, err := compare.Excluding(float, converted, func(name string) bool {
		return slices.ContainsFunc(trial.Exclude, func(m string) bool { return name == m || strings.HasPrefix(name, m+".") })
	})
	if err != nil {
		t.Fatal(err)
	}
	var o compare.Outputs
	for _, x := range inputs {
		if err := o.Add(make([]string, x.Dim(0)), nil, logits(t, float, x), logits(t, g, x)); err != nil {
			t.Fatal(err)
		}
	}
	if o.SQNR != trial.SQNR || o.Agreement != trial.Agreement {
		t.Errorf("without %v: %v dB, %v %%; the whole graph gives %v dB, %v %%", trial.Exclude, trial.SQNR, trial.Agreement, o.SQNR, o.Agreement)
	}
}

func logits(t *testing.T, g *graph.Graph, x *tensor.Tensor) *tensor.Tensor {
	t.Helper()
	p, err := engine.Compile(g, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	y, err := p.NewSession().Run(context.Background(), x)
	if err != nil {
		t.Fatal(err)
	}
	return y[0]
}

func TestNothingIsProposedWhereNothingHelps(t *testing.T) {
	inputs := smallInputs(4)
	float := small(t)
	g, err := compare.Excluding(float, float, func(string) bool { return false }) // all float
	if err != nil {
		t.Fatal(err)
	}
	found, err := compare.FindExclusions(context.Background(), float, g, layersOf(t, float, g, inputs), compare.Each(inputs), compare.Options{})
	if err != nil || found.Proposal != nil || len(found.Trials) != 0 || found.Agreement != 100 {
		t.Errorf("%+v, %v", found, err)
	}
}

// Auxiliary heads, chunks, squeeze-and-excitation: whatever the structure, layers
// are compared, and every trial is a graph that runs.
func TestEveryStructureIsCompared(t *testing.T) {
	archs := []string{"shufflenet_v2_x0_5", "mobilenet_v3_small"}
	if !testing.Short() {
		archs = append(archs, "mobilenet_v2", "googlenet+transform_input")
	}
	for _, arch := range archs {
		t.Run(arch, func(t *testing.T) {
			inputs := []*tensor.Tensor{hashweights.Images(2, 3, 33, 1)}
			float := fused(t, arch, hashweights.Model{Seed: 3})
			g, _ := convert(t, float, "torchvision", quant.FBGEMM, inputs)
			layers := layersOf(t, float, g, inputs)
			if len(layers) != len(float.Running().Nodes) {
				t.Errorf("%d layers of %d nodes", len(layers), len(float.Running().Nodes))
			}
			found, err := compare.FindExclusions(context.Background(), float, g, layers, compare.Each(inputs), compare.Options{})
			if err != nil || len(found.Trials) < 7 {
				t.Fatalf("%+v, %v", found, err)
			}
			equalsWhole(t, float, g, found.Trials[0], inputs)
			equalsWhole(t, float, g, found.Trials[len(found.Trials)-1], inputs)
			activations, err := compare.Activations(context.Background(), float, []compare.Rival{{Graph: g}}, compare.Each(inputs), compare.Options{})
			if err != nil || len(activations) < 20 {
				t.Errorf("%d activations, %v", len(activations), err)
			}
		})
	}
}
