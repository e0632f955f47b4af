package engine_test

import (
	"context"
	"fmt"

	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// A linear layer on codes: quantize, multiply, dequantize.
func ExampleCompile() {
	g := graph.New("layer")
	g.Numerics = quant.FBGEMM
	x := g.AddInput("x", graph.Float32)
	q := g.AddNode("quant", op.Quantize{}, x)
	q.Type = graph.Type{DType: tensor.QUInt8, Q: tensor.Affine(0.5, 10)}
	w := g.AddConst("fc.weight", tensor.OfQuantized([]int8{1, 2, -1, 0}, tensor.Affine(1, 0), 2, 2))
	y := g.AddNode("fc", op.Linear{}, q, w)
	y.Type = graph.Type{DType: tensor.QUInt8, Q: tensor.Affine(1, 100)}
	g.Outputs = []*graph.Value{g.AddNode("dequant", op.Dequantize{}, y)}

	p, err := engine.Compile(g, engine.Options{CPU: "none"})
	if err != nil {
		panic(err)
	}
	out, err := p.NewSession().Run(context.Background(), tensor.Of([]float32{1, 2, -3, 4}, 2, 2))
	if err != nil {
		panic(err)
	}
	fmt.Println(out[0], out[0].Float32s())
	plan, err := p.Plan(tensor.Shape{2, 2})
	if err != nil {
		panic(err)
	}
	for _, n := range plan {
		fmt.Println(n.Node.Name, n.Kernel, n.MACs)
	}
	// Output:
	// float32[2, 2] [5 -1 5 3]
	// quant quantize_f32x8_go 0
	// fc gemm_u8s8_4x4_go 8
	// dequant dequantize_x8f32_go 0
}
