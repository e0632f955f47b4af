package engine

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/randomgraph"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// blockOfCodes is a transformer encoder block whose products, residuals and GELU are on
// codes of type dtype; only the softmax between two products is in float32.
func blockOfCodes(b *randomgraph.Builder, dtype tensor.DType, width, heads int) *graph.Graph {
	x := b.Moved("tokens", op.Transpose{Perm: []int{0, 2, 1}}, b.Moved("flatten", op.Flatten{Start: 2, End: -1}, b.Input())[0])[0]
	parts := b.Moved("split", op.Split{Axis: -1, Sizes: []int{width, width, width}}, b.Linear(x, width, 3*width))
	head := func(v *graph.Value, perm ...int) *graph.Value {
		v = b.Moved("heads", op.Reshape{Shape: []int{0, 0, heads, width / heads}, KeepZero: true}, v)[0]
		return b.Moved("transpose", op.Transpose{Perm: perm}, v)[0]
	}
	scores := b.Node("scores", op.MatMul{}, b.Quantum(), head(parts[0], 0, 2, 1, 3), head(parts[1], 0, 2, 3, 1))
	softmax := b.Float("softmax", op.Softmax{Axis: -1}, b.Real(scores))
	attention := b.Node("attention", op.Quantize{}, graph.Type{DType: dtype, Q: quant.UnitInterval(dtype)}, softmax)
	h := b.Node("context", op.MatMul{}, b.Quantum(), attention, head(parts[2], 0, 2, 1, 3))
	h = b.Moved("transpose", op.Transpose{Perm: []int{0, 2, 1, 3}}, h)[0]
	h = b.Moved("join", op.Reshape{Shape: []int{0, 0, width}, KeepZero: true}, h)[0]
	x = b.Add(b.Linear(h, width, width), x)
	h = b.Unary(op.GELU{}, b.Linear(x, width, 4*width))
	return b.Finish(b.Add(x, b.Linear(h, 4*width, width)))
}

// A transformer block on codes has a kernel for every node, allocates nothing, and has the
// same bits on every CPU and at any number of threads. Each result on codes is the
// operator's of the operands that the run had.
func TestTransformerBlockOfCodes(t *testing.T) {
	r := testseed.Rand(t)
	for dtype, numerics := range variants {
		if dtype == tensor.Float32 {
			continue
		}
		g := blockOfCodes(randomgraph.New(r, "block of codes", dtype, numerics), dtype, 24, 3)
		x := randomgraph.Image(r, 2, 24, 5, 7)
		var first map[string]*tensor.Tensor
		for _, e := range engines()[1:] {
			eng, err := e.make(g)
			if err != nil {
				t.Fatal(err)
			}
			s := eng.(*Session)
			got := tapped(t, s, x)
			if first == nil {
				first = got
				hasKernels(t, s, x.Shape())
				equalOperators(t, g, got)
				allocatesNothing(t, g, 24, 5, 7)
			}
			for name, y := range first {
				if !bytes.Equal(y.Bytes(), got[name].Bytes()) {
					t.Fatalf("%v %v, %s: %s has other values", dtype, numerics, e.name, name)
				}
			}
		}
	}
}

// tapped are the results of all nodes, and the input.
func tapped(t *testing.T, s *Session, x *tensor.Tensor) map[string]*tensor.Tensor {
	t.Helper()
	got := map[string]*tensor.Tensor{s.p.g.Inputs[0].Name: x}
	_, err := s.RunTapped(context.Background(), func(v *graph.Value, y *tensor.Tensor) error {
		got[v.Name] = y
		return nil
	}, x)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func hasKernels(t *testing.T, s *Session, shape tensor.Shape) {
	t.Helper()
	plan, err := s.p.Plan(shape)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range plan {
		if n.Kernel == "operator" {
			t.Errorf("%s is left to its operator: %s", n.Node.Name, n.Reason)
		}
	}
}

// equalOperators evaluates each node that gives codes on the values of a run.
func equalOperators(t *testing.T, g *graph.Graph, values map[string]*tensor.Tensor) {
	t.Helper()
	for _, n := range g.Nodes {
		if !n.Output().Type.DType.IsQuantized() {
			continue
		}
		var in []*tensor.Tensor
		for _, v := range n.Inputs {
			if v.Role == graph.Parameter {
				in = append(in, v.Data)
			} else {
				in = append(in, values[v.Name])
			}
		}
		var out []graph.Type
		for _, v := range n.Outputs {
			out = append(out, graph.TypeOf(values[v.Name]))
		}
		want, err := n.Op.Eval(graph.Context{Numerics: g.Numerics}, in, out)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range n.Outputs {
			equal(t, fmt.Sprintf("%s (%s)", v.Name, n.Op.Kind()), values[v.Name], want[i])
		}
	}
}
