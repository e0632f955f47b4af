package compare_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/internal/hashweights"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

func layersOf(t *testing.T, want, got *graph.Graph, inputs []*tensor.Tensor) []compare.Layer {
	t.Helper()
	layers, err := compare.Layers(context.Background(), want, got, compare.Each(inputs), compare.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return layers
}

// tapped computes g operator by operator.
func tapped(t *testing.T, g *graph.Graph, x *tensor.Tensor) map[string]*tensor.Tensor {
	t.Helper()
	e, err := engine.Reference(g)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]*tensor.Tensor{g.Inputs[0].Name: x}
	if _, err := e.RunTapped(context.Background(), func(v *graph.Value, t *tensor.Tensor) error {
		values[v.Name] = t
		return nil
	}, x); err != nil {
		t.Fatal(err)
	}
	return values
}

func real(t *testing.T, x *tensor.Tensor) []float32 {
	t.Helper()
	if !x.DType().IsQuantized() {
		return x.Float32s()
	}
	y, err := quant.Dequantize(x)
	if err != nil {
		t.Fatal(err)
	}
	return y.Float32s()
}

// alone evaluates one node on codes of exact inputs, from the definitions.
func alone(t *testing.T, g *graph.Graph, n *graph.Node, exact map[string]*tensor.Tensor) *tensor.Tensor {
	t.Helper()
	in := make([]*tensor.Tensor, len(n.Inputs))
	for i, v := range n.Inputs {
		in[i] = v.Data
		if v.Role != graph.Parameter {
			var err error
			if in[i] = exact[v.Name]; v.Type.Q != nil {
				in[i], err = quant.QuantizePerTensor(in[i], v.Type.Q.Scale(), v.Type.Q.ZeroPoint(), v.Type.DType)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	types, err := n.Op.Infer(graph.FactsOf(in...))
	if err != nil {
		t.Fatal(err)
	}
	out := n.Output().Type
	out.Shape = types[0].Shape
	y, err := n.Op.Eval(graph.Context{Numerics: g.Numerics}, in, []graph.Type{out})
	if err != nil {
		t.Fatal(err)
	}
	return y[0]
}

// Every ratio is what the definitions at the package give, computed naively.
func TestLayersFollowTheDefinitions(t *testing.T) {
	inputs := smallInputs(2)
	float := small(t)
	g, _ := convert(t, float, "torchvision", quant.QNNPACK, inputs)
	layers := layersOf(t, float, g, inputs)
	if len(layers) != len(float.Nodes) {
		t.Fatalf("%d layers of %d nodes", len(layers), len(float.Nodes))
	}
	for _, l := range layers {
		n, _ := g.Node(l.Node)
		var accumulated, isolated, introduced compare.Noise
		for _, x := range inputs {
			exact, got := tapped(t, float, x), tapped(t, g, x)
			want := exact[l.Node].Float32s()
			accumulated.Add(want, real(t, got[l.Node]))
			isolated.Add(want, real(t, alone(t, g, n, exact)))
			introduced.Add(want, real(t, exactInputs(t, g, n, exact)))
		}
		near(t, l.Node+" accumulated", float64(l.Accumulated), float64(accumulated.Decibels()), naiveBound)
		if !l.Int8 {
			continue
		}
		near(t, l.Node+" isolated", float64(l.Isolated), float64(isolated.Decibels()), naiveBound)
		switch l.Op {
		case "max_pool2d", "adaptive_avg_pool2d", "flatten":
			if l.Introduced.Known() || l.Parts.Inputs != 1 {
				t.Errorf("%s adds %v, %+v", l.Node, l.Introduced, l.Parts)
			}
		default:
			near(t, l.Node+" introduced", float64(l.Introduced), float64(introduced.Decibels()), naiveBound)
			near(t, "the parts of "+l.Node, l.Parts.Inputs+l.Parts.Weights+l.Parts.Result, 1, float64Bound)
		}
	}
}

// exactInputs is a node on exact inputs, with its quantized weight and result.
func exactInputs(t *testing.T, g *graph.Graph, n *graph.Node, exact map[string]*tensor.Tensor) *tensor.Tensor {
	t.Helper()
	y := exact[n.Name]
	if _, ok := n.Op.(op.Conv2D); ok || n.Op.Kind() == "linear" {
		w, err := quant.Dequantize(n.Inputs[1].Data)
		if err != nil {
			t.Fatal(err)
		}
		in := []*tensor.Tensor{exact[n.Inputs[0].Name], w, n.Inputs[2].Data}
		results, err := n.Op.Eval(graph.Context{}, in, []graph.Type{graph.TypeOf(y)})
		if err != nil {
			t.Fatal(err)
		}
		y = results[0]
	}
	if n.Output().Type.Q == nil {
		return y
	}
	q, err := quant.QuantizePerTensor(y, n.Output().Type.Q.Scale(), n.Output().Type.Q.ZeroPoint(), n.Output().Type.DType)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// Wherever one layer is damaged, it is the first that is named.
func TestTheDamagedLayerIsGuilty(t *testing.T) {
	r := testseed.Rand(t)
	archs := []string{"fashion_resnet8", "shufflenet_v2_x0_5", "mobilenet_v3_small", "mobilenet_v2", "resnet18"}
	if testing.Short() {
		archs = archs[:2]
	}
	for _, arch := range archs {
		t.Run(arch, func(t *testing.T) {
			channels, size := 3, 33
			if arch == "fashion_resnet8" {
				channels, size = 1, 12
			}
			inputs := []*tensor.Tensor{hashweights.Images(1, channels, size, r.Uint64N(1000))}
			float := fused(t, arch, hashweights.Model{Seed: r.Uint64N(1000)})
			g, _ := convert(t, float, "minmax", quant.FBGEMM, inputs)
			own := owners(g)
			n := own[r.IntN(len(own))]
			t.Logf("damaged: %s", n.Name)
			n.Output().Type.Q = tensor.Affine(n.Output().Type.Q.Scale()*60, n.Output().Type.Q.ZeroPoint())
			follow(g)
			guilty := compare.Guilty(layersOf(t, float, g, inputs))
			if guilty[0].Node != n.Name || guilty[0].Parts.Result < 0.5 {
				t.Errorf("%s is named first: %+v", guilty[0].Node, guilty[0].Parts)
			}
		})
	}
}

// owners are the convolutions and linear layers.
func owners(g *graph.Graph) []*graph.Node {
	var list []*graph.Node
	for _, n := range g.Nodes {
		if k := n.Op.Kind(); (k == "conv2d" || k == "linear") && n.Output().Type.Q != nil {
			list = append(list, n)
		}
	}
	return list
}

// follow gives results the parameters that follow from their inputs'.
func follow(g *graph.Graph) {
	for _, n := range g.Nodes {
		if t, ok := n.Prescribed(); ok && n.Output().Type.Q != nil {
			n.Output().Type.Q = t.Q
		}
	}
}

// The same int8 graph by other rules: nodes alone differ in few codes, by their
// own rules in none.
func TestLayersOfTwoBackends(t *testing.T) {
	inputs := smallInputs(4)
	g, _ := convert(t, small(t), "torchvision", quant.FBGEMM, inputs)
	for _, l := range layersOf(t, g, g, inputs) {
		if l.Accumulated.Known() || l.Isolated.Known() || l.Introduced.Known() || l.Parts != nil {
			t.Errorf("compared with itself, an error was found: %+v", l)
		}
		if l.Int8 && (*l.Differ != 0 || *l.DifferAlone != 0) {
			t.Errorf("compared with itself, codes differ: %+v", l)
		}
	}
	other := g.Clone()
	other.Numerics = quant.QNNPACK
	differ := 0.0
	for _, l := range layersOf(t, g, other, inputs) {
		if !l.Int8 {
			continue
		}
		if *l.DifferAlone > 1 || l.Introduced != l.Isolated && l.Introduced.Known() {
			t.Errorf("%s: %.2f %% of the codes differ when it is alone", l.Node, *l.DifferAlone)
		}
		differ += *l.Differ
	}
	if differ == 0 {
		t.Error("qnnpack's rules change no code")
	}
}

func TestLayersRefuse(t *testing.T) {
	inputs := smallInputs(1)
	float := small(t)
	g, _ := convert(t, float, "torchvision", quant.FBGEMM, inputs)
	stranger := graph.New("stranger")
	stranger.Outputs = []*graph.Value{stranger.AddNode("other", op.Quantize{}, stranger.AddInput("x", graph.Float32))}
	for name, c := range map[string]struct {
		want, got *graph.Graph
		text      string
	}{
		"nothing in common": {float, stranger, "no node in common"},
		"other shapes":      {float, resized(t, g), "compare models of one architecture"},
	} {
		_, err := compare.Layers(context.Background(), c.want, c.got, compare.Each(inputs), compare.Options{})
		if err == nil || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := compare.Layers(ctx, float, g, compare.Each(inputs), compare.Options{}); err == nil {
		t.Error("a cancelled comparison goes on")
	}
}

// resized is g with another stride in its first layer.
func resized(t *testing.T, g *graph.Graph) *graph.Graph {
	t.Helper()
	g = g.Clone()
	n, _ := g.Node("conv1")
	conv := n.Op.(op.Conv2D)
	conv.Stride = [2]int{2, 2}
	n.Op = conv
	return g
}

func TestSplit(t *testing.T) {
	x := tensor.Of([]float32{1, 2, 3, 4, 5, 6}, 3, 1, 1, 2)
	parts := compare.Split(x, 2)
	if fmt.Sprint(parts[0].Float32s(), parts[1].Float32s(), parts[1].Shape(), len(parts)) != "[1 2] [3 4] [1, 1, 1, 2] 2" {
		t.Errorf("%v", parts)
	}
	if len(compare.Split(x, -1)) != 0 || len(compare.Split(x, 9)) != 3 {
		t.Error("the limit is not kept")
	}
}

func BenchmarkLayers(b *testing.B) {
	inputs := []*tensor.Tensor{hashweights.Images(1, 3, 224, 1)}
	float := fused(b, "resnet18", hashweights.Model{Seed: 1})
	g, _ := convert(b, float, "torchvision", quant.FBGEMM, inputs)
	for b.Loop() {
		if _, err := compare.Layers(context.Background(), float, g, compare.Each(inputs), compare.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
