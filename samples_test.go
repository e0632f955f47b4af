package octet_test

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/onnx"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// normal is a tensor of random numbers.
func normal(t *testing.T) func(shape ...int) *tensor.Tensor {
	r := testseed.Rand(t)
	return func(shape ...int) *tensor.Tensor {
		x := tensor.New(tensor.Float32, shape...)
		for i := range x.Float32s() {
			x.Float32s()[i] = float32(r.NormFloat64())
		}
		return x
	}
}

// openGraph writes a graph as an ONNX model and opens it.
func openGraph(t *testing.T, g *graph.Graph, inputs ...[]int) *octet.Model {
	t.Helper()
	e := onnx.Export{}
	for _, sizes := range inputs {
		e.Inputs = append(e.Inputs, onnx.Port{Sizes: sizes, Names: make([]string, len(sizes))})
	}
	data, err := onnx.Marshal(g, e)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "made.onnx")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := octet.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestQuantizeNamed: a model of two inputs, neither of images, is calibrated on arrays by
// name, and gives about what it gave before.
func TestQuantizeNamed(t *testing.T) {
	normal := normal(t)
	g := graph.New("two")
	a, b := g.AddInput("a", graph.Float32), g.AddInput("b", graph.Float32)
	x := g.AddNode("fa", op.Linear{}, a, g.AddConst("wa", normal(8, 6)))
	y := g.AddNode("fb", op.Linear{}, b, g.AddConst("wb", normal(8, 4)))
	g.Outputs = []*graph.Value{g.AddNode("last", op.Linear{}, g.AddNode("sum", op.Add{}, x, y), g.AddConst("w", normal(3, 8)))}
	m := openGraph(t, g, []int{0, 6}, []int{1, 4})
	arrays := map[string]*tensor.Tensor{"a": normal(9, 2, 6), "b": normal(9, 4)}
	samples, n, err := octet.SamplesOf(m, arrays)
	if err != nil || n != 9 {
		t.Fatalf("%d samples, %v", n, err)
	}
	int8, report, err := octet.QuantizeNamed(t.Context(), m, samples, octet.WithQConfig("octet"))
	if err != nil {
		t.Fatal(err)
	}
	if report.Images != 9 || report.Int8Nodes < 3 {
		t.Errorf("%d samples, %d nodes on codes", report.Images, report.Int8Nodes)
	}
	for sample, err := range samples {
		if err != nil {
			t.Fatal(err)
		}
		want, got := runNamed(t, m, sample), runNamed(t, int8, sample)
		if d := relativeError(want, got); d > 0.1 {
			t.Errorf("the outputs differ by %v of their length", d)
		}
	}
	for want, arrays := range map[string]map[string]*tensor.Tensor{
		"input b is missing":  {"a": normal(9, 6)},
		"has 8 samples":       {"a": normal(9, 6), "b": normal(8, 4)},
		"samples of float32[": {"a": normal(9, 6), "b": normal(4)},
		"the model takes":     {"a": normal(9, 6), "b": normal(9, 4), "c": normal(9, 4)},
	} {
		if _, _, err := octet.SamplesOf(m, arrays); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: want %q", err, want)
		}
	}
}

