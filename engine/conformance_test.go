package engine

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/randomgraph"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// Every engine must give the values of Reference: codes to the bit, floats as
// close as sums in another order come.
type namedEngine struct {
	name string
	make func(*graph.Graph) (Engine, error)
}

var engines = sync.OnceValue(func() []namedEngine {
	list := []namedEngine{{"reference", Reference}}
	counts := []int{1, 2, 3, 8}
	if testing.Short() {
		counts = []int{1, 3} // and 2, with every level
	}
	for _, threads := range counts {
		list = append(list, namedEngine{fmt.Sprintf("%d threads", threads), compiled(Options{Threads: threads})})
	}
	for _, level := range Levels() {
		list = append(list, namedEngine{level, compiled(Options{Threads: 2, CPU: level})})
	}
	return list
})

func compiled(o Options) func(*graph.Graph) (Engine, error) {
	return func(g *graph.Graph) (Engine, error) {
		p, err := Compile(g, o)
		if err != nil {
			return nil, err
		}
		return p.NewSession(), nil
	}
}

func variants(yield func(tensor.DType, quant.Numerics) bool) {
	_ = yield(tensor.Float32, 0) && yield(tensor.QUInt8, quant.FBGEMM) && yield(tensor.QUInt8, quant.QNNPACK) && yield(tensor.QUInt8, quant.OneDNN) &&
		yield(tensor.QInt8, quant.FBGEMM) && yield(tensor.QUInt8, quant.ONNX) && yield(tensor.QInt8, quant.ONNX)
}

func TestConformance(t *testing.T) {
	r := testseed.Rand(t)
	batches := []int{1, 3, 8}
	if testing.Short() {
		batches = batches[:2]
	}
	for dtype, numerics := range variants {
		for _, c := range randomgraph.Cases {
			t.Run(fmt.Sprintf("%v %v/%s", dtype, numerics, c.Name), func(t *testing.T) {
				g := c.Build(randomgraph.New(r, c.Name, dtype, numerics))
				conform(t, g, randomgraph.Image(r, batches[r.IntN(len(batches))], c.Channels, c.H, c.W))
			})
		}
	}
}

// conform runs x through all engines, whole and in two batches, and compares
// every node.
func conform(t *testing.T, g *graph.Graph, x *tensor.Tensor) {
	t.Helper()
	ctx := context.Background()
	var want, first map[string]*tensor.Tensor
	for _, e := range engines() {
		eng, err := e.make(g)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]*tensor.Tensor{}
		var order []string
		out, err := eng.RunTapped(ctx, func(v *graph.Value, y *tensor.Tensor) error {
			got[v.Name] = y
			order = append(order, v.Name)
			return nil
		}, x)
		if err != nil {
			t.Fatal(e.name, err)
		}
		var results []string
		for _, n := range g.Nodes {
			for _, v := range n.Outputs {
				results = append(results, v.Name)
			}
		}
		if !slices.Equal(order, results) {
			t.Fatalf("%s: tapped %v, the results are %v", e.name, order, results)
		}
		fused, err := eng.Run(ctx, x)
		if err != nil {
			t.Fatal(e.name, err)
		}
		for i, v := range g.Outputs {
			equal(t, e.name+" output", out[i], got[v.Name])
			equal(t, e.name+" output of a run without taps", fused[i], got[v.Name])
		}
		if want == nil {
			want = got
			continue
		}
		for _, name := range results {
			alike(t, fmt.Sprintf("%s: %s", e.name, name), got[name], want[name], boundOf(g))
		}
		if first == nil {
			first = got
		} else if strings.HasSuffix(e.name, "threads") {
			for name := range got {
				equal(t, e.name+" against 1 thread: "+name, got[name], first[name])
			}
		}
		observed(t, e.name, eng, g, x, got)
		parted(t, e.name, eng, g, x, got)
	}
}

// equal demands the same bits.
func equal(t *testing.T, what string, got, want *tensor.Tensor) {
	t.Helper()
	if got.DType() != want.DType() || !got.Shape().Equal(want.Shape()) || !got.QParams().Equal(want.QParams()) {
		t.Fatalf("%s: %v, want %v", what, got, want)
	}
	if !bytes.Equal(got.Bytes(), want.Bytes()) {
		t.Fatalf("%s: other values", what)
	}
}

