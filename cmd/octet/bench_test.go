package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/cmd/octet/internal/measure"
	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/timing"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/quant"
	"github.com/octet-ml/octet/tensor"
)

// The test program stands for octet where a command starts a process of its own.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && slices.Contains([]string{"bench-worker", "train", "qat", "quantize", "eval", "merge"}, os.Args[1]) {
		main()
	}
	os.Exit(m.Run())
}

func TestBenchMeasuresAnInt8Model(t *testing.T) {
	_, int8, _ := quantized(t)
	var doc benchOutput
	r := octetCommand(t, "bench", int8, "--threads", "1", "--batch", "2", "--runs", "12", "--json").must(t)
	r.decode(t, &doc)
	l := doc.Latency
	if l.Min <= 0 || l.P50 < l.Min || l.P90 < l.P50 || l.P99 < l.P90 {
		t.Errorf("the percentiles do not rise: %+v", l)
	}
	if doc.Runs != 12 || doc.Images <= 0 {
		t.Errorf("%d runs, %g images/s", doc.Runs, doc.Images)
	}
	if doc.Startup <= 0 || doc.Peak == nil || *doc.Peak < 1 {
		t.Errorf("start %g ms, memory %v", doc.Startup, doc.Peak)
	}
	if doc.Threads != 1 || doc.Input[0] != 2 || doc.Input[2] != 28 {
		t.Errorf("%d threads, input %v", doc.Threads, doc.Input)
	}
	if doc.Slower == nil || len(doc.Layers) < 16 {
		t.Fatalf("%d layers, slower: %v", len(doc.Layers), doc.Slower)
	}
	const rounding = 1e-6 // of shares that are written as decimals
	var share float64
	for _, l := range doc.Layers {
		share += l.Share
		conversion := l.Op == "quantize" || l.Op == "dequantize"
		if (l.Float == nil) != conversion || l.Kernel == "" || l.ISA == "" {
			t.Errorf("%+v", l)
		}
		if strings.Contains(l.Node, "conv") && (l.MACs == 0 || l.Rate <= 0) {
			t.Errorf("%+v", l)
		}
	}
	if math.Abs(share-1) > rounding {
		t.Errorf("the shares add up to %g", share)
	}
	for _, field := range []string{`"latency_ms"`, `"min"`, `"p50"`, `"p90"`, `"peak_rss_mb"`, `"startup_ms"`, `"layers"`} {
		if !strings.Contains(r.out, field) {
			t.Errorf("the document has no %s", field)
		}
	}
}

func TestBenchText(t *testing.T) {
	folder, int8, _ := quantized(t)
	out := octetCommand(t, "bench", int8, "--runs", "3", "--float", folder+"/"+demoModel, "--cpu", "none", "--concurrency", "2").must(t).out
	for _, want := range []string{"median", "images/s with 2 runs", "process start", "layer1.0.conv1", "gemm_u8s8_4x4_go", "float32"} {
		if !strings.Contains(out, want) {
			t.Errorf("bench does not print %q:\n%s", want, out)
		}
	}
}

func TestBenchMeasuresAFloatModel(t *testing.T) {
	folder, model, _, _ := demoFolder(t)
	var doc benchOutput
	octetCommand(t, "bench", model, "--runs", "3", "--input", grey(t, 3), "--json").must(t).decode(t, &doc)
	if doc.Kind != "float" || doc.Slower != nil || doc.Input[0] != 3 || len(doc.Layers) == 0 || doc.Layers[0].Float != nil {
		t.Errorf("%+v", doc)
	}
	octetCommand(t, "bench", model, "--float", model, "--runs", "1").fails(t, exit.Usage, "--float")
	octetCommand(t, "bench", model, "--input", folder+"/none.npy").fails(t, exit.Data)
	for _, bad := range [][]string{{"--runs", "0"}, {"--batch", "0"}, {"--cpu", "mmx"}, {"--size", "28"}, {"--concurrency", "0"}, {"--duration", "0s"}, {"--runs", "2", "--duration", "1s"}} {
		octetCommand(t, append([]string{"bench", model}, bad...)...).fails(t, exit.Usage)
	}
}

// Whether the assertion holds depends on the machine; that it compares does not.
func TestBenchAssertion(t *testing.T) {
	_, int8, _ := quantized(t)
	r := octetCommand(t, "bench", int8, "--runs", "4", "--assert", "--json")
	if r.code != exit.OK && r.code != exit.Check {
		t.Fatalf("exit code %d: %s", r.code, r.errOut)
	}
	var doc benchOutput
	r.decode(t, &doc)
	if doc.Assertion == nil || doc.Assertion.Rounds < 4 || (len(doc.Assertion.Failed) > 0) != (r.code == exit.Check) {
		t.Errorf("%+v, exit code %d", doc.Assertion, r.code)
	}
}

// googlenet's auxiliary heads do not run.
func TestResultsAsideAreNotTimed(t *testing.T) {
	g := graph.New("heads")
	x := g.AddInput("x", graph.Float32)
	y := g.AddNode("y", op.Clamp{Act: quant.ReLU}, x)
	g.Auxiliary = []*graph.Value{g.AddNode("head", op.Clamp{Act: quant.ReLU6}, x)}
	g.Outputs = []*graph.Value{y}
	tm, err := measure.NewTimerOf(g, engine.Options{}, tensor.New(tensor.Float32, 1, 3, 5, 5))
	if err != nil {
		t.Fatal(err)
	}
	if err := tm.Run(context.Background()); err != nil || len(tm.Each) != 1 || len(tm.Plan) != 1 {
		t.Errorf("error %v, times of %d nodes of %d", err, len(tm.Each), len(tm.Plan))
	}
}

