package rewrite_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/rewrite"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// A constant behind the sums of a layer on codes becomes its bias, with the same bits; not where
// the sums have another reader, or the constant is added to rows.
func TestBiasOfSums(t *testing.T) {
	r := testseed.Rand(t)
	const in, out, rows = 24, 7, 5
	x := tensor.New(tensor.Float32, 2, rows, in)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(r.NormFloat64())
	}
	codes := make([]int8, out*in)
	for i := range codes {
		codes[i] = int8(r.IntN(255) - 127)
	}
	bias := make([]float32, out)
	for i := range bias {
		bias[i] = float32(r.NormFloat64())
	}
	for _, numerics := range []quant.Numerics{quant.FBGEMM, quant.QNNPACK, quant.OneDNN, quant.ONNX} {
		layer := func(read bool, added *tensor.Tensor) *graph.Graph {
			g := graph.New("layer")
			g.Numerics = numerics
			q := g.AddNode("q", op.Quantize{}, g.AddInput("x", graph.Float32))
			q.Type = graph.Type{DType: tensor.QUInt8, Q: tensor.Affine(0.03, 120)}
			w := g.AddNode("wdq", op.Dequantize{}, g.AddConst("w", tensor.OfQuantized(codes, tensor.Affine(0.01, 0), out, in)))
			sums := g.AddNode("sums", op.Linear{}, g.AddNode("dq", op.Dequantize{}, q), w)
			operands := []*graph.Value{sums, g.AddConst("b", added)}
			if r.IntN(2) == 0 {
				operands[0], operands[1] = operands[1], operands[0]
			}
			g.Outputs = []*graph.Value{g.AddNode("y", op.Add{Act: quant.ReLU}, operands...)}
			if read {
				g.Outputs = append(g.Outputs, sums)
			}
			g, err := rewrite.Integers(g)
			if err != nil {
				t.Fatal(err)
			}
			return g
		}
		run := func(g *graph.Graph) *tensor.Tensor {
			p, err := engine.Compile(g, engine.Options{Threads: 1})
			if err != nil {
				t.Fatal(err)
			}
			y, err := p.NewSession().Run(context.Background(), x)
			if err != nil {
				t.Fatal(err)
			}
			return y[0]
		}
		joined, apart := layer(false, tensor.Of(bias, out)), layer(true, tensor.Of(bias, out))
		if len(joined.Nodes) != 2 || len(apart.Nodes) != 3 {
			t.Fatalf("%v: %d nodes; %d where the sums are read", numerics, len(joined.Nodes), len(apart.Nodes))
		}
		if !bytes.Equal(run(joined).Bytes(), run(apart).Bytes()) {
			t.Errorf("%v: other bits", numerics)
		}
		if g := layer(false, tensor.Of(bias[:rows], rows, 1)); len(g.Nodes) != 3 {
			t.Errorf("%v: what is added to rows became a bias", numerics)
		}
	}
}
