package correct

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// weights are the codes of every layer of a graph.
func weights(g *graph.Graph) map[string][]int8 {
	w := map[string][]int8{}
	for _, n := range g.Nodes {
		if v := op.WeightOf(n); v != nil {
			w[n.Name] = v.Data.Int8s()
		}
	}
	return w
}

// TestRoundingIsGPTQ holds the codes of the first layer against GPTQ as its article has it,
// with the inverse of H, on windows that are gathered one by one.
func TestRoundingIsGPTQ(t *testing.T) {
	r := testseed.Rand(t)
	of := 0.0 // what the sums are off by, as a part of what they are with the next codes
	for range draws {
		nearest, adaptive := holdToGPTQ(t, r)
		of += adaptive / nearest / draws
	}
	if of > 1 {
		t.Errorf("the sums are off by %g of what they are with the next codes", of)
	}
}

// holdToGPTQ holds one network, and returns by how much its sums are off with the next codes,
// and with those chosen: rounding in order loses less in the mean, not in every draw.
func holdToGPTQ(t *testing.T, r *rand.Rand) (nearest, adaptive float64) {
	t.Helper()
	g := network(r, quant.ReLU)
	made8, samples, codes := converted(t, g, r, 6)
	made, err := Run(t.Context(), g, made8, samples, Options{Round: true, Codes: codes})
	if err != nil {
		t.Fatal(err)
	}
	layer := layersOf(g, made8)[0]
	windows := allWindows(t, layer.node, samples)
	columns := len(windows[0])
	h := make([][]float64, columns)
	mean := 0.0
	for i := range h {
		h[i] = make([]float64, columns)
		for _, w := range windows {
			for j := range h[i] {
				h[i][j] += w[i] * w[j]
			}
		}
		mean += h[i][i] / float64(columns)
	}
	order := make([]int, columns)
	squares := make([]int64, columns)
	for i := range order {
		order[i], squares[i] = i, int64(h[i][i])
		h[i][i] += damping * mean
	}
	byWeight(order, squares)
	inverse := inverted(h)
	before, after := weights(made8)[layer.node.Name], weights(made.Graph)[layer.node.Name]
	changed := 0
	for o := range 8 {
		scale, zero := scaleOf(layer.node.Inputs[1].Data.QParams(), o)
		w := make([]float64, columns)
		for k, v := range layer.float.Inputs[1].Data.Float32s()[o*columns:][:columns] {
			w[k] = float64(v) / scale
		}
		left := clone(inverse)
		for _, k := range order {
			code := min(max(math.RoundToEven(w[k])+float64(zero), float64(codes.Min)), float64(codes.Max))
			if got := after[o*columns+k]; float64(got) != code {
				t.Errorf("output %d, column %d: code %d, GPTQ has %g", o, k, got, code)
			}
			if before[o*columns+k] != after[o*columns+k] {
				changed++
			}
			lost := (w[k] - (code - float64(zero))) / left[k][k]
			for j := range w {
				w[j] -= lost * left[k][j]
			}
			eliminate(left, k)
		}
	}
	if changed == 0 {
		t.Error("no code is another than the next one")
	}
	cost := func(codes []int8) (sum float64) {
		for o := range 8 {
			scale, zero := scaleOf(layer.node.Inputs[1].Data.QParams(), o)
			for _, w := range windows {
				lost := 0.0
				for k, x := range w {
					lost += x * (float64(layer.float.Inputs[1].Data.Float32s()[o*columns+k]) - scale*float64(int64(codes[o*columns+k])-zero))
				}
				sum += lost * lost
			}
		}
		return sum
	}
	return cost(before), cost(after)
}