// timers with times of our choice for the nodes of a real plan.
func fakeTimers(t *testing.T, chosen, other time.Duration) (*timing.Timer, *timing.Timer) {
	_, int8, _ := quantized(t)
	m, err := octet.Open(int8)
	if err != nil {
		t.Fatal(err)
	}
	make := func(d time.Duration) *timing.Timer {
		tm, err := measure.NewTimerOf(m.Graph(), engine.Options{CPU: "none"}, tensor.New(tensor.Float32, 1, 1, 28, 28))
		if err != nil {
			t.Fatal(err)
		}
		for i := range tm.Each {
			tm.Each[i] = []time.Duration{d, d, d + time.Millisecond}
		}
		return tm
	}
	return make(chosen), make(other)
}

func TestAFasterKernelIsNamed(t *testing.T) {
	own, other := fakeTimers(t, 110*time.Microsecond, 100*time.Microsecond)
	if _, ok := fastest(1, own, []*timing.Timer{other}, []string{"x"}); ok {
		t.Error("the same kernel was called another one")
	}
	other.Plan[1].Kernel = "other"
	s, ok := fastest(1, own, []*timing.Timer{other}, []string{"x"})
	if !ok || s.Faster != "other" || s.FasterLevel != "x" {
		t.Errorf("%+v, %v", s, ok)
	}
	a := &assertion{Failed: []slowKernel{s}}
	if err := a.failure(); exit.Code(err) != exit.Check || !strings.Contains(err.Error(), s.Node) {
		t.Error(err)
	}
	own.Each[1][0] = 104 * time.Microsecond
	if s, ok := fastest(1, own, []*timing.Timer{other}, []string{"x"}); ok {
		t.Errorf("best time within the tolerance, yet: %+v", s)
	}
}

func TestConversionsCountToTheirLayers(t *testing.T) {
	codes, float := fakeTimers(t, 100*time.Microsecond, 150*time.Microsecond)
	layers := codes.LayerTimes()
	slower := timing.CompareWithFloat(layers, codes, float)
	// Node 1 reads the Quantize, the last but one feeds the Dequantize.
	want := []string{layers[1].Node, layers[len(layers)-2].Node}
	if len(slower) != 2 || slower[0] != want[0] || slower[1] != want[1] {
		t.Errorf("slower: %v, want %v", slower, want)
	}
	if got := *layers[1].WithQDQ; got != 0.2 {
		t.Errorf("with its Quantize %s takes %g ms", layers[1].Node, got)
	}
}

func TestBenchWorkerAnswersRequests(t *testing.T) {
	_, int8, _ := quantized(t)
	_, float, _, _ := demoFolder(t)
	for _, c := range []struct {
		args    []string
		images  int
		classes int
	}{
		{[]string{int8, "--batch", "2"}, 2, 2},
		{[]string{float, "--batch", "5", "--calibrate", "2"}, 5, 0},
	} {
		in, requests := io.Pipe()
		answers, out := io.Pipe()
		done := make(chan int)
		go func() {
			code := run(t.Context(), append([]string{"bench-worker", "--threads", "1", "--quiet"}, c.args...), in, out, io.Discard)
			out.Close()
			done <- code
		}()
		lines := bufio.NewScanner(answers)
		next := func(into any) {
			t.Helper()
			if !lines.Scan() {
				t.Fatal("no answer")
			}
			if err := json.Unmarshal(lines.Bytes(), into); err != nil {
				t.Fatal(err)
			}
		}
		var ready measure.WorkerReady
		next(&ready)
		if !ready.Ready || ready.Images != c.images || len(ready.Argmax) != c.classes {
			t.Errorf("%v: %+v", c.args, ready)
		}
		for _, n := range []int{3, 0, 1} {
			json.NewEncoder(requests).Encode(measure.WorkerRequest{Run: n})
			var a measure.WorkerAnswer
			next(&a)
			if len(a.Nanoseconds) != n || n > 0 && a.Nanoseconds[0] <= 0 {
				t.Errorf("%v: %d runs: %+v", c.args, n, a)
			}
		}
		requests.Close()
		if code := <-done; code != exit.OK {
			t.Errorf("%v: exit code %d", c.args, code)
		}
	}
}

func TestQuantizeExcludesSlowerLayers(t *testing.T) {
	defer func(b timing.Budget) { timing.SlowerBudget = b }(timing.SlowerBudget)
	timing.SlowerBudget = timing.Budget{Runs: 3}
	folder, model, calibration, _ := demoFolder(t)
	int8 := folder + "/int8.pth"
	// Which layers are slower is the machine's affair; that they stay float is not.
	var doc quantizeOutput
	octetCommand(t, "quantize", model, "--calibration", calibration, "--limit", "8", "--qconfig", "torchvision",
		"--exclude-slower", "--exclude", "fc", "--threads", "1", "--output", int8, "--json").must(t).decode(t, &doc)
	m, err := octet.Open(int8)
	if err != nil {
		t.Fatal(err)
	}
	record := m.Metadata().Calibration
	if !slices.Equal(record.Slower, doc.Slower) {
		t.Errorf("the model lists %v, the report %v", record.Slower, doc.Slower)
	}
	for _, name := range append(doc.Slower, "fc") {
		node, ok := m.Graph().Node(name)
		if !ok || timing.OnCodes(node) {
			t.Errorf("%s computes on integers", name)
		}
	}
	t.Logf("slower here: %v", doc.Slower)
	octetCommand(t, "run", int8, "--input", grey(t, 1)).must(t)
}