// runNamed gives the only output.
func runNamed(t *testing.T, m *octet.Model, in map[string]*tensor.Tensor) []float32 {
	t.Helper()
	s, err := m.Compile()
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.RunNamed(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	for _, y := range all {
		return y.Float32s()
	}
	return nil
}

// relativeError is the length of the difference over that of want.
func relativeError(want, got []float32) float64 {
	var d, n float64
	for i, v := range want {
		d += float64(v-got[i]) * float64(v-got[i])
		n += float64(v) * float64(v)
	}
	return math.Sqrt(d / n)
}

// TestFix reaches a target that the model misses with fewer than all layers in float, and
// what it returns gives what it says.
func TestFix(t *testing.T) {
	normal := normal(t)
	g := graph.New("deep")
	v := g.AddInput("x", graph.Float32)
	for i, name := range []string{"a", "b", "c", "d", "e"} {
		w := normal(16, 16)
		if i == 2 { // one weight hides the others
			w.Float32s()[5] = 400
		}
		v = g.AddNode(name, op.Linear{}, v, g.AddConst("w"+name, w))
		if i < 4 {
			v = g.AddNode(name+"norm", op.LayerNorm{Axis: -1, Eps: 1e-5}, v)
		}
	}
	g.Outputs = []*graph.Value{v}
	m := openGraph(t, g, []int{0, 16})
	samples, _, err := octet.SamplesOf(m, map[string]*tensor.Tensor{"x": normal(8, 16)})
	if err != nil {
		t.Fatal(err)
	}
	int8, report, err := octet.QuantizeNamed(t.Context(), m, samples, octet.WithPerTensorWeights())
	if err != nil {
		t.Fatal(err)
	}
	before := report.Int8Nodes
	_, found, err := octet.Fix(t.Context(), m, int8, nil, samples, 1)
	if err != nil || found.Best.Layers != 0 && found.Steps[0].Unseen >= 1 {
		t.Fatalf("%+v, %v", found, err)
	}
	target := float64(found.Steps[0].SQNR) + 6
	fixed, found, err := octet.Fix(t.Context(), m, int8, report, samples, target)
	if err != nil {
		t.Fatal(err)
	}
	if !(float64(found.Best.SQNR) >= target) || found.Best.Layers == 0 || found.Best.Layers >= 5 || !(found.Best.MACs < 100) {
		t.Errorf("%+v; %v dB were wanted", found.Best, target)
	}
	if report.Int8Nodes >= before {
		t.Errorf("the report counts %d nodes on codes, as many as before", report.Int8Nodes)
	}
	var want, got []float32
	n := 0
	for sample := range samples {
		if n++; n > found.Inputs {
			break
		}
		want, got = append(want, runNamed(t, m, sample)...), append(got, runNamed(t, fixed, sample)...)
	}
	if db := -20 * math.Log10(relativeError(want, got)); math.Abs(db-float64(found.Best.SQNR)) > 0.1 {
		t.Errorf("%.2f dB; it said %v", db, found.Best.SQNR)
	}
}

// TestFixHoldsOnInputsNotSeen: what it finds reaches the target on other inputs of the kind.
func TestFixHoldsOnInputsNotSeen(t *testing.T) {
	normal := normal(t)
	g := graph.New("wide")
	v := g.AddInput("x", graph.Float32)
	for _, name := range []string{"a", "b", "c", "d"} {
		v = g.AddNode(name, op.Linear{Act: quant.ReLU}, v, g.AddConst("w"+name, normal(32, 32)))
	}
	g.Outputs = []*graph.Value{g.AddNode("y", op.Linear{}, v, g.AddConst("wy", normal(32, 32)))}
	m := openGraph(t, g, []int{0, 32})
	samples, _, err := octet.SamplesOf(m, map[string]*tensor.Tensor{"x": normal(600, 32)})
	if err != nil {
		t.Fatal(err)
	}
	int8, _, err := octet.QuantizeNamed(t.Context(), m, samples, octet.WithPerTensorWeights())
	if err != nil {
		t.Fatal(err)
	}
	_, found, err := octet.Fix(t.Context(), m, int8, nil, samples, 100)
	if err != nil {
		t.Fatal(err)
	}
	target := float64(found.Steps[0].SQNR) + 3
	fixed, found, err := octet.Fix(t.Context(), m, int8, nil, samples, target)
	if err != nil || found.Inputs != 32 || found.Best.Layers == 0 {
		t.Fatalf("%+v, %v", found, err)
	}
	others, _, err := octet.SamplesOf(m, map[string]*tensor.Tensor{"x": normal(100, 32)})
	if err != nil {
		t.Fatal(err)
	}
	var errors []float64
	for sample := range others {
		errors = append(errors, relativeError(runNamed(t, m, sample), runNamed(t, fixed, sample)))
	}
	slices.Sort(errors)
	most := errors[:90] // ranges of least error cut off what is rare
	var sum float64
	for _, e := range most {
		sum += e * e / float64(len(most))
	}
	if db := -10 * math.Log10(sum); db < target-2 { // 3 below, where nothing is kept in float
		t.Errorf("%.2f dB on inputs that were not seen; %.2f were asked for", db, target)
	}
}

// With a limit, no sample is made that nobody takes.
func TestLimitMakesNoSampleTooMany(t *testing.T) {
	normal := normal(t)
	g := graph.New("one")
	g.Outputs = []*graph.Value{g.AddNode("y", op.Linear{}, g.AddInput("x", graph.Float32), g.AddConst("w", normal(3, 4)))}
	m, made := openGraph(t, g, []int{0, 4}), 0
	samples := func(yield func(map[string]*tensor.Tensor, error) bool) {
		for {
			if made++; !yield(map[string]*tensor.Tensor{"x": normal(1, 4)}, nil) {
				return
			}
		}
	}
	if _, err := octet.CalibrateNamed(t.Context(), m, samples, octet.WithLimit(3)); err != nil {
		t.Fatal(err)
	}
	if made != 3 {
		t.Errorf("%d samples were made, not 3", made)
	}
}
