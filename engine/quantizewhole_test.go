package engine

import (
	"bytes"
	"context"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Long runs are shared by several threads, whose results are the operator's.
func TestLongRunsOfScales(t *testing.T) {
	r := testseed.Rand(t)
	const rows, length = 2, 2*shortest + 100
	x := tensor.New(tensor.Float32, rows, length)
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(r.NormFloat64() * 100)
	}
	for _, c := range []struct {
		s     op.Scaling
		shape tensor.Shape
	}{{op.Scaling{}, tensor.Shape{}}, {op.Scaling{Axis: 1}, tensor.Shape{length}}, {op.Scaling{}, tensor.Shape{rows}},
		{op.Scaling{Axis: 1, Block: 7}, tensor.Shape{rows, divUp(length, 7)}}} {
		scale, zero := tensor.New(tensor.Float32, c.shape...), tensor.New(tensor.Int64, c.shape...)
		for i := range scale.Float32s() {
			scale.Float32s()[i], zero.Int64s()[i] = float32(0.5+r.Float64()), int64(r.IntN(20))
		}
		g := graph.New("long")
		g.Numerics = quant.ONNX
		in := []*graph.Value{g.AddInput("x", graph.Float32), g.AddConst("scale", scale), g.AddConst("zero", zero)}
		codes := g.AddNode("codes", op.QuantizeWhole{Scaling: c.s, Lo: -100, Hi: 100}, in...)
		reals := g.AddNode("reals", op.DequantizeWhole{Scaling: c.s}, codes, in[1], in[2])
		g.Outputs = []*graph.Value{codes, reals}
		eval := func(n *graph.Node, x *tensor.Tensor, to tensor.DType) *tensor.Tensor {
			y, err := n.Op.Eval(graph.Context{Numerics: quant.ONNX}, []*tensor.Tensor{x, scale, zero}, []graph.Type{{DType: to, Shape: x.Shape()}})
			if err != nil {
				t.Fatal(err)
			}
			return y[0]
		}
		wantCodes := eval(codes.Node, x, tensor.Int64)
		wantReals := eval(reals.Node, wantCodes, tensor.Float32)
		for threads := 1; threads <= 3; threads++ {
			p, err := Compile(g, Options{Threads: threads})
			if err != nil {
				t.Fatal(err)
			}
			y, err := p.NewSession().Run(context.Background(), x)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(y[0].Bytes(), wantCodes.Bytes()) || !bytes.Equal(y[1].Bytes(), wantReals.Bytes()) {
				t.Errorf("%+v with scales %v on %d threads: other results than the operator's", c.s, c.shape, threads)
			}
		}
		if f, err := (rescaled[float32, int64]{Scaling: c.s}).fix([]desc{{Type: graph.TypeOf(x)}, {Type: graph.TypeOf(scale)}},
			[]desc{{Type: graph.Type{DType: tensor.Int64, Shape: x.Shape()}}}, 2); err != nil || f.(fixedRescaled[float32, int64]).count < 2 {
			t.Errorf("%+v with scales %v is one piece: %v", c.s, c.shape, err)
		}
	}
}
