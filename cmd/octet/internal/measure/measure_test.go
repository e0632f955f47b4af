package measure

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/cmd/octet/internal/exit"
	"github.com/octet-ml/octet/engine"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/report"
	"github.com/octet-ml/octet/internal/testseed"
	"github.com/octet-ml/octet/internal/timing"
	"github.com/octet-ml/octet/op"
	"github.com/octet-ml/octet/tensor"
)

// worker is set in the processes that TestFirstAnswer starts.
const worker = "OCTET_TEST_WORKER"

func TestMain(m *testing.M) {
	switch os.Getenv(worker) {
	case "answers":
		fmt.Println(`{"ready": true, "images": 1}`)
		request, _ := io.ReadAll(os.Stdin)
		if string(bytes.TrimSpace(request)) != `{"run": 3}` {
			os.Exit(1)
		}
		fmt.Println(`{"ns": [1, 2, 3], "peak_rss_mb": 12.5}`)
		os.Exit(0)
	case "dies":
		fmt.Fprintln(os.Stderr, "octet: no such model")
		os.Exit(3)
	case "babbles":
		fmt.Println("hello")
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func timer(milliseconds ...int) *timing.Timer {
	t := &timing.Timer{}
	for _, ms := range milliseconds {
		t.Total = append(t.Total, time.Duration(ms)*time.Millisecond)
	}
	return t
}

func TestDistribution(t *testing.T) {
	var d []time.Duration
	for i := range 100 {
		d = append(d, time.Duration(100-i)*time.Millisecond)
	}
	if got, want := Distribution(d), (Latency{Min: 1, P50: 50, P90: 90, P99: 99, Mean: 50.5}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := Distribution([]time.Duration{time.Second}); got.Min != 1000 || got.P99 != 1000 {
		t.Errorf("%+v", got)
	}
}

func TestLatencyIsComparedTurnByTurn(t *testing.T) {
	reference, fast := timer(4, 40, 8), timer(2, 20, 4) // a disturbance hits both
	got := LatencyOf(fast, reference)
	if got.Speed == nil || got.Speed.Times != 2 || got.Speed.Turns != 3 || got.Ratio != 0.5 {
		t.Errorf("against the reference: ratio %v, %+v", got.Ratio, got.Speed)
	}
	if got.Runs != 3 || got.Min != 2 || got.P50 != 4 {
		t.Errorf("by itself: %+v", got)
	}
	if !slices.Equal(fast.Total, timer(2, 20, 4).Total) {
		t.Errorf("the turns were sorted: %v", fast.Total)
	}
	if own := LatencyOf(reference, reference); own.Speed != nil || own.Ratio != 1 {
		t.Errorf("the reference: %+v", own)
	}
}

func TestSettled(t *testing.T) {
	even := slices.Repeat([]int{10}, 30)
	wild := make([]int, 30)
	for i := range wild {
		wild[i] = 5 + 10*(i%2)
	}
	for _, c := range []struct {
		name   string
		timers []*timing.Timer
		want   bool
	}{
		{"one alone", []*timing.Timer{timer()}, true},
		{"not run yet", []*timing.Timer{timer(even...), timer()}, false},
		{"even", []*timing.Timer{timer(even...), timer(even...)}, true},
		{"wild", []*timing.Timer{timer(even...), timer(wild...)}, false},
		{"one of two wild", []*timing.Timer{timer(even...), timer(even...), timer(wild...)}, false},
	} {
		if got := Settled(c.timers); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestLayersGetTheirMedians(t *testing.T) {
	ms := time.Millisecond
	timed := &timing.Timer{Workload: &timing.Workload{Plan: []engine.NodePlan{
		{Node: &graph.Node{Name: "conv", Op: op.Clamp{}}}, {Node: &graph.Node{Name: "other", Op: op.Clamp{}}},
	}}, Each: [][]time.Duration{{9 * ms, 2 * ms, 3 * ms}, {ms, ms, ms}}}
	layers := make([]report.Layer, 2)
	layers[0].Node, layers[1].Node = "conv", "fused away"
	SetTimes(layers, timed)
	if layers[0].Time == nil || *layers[0].Time != 3 || layers[1].Time != nil {
		t.Errorf("%v and %v", layers[0].Time, layers[1].Time)
	}
}

func workload(t *testing.T, args ...string) (*WorkloadFlags, *cobra.Command) {
	t.Helper()
	f, cmd := &WorkloadFlags{}, &cobra.Command{}
	f.Register(cmd)
	if err := cmd.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	return f, cmd
}

func TestWorkloadFlagsAreChecked(t *testing.T) {
	for line, says := range map[string]string{
		"":                           "",
		"--size 32,48 --batch 2":     "",
		"--cpu none":                 "",
		"--batch 0":                  "--batch 0",
		"--threads -1":               "--threads -1",
		"--size 32":                  "--size [32]",
		"--size 32,0":                "--size [32 0]",
		"--input a.npy --batch 1":    "leave --batch and --size out",
		"--input a.npy --size 32,32": "leave --batch and --size out",
		"--cpu quantum":              "--cpu",
	} {
		f, cmd := workload(t, strings.Fields(line)...)
		err := f.Check(cmd)
		if says == "" && err != nil || says != "" && (exit.Code(err) != exit.Usage || !strings.Contains(err.Error(), says)) {
			t.Errorf("%s: %v, want %q", line, err, says)
		}
	}
}

func TestAWorkerGetsTheSameWork(t *testing.T) {
	f, _ := workload(t, "--arch", "resnet18", "--threads", "2", "--batch", "3", "--size", "32,48", "--cpu", "none")
	want := "bench-worker a.pth --quiet --threads 2 --arch resnet18 --cpu none --batch 3 --size 32,48"
	if got := strings.Join(f.workerArgs("a.pth", tensor.Shape{3, 3, 32, 48}), " "); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	f, _ = workload(t, "--input", "x.npy")
	if got := strings.Join(f.workerArgs("a.pth", tensor.Shape{3, 3, 32, 48}), " "); got != "bench-worker a.pth --quiet --threads 0 --input x.npy" {
		t.Errorf("with a file: %s", got)
	}
}

func TestFirstAnswer(t *testing.T) {
	start := func(how string) (*float64, error) {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), worker+"="+how)
		_, peak, err := firstAnswer(cmd)
		return peak, err
	}
	if peak, err := start("answers"); err != nil || peak == nil || *peak != 12.5 {
		t.Errorf("%v, %v", peak, err)
	}
	if _, err := start("dies"); err == nil || !strings.Contains(err.Error(), "octet: no such model") {
		t.Errorf("a worker that dies: %v", err)
	}
	if _, err := start("babbles"); err == nil {
		t.Error("a worker that says something else was believed")
	}
}

func TestRepeatRunsAsOftenAsItIsTold(t *testing.T) {
	m, err := octet.New("fashion_resnet8", 4, 1, testseed.Of(t))
	if err != nil {
		t.Fatal(err)
	}
	f, _ := workload(t, "--size", "8,8", "--batch", "2")
	drawn, err := f.Tensors(m)
	if err != nil {
		t.Fatal(err)
	}
	x := drawn[0]
	if again, err := f.Tensors(m); err != nil || !x.Shape().Equal(tensor.Shape{2, 1, 8, 8}) || !slices.Equal(x.Float32s(), again[0].Float32s()) {
		t.Errorf("random inputs %v, which differ from run to run; %v", x, err)
	}
	g, err := ComputedGraph(m)
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewWorkload(g, engine.Options{Threads: 1}, x)
	if err != nil {
		t.Fatal(err)
	}
	l, err := Repeat(t.Context(), w, timing.Budget{Runs: 4}, 2)
	if err != nil || len(l.Each) != 8 {
		t.Fatalf("%v, %v", l, err)
	}
	took, err := SideTimes(t.Context(), timing.Budget{Runs: 3}, 1, x, m, m)
	if err != nil || len(took) != 2 || len(took[0]) != 3 || len(took[1]) != 3 {
		t.Errorf("%v, %v", took, err)
	}
	narrow := tensor.New(tensor.Float32, 1, 3, 8, 8)
	if _, err := NewWorkload(g, engine.Options{}, narrow); exit.Code(err) != exit.Data {
		t.Errorf("an input of other channels: %v", err)
	}
}
