package compare_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/compare"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// linear is a graph of one linear layer.
func linear(w *tensor.Tensor) *graph.Graph {
	g := graph.New("linear")
	g.Numerics = quant.FBGEMM
	x := g.AddInput("x", graph.Float32)
	y := g.AddNode("fc", op.Linear{}, x, g.AddConst("fc.weight", w))
	g.Outputs = []*graph.Value{y}
	return g
}

func TestWeightsOfKnownNumbers(t *testing.T) {
	// Three channels: the widest decides the one scale, the second gets 8 steps of
	// it, the last but seven; a fourth has no weights at all.
	w := tensor.Of([]float32{
		-1, 127. / 128,
		0.0625, -0.03125,
		0.0546875, 0,
		0, 0,
	}, 4, 2)
	perTensor, err := quant.QuantizePerTensor(w, 1./128, 0, tensor.QInt8)
	if err != nil {
		t.Fatal(err)
	}
	perChannel, err := quant.QuantizePerChannel(w, []float64{1. / 64, 1. / 1024, 1. / 2048, 1}, []int64{0, 0, 0, 0}, 0, tensor.QInt8)
	if err != nil {
		t.Fatal(err)
	}
	all, err := compare.WeightsOf(linear(w), []*graph.Graph{linear(perTensor), linear(w), linear(perChannel)})
	if err != nil || len(all) != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	g := all[0]
	if diff := cmp.Diff([][]float32{{-1, -0.03125, 0, 0}, {127. / 128, 0.0625, 0.0546875, 0}}, [][]float32{g.Min, g.Max}); diff != "" {
		t.Errorf("ranges (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]int{4, 2}, g.Shape); diff != "" || g.Node != "fc" || g.Forms[1] != nil {
		t.Errorf("%+v\n%s", g, diff)
	}
	if f := g.Forms[0]; f.PerChannel || f.SQNR.Known() || f.Coarse != 1 {
		t.Errorf("per tensor: %+v", f)
	}
	// With a scale of 1/64, 127/128 becomes 64/64: an error of 1/128.
	f := g.Forms[2]
	signal := 1 + 127.*127/128/128 + 0.0625*0.0625 + 0.03125*0.03125 + 0.0546875*0.0546875
	near(t, "SQNR", float64(f.SQNR), 10*math.Log10(signal*128*128), float64Bound)
	if !f.PerChannel || f.Coarse != 0 {
		t.Errorf("per channel: %+v", f)
	}
	if _, err := compare.WeightsOf(linear(w), []*graph.Graph{linear(tensor.NewQuantized(tensor.QInt8, tensor.Affine(1, 0), 3, 2))}); err == nil {
		t.Error("weights of other shapes are compared")
	}
}
