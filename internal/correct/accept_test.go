package correct

import (
	"context"
	"slices"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// changed lists the layers of g whose bias is not that of int8.
func changed(t *testing.T, int8, g *graph.Graph) []string {
	t.Helper()
	var names []string
	for _, n := range g.Nodes {
		was, ok := int8.Node(n.Name)
		if op.WeightOf(n) == nil || !ok {
			continue
		}
		if len(was.Inputs) != len(n.Inputs) || len(n.Inputs) > 2 && !slices.Equal(was.Inputs[2].Data.Float32s(), n.Inputs[2].Data.Float32s()) {
			names = append(names, n.Name)
		}
	}
	return names
}

// Only the biases with which the outputs come closer are corrected, whichever layers these are.
func TestBiasesAreCorrectedWhereItHelps(t *testing.T) {
	r := testseed.Rand(t)
	g := network(r, quant.NoActivation)
	int8, samples, _ := converted(t, g, r, 8)
	whole, err := Run(t.Context(), g, int8, samples, Options{Bias: true})
	if err != nil {
		t.Fatal(err)
	}
	all := changed(t, int8, whole.Graph)
	if len(all) != 4 || !slices.Equal(all, whole.BiasLayers) {
		t.Fatalf("%q changed, of %q", all, whole.BiasLayers)
	}
	for set := range 1 << len(all) {
		good := func(name string) bool { return set>>slices.Index(all, name)&1 == 1 }
		var want []string
		for _, name := range all {
			if good(name) {
				want = append(want, name)
			}
		}
		made, err := Run(t.Context(), g, int8, samples, Options{Bias: true, Judge: func(_ context.Context, g *graph.Graph) ([]float64, error) {
			points := 0.0
			for _, name := range changed(t, int8, g) {
				if good(name) {
					points++
				} else {
					points -= 10
				}
			}
			return []float64{points, 2 * points}, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		biases := int64(0)
		if good(all[2]) { // the layer without a bias
			biases = 4 * 12
		}
		if got := changed(t, int8, made.Graph); !slices.Equal(got, want) || !slices.Equal(made.BiasLayers, want) || made.Biases != biases {
			t.Errorf("%q are changed and %q said to be, with %d new bytes; of use are %q", got, made.BiasLayers, made.Biases, want)
		}
		if len(want) == 0 && len(made.Graph.Params) != len(int8.Params) {
			t.Errorf("%d parameters without a correction; there were %d", len(made.Graph.Params), len(int8.Params))
		}
	}
}

// What a range cuts off is not made up for: of codes and weights that are exact, no bias moves.
func TestCutOffValuesMoveNoBias(t *testing.T) {
	g := graph.New("cut")
	x := g.AddNode("x.codes", op.Quantize{}, g.AddInput("x", graph.Float32))
	y := g.AddNode("y", op.Linear{}, x, g.AddConst("w", tensor.Of([]float32{1, -2, 3, 127}, 2, 2)), g.AddConst("b", tensor.Of([]float32{5, 6}, 2)))
	g.Outputs = []*graph.Value{g.AddNode("z", op.Dequantize{}, y)}
	q, err := quant.ParseQConfig("octet", quant.FBGEMM)
	if err != nil {
		t.Fatal(err)
	}
	p, err := ptq.Prepare(g, q, ptq.Options{})
	if err != nil {
		t.Fatal(err)
	}
	one := tensor.Affine(1, 0)
	int8, _, err := ptq.ConvertTrained(p, ptq.Trained{
		Activations: map[string]*tensor.QParams{"x.codes": one, "y": tensor.Affine(200, 100)},
		Weights:     map[string]*tensor.QParams{"y": one},
	}, quant.FBGEMM)
	if err != nil {
		t.Fatal(err)
	}
	samples := [][]*tensor.Tensor{{tensor.Of([]float32{3, 200}, 1, 2)}, {tensor.Of([]float32{1000, -40}, 1, 2)}}
	made, err := Run(t.Context(), g, int8, samples, Options{Bias: true})
	if err != nil || len(made.BiasLayers) != 1 {
		t.Fatalf("%+v, %v", made, err)
	}
	n, _ := made.Graph.Node("y")
	if got := n.Inputs[2].Data.Float32s(); got[0] != 5 || got[1] != 6 {
		t.Errorf("the bias is %v; what is cut off is no reason to change it", got)
	}
}
