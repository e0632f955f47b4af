package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/randomgraph"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Inputs reach memory by several ways: read by a quantization where they are,
// transposed, or copied. All must give what the reference gives.
func TestInputs(t *testing.T) {
	r := testseed.Rand(t)
	uses := map[string]func(b *randomgraph.Builder) *graph.Graph{
		"only quantized": func(b *randomgraph.Builder) *graph.Graph { return b.Finish(b.Input()) },
		"quantized twice": func(b *randomgraph.Builder) *graph.Graph {
			x := b.Input()
			y := b.Node("quant", op.Quantize{}, b.Quantum(), x.Node.Inputs[0])
			return b.Finish(x, y)
		},
		"also computed with": func(b *randomgraph.Builder) *graph.Graph {
			g := b.Finish(b.Input())
			g.Outputs = append(g.Outputs, b.Node("clamp", op.Clamp{Act: quant.ReLU}, graph.Float32, g.Inputs[0]))
			return g
		},
		"also an output": func(b *randomgraph.Builder) *graph.Graph {
			g := b.Finish(b.Input())
			g.Outputs = append(g.Outputs, g.Inputs[0])
			return g
		},
	}
	for _, name := range slices.Sorted(maps.Keys(uses)) { // in one order, so that a seed brings its draws back
		build := uses[name]
		for i, size := range [][]int{{1, 3, 40, 41}, {3, 3, 9, 7}, {2, 1, 5, 5}, {1, 5, 33, 35}, {3, 2, 70, 71}, {2, 3, 1, 1}} {
			dtype := []tensor.DType{tensor.QUInt8, tensor.QInt8, tensor.Float32}[i%3]
			t.Run(fmt.Sprintf("%s/%v %v", name, size, dtype), func(t *testing.T) {
				g := build(randomgraph.New(r, "inputs", dtype, quant.FBGEMM))
				ref, err := Reference(g)
				if err != nil {
					t.Fatal(err)
				}
				x := randomgraph.Image(r, size...)
				want, err := ref.Run(context.Background(), x)
				if err != nil {
					t.Fatal(err)
				}
				for _, opts := range []Options{{Threads: 1}, {Threads: 2}, {Threads: 3, CPU: "none"}} {
					s := session(t, g, opts)
					for range 2 {
						got, err := s.Run(context.Background(), x)
						if err != nil {
							t.Fatal(err)
						}
						for i := range want {
							equal(t, g.Outputs[i].Name, got[i], want[i])
						}
					}
					observedAlike(t, s, ref, g.Inputs[0], x)
				}
			})
		}
	}
}

// observedAlike compares what is seen of value v.
func observedAlike(t *testing.T, a, b Engine, v *graph.Value, x *tensor.Tensor) {
	t.Helper()
	var seen [2][]float32
	for i, e := range []Engine{a, b} {
		err := e.RunObserved(context.Background(), map[*graph.Value]bool{v: true}, func(_ *graph.Value, data []float32, _ tensor.Shape) error {
			seen[i] = slices.Clone(data)
			return nil
		}, x)
		if err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(seen[0], seen[1]) {
		t.Errorf("%s is observed as other numbers", v.Name)
	}
}