// allWindows are those of the inputs of a layer behind Quantize alone.
func allWindows(t *testing.T, n *graph.Node, samples [][]*tensor.Tensor) (all [][]float64) {
	t.Helper()
	o, shape, q := n.Op.(op.Conv2D), n.Inputs[1].Type.Shape, n.Inputs[0].Type.Q
	for _, s := range samples {
		x, err := quant.QuantizePerTensor(s[0], q.Scale(), q.ZeroPoint(), tensor.QUInt8)
		if err != nil {
			t.Fatal(err)
		}
		types, err := o.Infer([]graph.Fact{{Type: graph.TypeOf(x)}, {Type: n.Inputs[1].Type}})
		if err != nil {
			t.Fatal(err)
		}
		in := x.Shape()
		for y := range types[0].Shape[2] {
			for z := range types[0].Shape[3] {
				var w []float64
				for k := range shape[1:].Numel() {
					c, dy, dx := k/(shape[2]*shape[3]), k/shape[3]%shape[2], k%shape[3]
					row, column := y*o.Stride[0]+dy*o.Dilation[0]-o.Padding[0], z*o.Stride[1]+dx*o.Dilation[1]-o.Padding[1]
					v := 0.0
					if row >= 0 && row < in[2] && column >= 0 && column < in[3] {
						v = float64(x.Uint8s()[(c*in[2]+row)*in[3]+column]) - float64(q.ZeroPoint())
					}
					w = append(w, v)
				}
				all = append(all, w)
			}
		}
	}
	return all
}

func clone(m [][]float64) [][]float64 {
	c := make([][]float64, len(m))
	for i := range m {
		c[i] = slices.Clone(m[i])
	}
	return c
}

// eliminate takes row and column k out of an inverse.
func eliminate(m [][]float64, k int) {
	row, d := slices.Clone(m[k]), m[k][k]
	for i := range m {
		f := m[i][k] / d
		for j := range m {
			m[i][j] -= f * row[j]
		}
	}
}

// inverted is the inverse of a matrix, by Gauss and Jordan.
func inverted(m [][]float64) [][]float64 {
	m = clone(m)
	inverse := make([][]float64, len(m))
	for i := range inverse {
		inverse[i] = make([]float64, len(m))
		inverse[i][i] = 1
	}
	for k := range m {
		d := m[k][k]
		for j := range m {
			m[k][j] /= d
			inverse[k][j] /= d
		}
		for i := range m {
			if i == k {
				continue
			}
			f := m[i][k]
			for j := range m {
				inverse[i][j] -= f * inverse[k][j]
				m[i][j] -= f * m[k][j]
			}
		}
	}
	return inverse
}

// TestRoundingHasOneResult, whatever the number of threads.
func TestRoundingHasOneResult(t *testing.T) {
	r := testseed.Rand(t)
	g := network(r, quant.ReLU)
	made8, samples, codes := converted(t, g, r, 24)
	var first map[string][]int8
	for _, threads := range []int{1, 2, 5} {
		var last, of int
		made, err := Run(t.Context(), g, made8, samples, Options{Round: true, Codes: codes, Threads: threads, Progress: func(done, n int) { last, of = done, n }})
		if err != nil {
			t.Fatal(err)
		}
		if last != 4 || of != 4 {
			t.Errorf("progress ended at %d of %d", last, of)
		}
		w := weights(made.Graph)
		if first == nil {
			first = w
		}
		for name, c := range w {
			if !slices.Equal(c, first[name]) {
				t.Errorf("%s: other codes with %d threads", name, threads)
			}
			for _, code := range c {
				if int64(code) < codes.Min || int64(code) > codes.Max {
					t.Fatalf("%s: code %d is outside of %v", name, code, codes)
				}
			}
		}
	}
}

func TestCorrectionEndsWithItsContext(t *testing.T) {
	r := testseed.Rand(t)
	g := network(r, quant.ReLU)
	made8, samples, codes := converted(t, g, r, 2)
	for _, o := range []Options{{Round: true, Codes: codes}, {Bias: true}} {
		ctx, cancel := context.WithCancel(t.Context())
		o.Progress = func(int, int) { cancel() }
		if _, err := Run(ctx, g, made8, samples, o); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	}
}
