package op

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// casesDir may name the output of another run of tools/golden/op.py.
var casesDir = flag.String("cases", "testdata", "directory of the golden cases")

// golden is one evaluation by PyTorch.
type golden struct {
	Op       string          `json:"op"`
	Attrs    json.RawMessage `json:"attrs"`
	Numerics string          `json:"numerics"`
	In       []stored        `json:"in"`
	Out      stored          `json:"out"`
	Rest     []stored        `json:"rest"` // results behind the first

	// How the result may differ; by default not in a single bit (NaN is NaN).
	Relative  float64 `json:"relative"`   // of the largest magnitude of the result
	WithinOne float64 `json:"within_one"` // share of codes that may differ by one
	Tail      []int   `json:"tail"`       // elements that PyTorch computes by its scalar formula
}

type stored struct {
	DType      string    `json:"dtype"`
	Shape      []int     `json:"shape"`
	Offset     int       `json:"offset"`
	Scales     []float64 `json:"scales"`
	ZeroPoints []int64   `json:"zero_points"`
	Axis       int       `json:"axis"`
}

func (s stored) load(t *testing.T, data []byte) *tensor.Tensor {
	t.Helper()
	dtype, err := tensor.ParseDType(s.DType)
	if err != nil {
		t.Fatal(err)
	}
	var q *tensor.QParams
	if dtype.IsQuantized() {
		q = &tensor.QParams{Scales: s.Scales, ZeroPoints: s.ZeroPoints, Axis: s.Axis}
	}
	size := tensor.Shape(s.Shape).Numel() * dtype.Size()
	x, err := tensor.FromBytes(dtype, q, s.Shape, data[s.Offset:s.Offset+size])
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestGolden(t *testing.T) {
	covered := compareGolden(t, *casesDir)
	for _, kind := range Kinds() {
		if !covered[kind] {
			t.Errorf("no golden case for %s", kind)
		}
	}
}

// The qnnpack engine on its own CPUs: the cases of tools/golden/arm.py.
func TestGoldenARM(t *testing.T) {
	compareGolden(t, filepath.Join(*casesDir, "arm"))
}

// compareGolden runs the cases of a folder and returns which operators it has.
func compareGolden(t *testing.T, dir string) map[string]bool {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden cases in %s: %v", dir, err)
	}
	covered := map[string]bool{}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(strings.TrimSuffix(file, ".json") + ".bin")
			if err != nil {
				t.Fatal(err)
			}
			var cases []golden
			if err := json.Unmarshal(text, &cases); err != nil {
				t.Fatal(err)
			}
			allowed, elements := 0, 0
			for i, c := range cases {
				covered[c.Op] = true
				n, total := c.compare(t, fmt.Sprintf("case %d", i), data)
				allowed, elements = allowed+n, elements+total
			}
			t.Logf("%d cases, %d elements, %d codes differ within what their case allows", len(cases), elements, allowed)
		})
	}
	return covered
}

// compare evaluates the case and returns how many codes differ in ways that the
// case allows.
func (c golden) compare(t *testing.T, name string, data []byte) (allowed, elements int) {
	t.Helper()
	in := make([]*tensor.Tensor, len(c.In))
	for i, s := range c.In {
		in[i] = s.load(t, data)
	}
	want := []*tensor.Tensor{c.Out.load(t, data)}
	for _, r := range c.Rest {
		want = append(want, r.load(t, data))
	}
	name = fmt.Sprintf("%s: %s %s %s %v", name, c.Numerics, c.Op, c.Attrs, in)
	got, err := evaluate(c.Op, c.Attrs, c.Numerics, in, want)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return 0, want[0].Numel()
	}
	for i := range got {
		a, n := c.judge(t, fmt.Sprintf("%s: result %d", name, i), got[i], want[i])
		allowed, elements = allowed+a, elements+n
	}
	return allowed, elements
}

// judge compares one result with PyTorch's.
func (c golden) judge(t *testing.T, name string, got, want *tensor.Tensor) (allowed, elements int) {
	t.Helper()
	bad := diff(got, want)
	allowed, limit := len(bad), 0.0
	switch {
	case c.Relative > 0:
		if worst := worstError(got.Float32s(), want.Float32s()); !(worst <= c.Relative) {
			t.Errorf("%s: relative error %g, want at most %g", name, worst, c.Relative)
		}
		return 0, want.Numel()
	case c.WithinOne > 0:
		limit = c.WithinOne * float64(want.Numel()+200) // small cases may have a hit, too
		for _, i := range bad {
			if d := codesOf(got)[i] - codesOf(want)[i]; d < -1 || d > 1 {
				t.Errorf("%s: element %d is %d codes off", name, i, d)
			}
		}
	case len(c.Tail) > 0:
		if len(bad) == 0 {
			t.Errorf("%s: documents a tail, but nothing differs", name)
		}
		bad = slices.DeleteFunc(bad, func(i int) bool { return slices.Contains(c.Tail, i) })
	}
	if float64(len(bad)) > limit {
		t.Errorf("%s: %d of %d elements differ, the first at %d: got %s, want %s", name, len(bad), want.Numel(), bad[0], at(got, bad[0]), at(want, bad[0]))
	}
	if limit == 0 {
		allowed -= len(bad)
	}
	return allowed, want.Numel()
}