// sumsBound is how far float32 sums in another order may lie apart, as a share of the
// result or of 1: some hundred terms of about 1 have roundings of 6e-8 each.
const sumsBound = 1e-5

// statesBound is sumsBound where an operator quantizes what it has computed in float: a sum
// that is rounded otherwise may give another code, which moves what follows by a share of its
// step, about 1/128, times a small weight.
const statesBound = 1e-2

// boundOf is the bound of the results of g.
func boundOf(g *graph.Graph) float64 {
	for _, n := range g.Nodes {
		switch n.Op.(type) {
		case op.DynamicLSTM, op.DynamicGRU:
			return statesBound
		}
	}
	return sumsBound
}

// alike demands the same codes, or floats within a bound, as a share of the result or of 1.
func alike(t *testing.T, what string, got, want *tensor.Tensor, bound float64) {
	t.Helper()
	if want.DType() != tensor.Float32 || want.QParams() != nil {
		equal(t, what, got, want)
		return
	}
	if !got.Shape().Equal(want.Shape()) {
		t.Fatalf("%s: shape %v, want %v", what, got.Shape(), want.Shape())
	}
	a, b := got.Float32s(), want.Float32s()
	for i := range b {
		if diff := math.Abs(float64(a[i] - b[i])); !(diff <= bound*max(1, math.Abs(float64(b[i])))) {
			t.Fatalf("%s: element %d is %v, want %v", what, i, a[i], b[i])
		}
	}
}

// observed compares what RunObserved hands out with the tapped tensors.
func observed(t *testing.T, name string, eng Engine, g *graph.Graph, x *tensor.Tensor, tapped map[string]*tensor.Tensor) {
	t.Helper()
	want := map[*graph.Value]bool{g.Inputs[0]: true}
	for _, n := range g.Nodes {
		for _, v := range n.Outputs {
			if v.Type.DType == tensor.Float32 {
				want[v] = true
			}
		}
	}
	seen := 0
	err := eng.RunObserved(context.Background(), want, func(v *graph.Value, data []float32, shape tensor.Shape) error {
		seen++
		y := tensor.New(tensor.Float32, shape...)
		fromUsual(y, data)
		ref := tapped[v.Name]
		if v == g.Inputs[0] {
			ref = x
		}
		equal(t, name+" observed "+v.Name, y, ref)
		return nil
	}, x)
	if err != nil || seen != len(want) {
		t.Fatalf("%s: observed %d of %d values, %v", name, seen, len(want), err)
	}
}

// parted compares a batch with its parts, where the graph keeps images apart.
func parted(t *testing.T, name string, eng Engine, g *graph.Graph, x *tensor.Tensor, whole map[string]*tensor.Tensor) {
	t.Helper()
	n := x.Dim(0)
	for _, node := range g.Nodes {
		d, dynamic := node.Op.(op.DynamicQuantize)
		dynamic = dynamic && !d.ByRow // by the range of the whole batch
		if c, ok := node.Op.(op.Cat); n < 2 || ok && c.Axis == 0 || deferring(node) || dynamic {
			return
		}
	}
	size := x.Numel() / n
	shape := append([]int{1}, x.Shape()[1:]...)
	for i := range n {
		part := tensor.Of(x.Float32s()[i*size:(i+1)*size], shape...)
		out, err := eng.Run(context.Background(), part)
		if err != nil {
			t.Fatal(err)
		}
		for j, v := range g.Outputs {
			all := whole[v.Name].Float32s()
			k := len(all) / n
			want := tensor.Of(all[i*k:(i+1)*k], out[j].Shape()...)
			equal(t, fmt.Sprintf("%s: image %d alone: %s", name, i, v.Name), out[j], want)
		}
	}
}

// fromUsual sets y to data that lies as images usually do.
func fromUsual(y *tensor.Tensor, data []float32) {
	w := newWalk(y.Shape(), usual(y.Shape()), nil, 4)
	w.all(y.Memory(), tensor.Of(data, len(data)).Memory())
}
