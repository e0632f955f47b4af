package ptq_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/ptq"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// A transposed convolution becomes int8 with one scale for its weight, whatever convolutions
// have, and stays close to float.
func TestTransposedConvolutionsHaveOneScale(t *testing.T) {
	r := testseed.Rand(t)
	g := graph.New("upsampling")
	one, two := [2]int{1, 1}, [2]int{2, 2}
	v := g.AddNode("quant", op.Quantize{}, g.AddInput("x", graph.Float32))
	v = g.AddNode("conv", op.Conv2D{Stride: one, Padding: one, Dilation: one, Groups: 1, Act: quant.ReLU}, v, normal(r, g, "conv.weight", 8, 1, 3, 3))
	v = g.AddNode("up", op.ConvTranspose2D{Stride: two, Dilation: one, Groups: 2}, v, normal(r, g, "up.weight", 8, 3, 2, 2), normal(r, g, "up.bias", 6))
	g.Outputs = []*graph.Value{g.AddNode("dequant", op.Dequantize{}, v)}
	q, err := quant.ParseQConfig("default", quant.FBGEMM)
	if err != nil {
		t.Fatal(err)
	}
	p, err := ptq.Prepare(g, q, ptq.Options{})
	if err != nil {
		t.Fatal(err)
	}
	int8, report, err := ptq.Convert(p, calibrate(t, p, 4, ptq.CalibrateOptions{}), quant.FBGEMM)
	if err != nil {
		t.Fatal(err)
	}
	conv, _ := int8.Param("conv.weight")
	up, _ := int8.Param("up.weight")
	if report.FloatNodes != 0 || conv.Type.Q.IsPerTensor() || up.Type.DType != tensor.QInt8 || !up.Type.Q.IsPerTensor() {
		t.Errorf("%d float nodes, weights of types %v and %v", report.FloatNodes, conv.Type, up.Type)
	}
	want, got := run(t, g, smallBatch(0)).Float32s(), run(t, int8, smallBatch(0)).Float32s()
	signal, noise := 0.0, 0.0
	for i, v := range want {
		signal += float64(v) * float64(v)
		noise += math.Pow(float64(v-got[i]), 2)
	}
	const bound = 25 // dB; 7 bits of activations give more than 30 for one layer
	if db := 10 * math.Log10(signal/noise); db < bound {
		t.Errorf("%.1f dB", db)
	}
}

// normal adds a parameter of normally distributed numbers.
func normal(r *rand.Rand, g *graph.Graph, name string, shape ...int) *graph.Value {
	x := make([]float32, tensor.Shape(shape).Numel())
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return g.AddConst(name, tensor.Of(x, shape...))
}