// evaluate runs one operator as a node would, checking what the graph checks.
func evaluate(kind string, attrs []byte, numerics string, in, want []*tensor.Tensor) ([]*tensor.Tensor, error) {
	o, err := Decode(kind, attrs)
	if err != nil {
		return nil, err
	}
	var ctx graph.Context
	if numerics != "" {
		if ctx.Numerics, err = quant.ParseNumerics(numerics); err != nil {
			return nil, err
		}
	}
	return runAll(ctx, o, in, typesOf(want))
}

// run is runAll for one result.
func run(ctx graph.Context, o graph.Op, in []*tensor.Tensor, out graph.Type) (*tensor.Tensor, error) {
	results, err := runAll(ctx, o, in, []graph.Type{out})
	if err != nil {
		return nil, err
	}
	return results[0], nil
}

// runAll infers the shapes of the results, checks them against the types wanted, if
// those have any, and the signature, and evaluates.
func runAll(ctx graph.Context, o graph.Op, in []*tensor.Tensor, out []graph.Type) ([]*tensor.Tensor, error) {
	types, err := o.Infer(graph.FactsOf(in...))
	if err != nil {
		return nil, err
	}
	if len(types) != len(out) {
		return nil, fmt.Errorf("inferred %v, want %v", types, out)
	}
	for i, t := range types {
		if out[i].Shape != nil && !t.Shape.Equal(out[i].Shape) {
			return nil, fmt.Errorf("inferred shape %v, want %v", t.Shape, out[i].Shape)
		}
		if !out[i].DType.IsQuantized() && t.DType != out[i].DType {
			return nil, fmt.Errorf("inferred type %v, want %v", t, out[i])
		}
		out[i].Shape = t.Shape
	}
	matches := func(s graph.Signature) bool { return s.Matches(typesOf(in), out) }
	if !slices.ContainsFunc(o.Signatures(), matches) {
		return nil, fmt.Errorf("no signature for %v -> %v", typesOf(in), out)
	}
	got, err := o.Eval(ctx, in, out)
	if err != nil {
		return nil, err
	}
	if err := checkLargest(o, in, got); err != nil {
		return nil, err
	}
	for i, t := range got {
		if t.DType() != out[i].DType || !t.Shape().Equal(out[i].Shape) || !t.QParams().Equal(out[i].Q) {
			return nil, fmt.Errorf("result %d is %v, want %v", i, t, out[i])
		}
	}
	return got, nil
}

// checkLargest compares results with the largest types that are inferred where the data
// of the inputs is not known.
func checkLargest(o graph.Op, in, got []*tensor.Tensor) error {
	d, ok := o.(graph.Deferring)
	if !ok {
		return nil
	}
	facts := graph.FactsOf(in...)
	for i := range facts {
		facts[i].Data = nil
	}
	types, err := o.Infer(facts)
	if err != nil || !d.Defers(facts) || d.Defers(graph.FactsOf(in...)) {
		return fmt.Errorf("of unknown data %v, %v is inferred, deferred: %v, with data: %v", types, err, d.Defers(facts), d.Defers(graph.FactsOf(in...)))
	}
	for i, t := range types {
		for axis, n := range got[i].Shape() {
			if len(t.Shape) != len(got[i].Shape()) || n > t.Shape[axis] {
				return fmt.Errorf("result %d has shape %v, the largest is %v", i, got[i].Shape(), t.Shape)
			}
		}
	}
	return nil
}

// diff lists the elements whose bits differ; all NaN count as equal.
func diff(got, want *tensor.Tensor) []int {
	var bad []int
	for i := range want.Numel() {
		if at(got, i) != at(want, i) {
			bad = append(bad, i)
		}
	}
	return bad
}

// at describes element i so that equal texts mean equal bits.
func at(t *tensor.Tensor, i int) string {
	switch t.DType() {
	case f32:
		v := t.Float32s()[i]
		if v != v {
			return "NaN"
		}
		return fmt.Sprintf("%g (%#x)", v, math.Float32bits(v))
	case u8, boolean, byte8:
		return fmt.Sprint(t.Uint8s()[i])
	case i64:
		return fmt.Sprint(t.Int64s()[i])
	default:
		return fmt.Sprint(t.Int8s()[i])
	}
}

// worstError is the largest difference, relative to the largest magnitude.
func worstError(got, want []float32) float64 {
	var worst, size float64
	for i, w := range want {
		worst = max(worst, math.Abs(float64(got[i])-float64(w)))
		size = max(size, math.Abs(float64(w)))
	}
	if size == 0 {
		return worst
	}
	return worst / size
}
